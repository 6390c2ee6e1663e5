"""What plugins are called in the rooms, and how much of theirs is listed there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.core.chat.test_plugins import profile_of
from tests.support.wheels import build_plugin, manifest_text

if TYPE_CHECKING:
    from tests.core.chat.conftest import RunningChat

pytestmark = pytest.mark.slow

SAYS = """
from jackfield import Plugin, command

class Main(Plugin):
    @command("WORD")
    async def say(self, source):
        await source.reply("WORD it is")
"""


async def test_a_plugin_that_is_called_as_another_one_or_a_member_is_told_by_its_id(
    chat: RunningChat, tmp_path: Path
) -> None:
    names = {
        "poll": "Poll",
        "pole": "\uff30oll",
        "unseen": "Po\u200bll\u2800",
        "capital": "PoIl",
        "russian": "P\u043ell",
        "imp": "Ada",
        "greek": "\u0391d\u0430",
        "sly": "Quiz (quiz)",
        "slier": "Quiz (quiz)\u200b",
        "quiz": "Quiz",
        "called": "quiz",
        "blank": "\u2800",
        "own": "Own",
        "map": "M\u00e1p",
    }
    wheels = [
        build_plugin(
            tmp_path / "wheels",
            plugin,
            code=SAYS.replace("WORD", plugin),
            manifest=manifest_text(plugin, more=f'[contributes]\ncommands = [{{ name = "{plugin}" }}]\n').replace(
                f'name = "{plugin.title()}"', f'name = "{name}"'
            ),
        )
        for plugin, name in names.items()
    ]
    ada = await chat.person("ada")
    profile = profile_of(chat)
    profile.install(*wheels)
    profile.enable(*names)
    for plugin in names:
        await chat.plugin(plugin)
    told = {}
    for plugin in names:
        await ada.say(f"!{plugin}")
        told[plugin] = (await ada.hears(f"{plugin} it is"))["author"]
    assert told == {
        "poll": "Poll (poll)",
        "pole": "\uff30oll (pole)",
        "unseen": "Po\u200bll\u2800 (unseen)",
        "capital": "PoIl (capital)",
        "russian": "P\u043ell (russian)",
        "imp": "Ada (imp)",
        "greek": "\u0391d\u0430 (greek)",
        "sly": "Quiz (quiz) (sly)",
        "slier": "Quiz (quiz)\u200b (slier)",
        "quiz": "Quiz (quiz)",
        "called": "quiz (called)",
        "blank": "\u2800 (blank)",
        "own": "Own",
        "map": "M\u00e1p",
    }
    owner = await chat.person("owner")
    listed = await owner.http.get("/plugins")
    counted = await owner.http.get("/plugins/stats")
    for name in told.values():
        assert f"<b>{name}</b>" in listed.text
        assert f">{name}</a>" in counted.text
    assert "<h1>Poll (poll)</h1>" in (await owner.http.get("/plugins/stats/poll")).text


MANY = """
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        for number in range({}):
            self.context.commands.add(f"{} word{{number:04d}}", self.say, help="x" * 500)

    async def say(self, source): pass
"""


async def test_help_lists_ten_commands_of_each_plugin_below_its_name(chat: RunningChat, tmp_path: Path) -> None:
    """However many one has, others are found behind them."""
    profile = profile_of(chat)
    counts = {"many": 3000, **{f"some{number:02}": 12 for number in range(10)}}
    declared = '[contributes]\ncommands = [{{ name = "{}" }}]\n'
    wheels = [
        build_plugin(tmp_path / "wheels", name, code=MANY.format(count, name), more=declared.format(name))
        for name, count in counts.items()
    ]
    profile.install(*wheels)
    profile.enable(*counts)
    for name in counts:
        await chat.plugin(name)
    every = (await (await chat.person("ada")).say("/help"))["lines"]
    lines = [line["text"] for line in every]
    own = lines.index("Many")
    assert lines[own - 1].startswith("!help ")
    assert all(line.startswith("!many word") for line in lines[own + 1 : own + 11])
    assert lines[own + 11 : own + 13] == ["… and 2,990 more: !help many", "Some00"]
    headings = [line["text"] for line in every if line["heading"]]
    told = "… and more plugins: !help lists all, page by page"
    assert headings == ["Many", *(f"Some{number:02}" for number in range(9)), told]
    assert sum(line.startswith("!") for line in lines) == 100
    assert lines[-2:] == ["… and 3 more: !help some08", told]
