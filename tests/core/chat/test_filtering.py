"""What plugins make of members' messages: whatever it is, the member's message is kept and shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jackfield.permissions import Permission

from tests.core.chat.test_plugins import profile_of
from tests.support.wheels import build_plugin

if TYPE_CHECKING:
    from tests.core.chat.conftest import RunningChat

pytestmark = pytest.mark.slow

READS = Permission("messages", ("read",))
ASKS = '[[permissions]]\nresource = "messages"\nactions = ["read"]\n'
SPOILS = """
from dataclasses import replace
from datetime import datetime, timezone
from jackfield import Plugin
from jackfield_chat_api import hookimpl

class Main(Plugin):
    @hookimpl
    async def message_received(self, message):
        made = {
            "bytes": {"inner": {b"key": 1}},
            "dates": {"inner": {datetime.now(timezone.utc): 1}},
            "much": {"inner": "x" * 100_000},
        }.get(message.text)
        if made is not None:
            return replace(message, text="spoiled", metadata=made)
        text = {"nothing": "  ", "endless": "x" * 9000}.get(message.text)
        return replace(message, text=text, metadata={"seen": True}) if text is not None else None
"""


@pytest.fixture(params=["inline", "worker"])
async def spoilt(chat: RunningChat, tmp_path: Path, request: pytest.FixtureRequest) -> RunningChat:
    """A chat with a plugin that makes of some messages what cannot be kept."""
    profile = profile_of(chat)
    profile.install(build_plugin(tmp_path / "wheels", "spoil", code=SPOILS, isolation="any", permissions=ASKS))
    profile.enable("spoil", isolation=request.param, permissions=[READS])
    await chat.plugin("spoil")
    return chat


@pytest.mark.feature("S9")
async def test_a_message_that_a_plugin_spoils_goes_on_as_it_was(spoilt: RunningChat) -> None:
    ada, bob = await spoilt.person("ada"), await spoilt.person("bob")
    for text in ("bytes", "dates", "much", "nothing", "endless"):
        assert (await ada.say(text))["type"] == "sent", text
        assert (await bob.hears(text))["author"] == "ada"
