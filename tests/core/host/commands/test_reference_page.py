"""docs/reference/commands.md: its plugin runs, and members read what the page says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from jackfield.api import CommandSource, Level
from jackfield.host import add_own_commands
from jackfield_chat_api import Member

from tests.support.speakers import Speaker

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "commands.md"
MANIFEST = """
[[permissions]]
resource = "members"
actions = ["read"]
[contributes]
commands = [{ name = "roll" }, { name = "dice" }, { name = "mute" }, { name = "score" }]
"""


class Members:
    """The members of a chat of two."""

    label = "a member of this chat"
    permission = "members:read"

    def resolve(self, text: str, source: CommandSource) -> Member:
        if text not in ("ada", "bob"):
            raise ValueError(f"there is no member {text}")
        return Member(text)

    def complete(self, prefix: str, source: CommandSource) -> Iterable[str]:
        return ("ada", "bob")


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [text for name, text in found if name == language]


def talk(block: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^> !", block, flags=re.MULTILINE)[1:]:
        line, _, answer = part.partition("\n")
        yield line, answer.rstrip("\n")


@pytest.mark.feature("M43", "M44", "U13", "U17", "U26", "K48")
async def test_members_read_what_the_page_says(profile, build, running):
    (code, *_) = blocks("python")
    profile.install(build("games", code=code.replace("class Games", "class Main"), more=MANIFEST))
    profile.enable("games")
    host = await running(arguments={Member: Members()}, command_prefix="!")
    assert host.plugins.status("games").problem == ""
    add_own_commands(host.commands)
    told = [list(talk(block)) for block in blocks("") if block.startswith("> !")]
    assert len(told) == 2
    for level, lines in zip((Level.USER, Level.HELPER), told, strict=True):
        for line, answer in lines:
            source = Speaker(level=level)
            assert await host.commands.dispatch(line, source)
            assert source.answers == [answer]


def test_every_type_of_an_argument_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    for name in ("Integer", "Float", "Quoted", "Greedy", "Word", "Choice", "Duration", "Custom"):
        assert f"{name}(" in text, name
