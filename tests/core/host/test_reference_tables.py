"""The plugin on the page of `context` does what the page says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from jackfield.api import Level
from jackfield.store import Layout

from tests.support.profiles import Profile
from tests.support.wheels import WheelSource, manifest_text

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "context.md"
ASKS = '[[permissions]]\nresource = "storage"\nactions = ["read", "write"]\n'
DECLARES = '[contributes]\ncommands = [{ name = "vote" }, { name = "high" }, { name = "first" }]\n'


@dataclass
class Asking:
    user: str
    room: str = "lobby"
    level: Level = Level.USER
    answers: list[str] = field(default_factory=list)

    def may(self, permission: str) -> bool:
        return True

    async def reply(self, text: str) -> None:
        self.answers.append(text)


@pytest.mark.feature("C20")
async def test_the_votes_of_the_page_are_counted(tmp_path):
    section = PAGE.read_text(encoding="utf-8").partition("## Tables")[2]
    code = re.findall(r"```python\n(.*?)```", section, re.DOTALL)[0]
    manifest = manifest_text("votes", permissions=ASKS, more=DECLARES)
    wheel = WheelSource(
        "chat-votes",
        files={"chat_votes/__init__.py": code, "chat_votes/plugin.toml": manifest},
        entry_points={"chat.plugins": {"votes": "chat_votes:Votes"}},
    ).build(tmp_path / "wheels")
    profile = Profile(Layout(tmp_path / "profile"))
    profile.install(wheel)
    profile.enable("votes")
    host = profile.host()
    await host.start()
    try:

        async def say(user: str, text: str) -> str:
            asking = Asking(user)
            await host.commands.dispatch(text, asking)
            return asking.answers[0]

        assert await say("ann", "first") == "You are the first"
        assert await say("carl", "first") == "Somebody was faster"
        assert await say("ann", "vote 2") == "1 for 2"
        assert await say("carl", "vote 3") == "1 for 3"
        assert await say("carl", "vote 2") == "2 for 2"
        assert await say("ann", "high") == "ann, carl"
    finally:
        await host.stop()
