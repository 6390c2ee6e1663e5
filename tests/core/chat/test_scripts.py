"""`jackfield-chat serve --scripts DIR`: single files filter what members write, in the chat itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.core.chat.conftest import Serve

pytestmark = pytest.mark.slow

STAMP = """
def on_message_sent(message):
    return "[14:05] " + message
"""

SHRUG = """
async def on_message_received(message):
    if "broken" in message:
        raise ValueError(message)
    return message.replace("shrug", "¯\\\\_(ツ)_/¯") if "shrug" in message else None
"""

OWN = """
def message_sent(message):
    return message.with_text(message.text + " — " + message.author)
"""


@pytest.mark.feature("S5", "S6", "S7", "S8", "S9", "S10", "S11")
async def test_scripts_filter_texts_and_messages(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "scripts"
    folder.mkdir()
    for name, text in (("a_stamp.py", STAMP), ("b_shrug.py", SHRUG), ("c_own.py", OWN)):
        (folder / name).write_text(text, encoding="utf-8")
    chat = await serve(scripts=(folder,))
    for plugin in ("a_stamp", "b_shrug", "c_own"):
        await chat.plugin(plugin)
    bea = await chat.person("bea")
    await bea.say("héllo shrug")
    assert (await bea.hears("héllo"))["text"] == "[14:05] héllo ¯\\_(ツ)_/¯ — bea"
    await bea.say("broken")
    assert (await bea.hears("broken"))["text"] == "[14:05] broken — bea"
