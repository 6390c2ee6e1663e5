"""Console, as its wheel runs in a host: who may use it, what its box shows, and that nothing of it is left."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from jackfield_chat_api import Member

from tests.support.console import server_command
from tests.support.contrib import Chatroom, Running, running

pytestmark = pytest.mark.slow  # each test builds a wheel, and most start a server

OWNER = Member("olga", "owner")
GREETER = """
from mcdreforged.api.all import *

PLUGIN_METADATA = {'id': 'greeter', 'version': '1.2.0', 'name': 'Greeter'}

def on_load(server: PluginServerInterface, previous):
    server.register_command(Literal('!!greet').runs(lambda source: source.reply(RText('hello', RColor.green))))

def on_player_joined(server, player, info):
    server.tell(player, f'welcome {player}')
"""


def people() -> Chatroom:
    return Chatroom(people=[OWNER, Member("bea")])


def settings(tmp_path: Path, **more: Any) -> dict[str, Any]:
    (tmp_path / "game" / "plugins").mkdir(parents=True)
    (tmp_path / "game" / "plugins" / "greeter.py").write_text(GREETER, encoding="utf-8")
    return {"folder": str(tmp_path / "game"), "command": server_command(), **more}


async def tail(plugin: Running, text: str) -> str:
    """Wait until the console has shown a text."""
    async with asyncio.timeout(20):
        while True:
            (shown,) = await plugin.command("console tail", "olga")
            if text in shown:
                return shown
            await asyncio.sleep(0.02)


async def test_the_owner_starts_the_server_types_and_stops_it(tmp_path: Path) -> None:
    async with running("console", tmp_path, settings=settings(tmp_path), chat=people()) as plugin:
        assert await plugin.command("console", "olga") == ["the server is not running; 0 players, 1 scripts"]
        assert await plugin.command("console !!greet", "olga") == ["hello"]
        assert await plugin.command("console stop", "olga") == ["no server runs"]
        assert await plugin.command("console start", "olga") == ["start: on its way"]
        await tail(plugin, "Done (")
        assert await plugin.command("console #join Alex", "olga") == ["typed: #join Alex"]
        await tail(plugin, "to Alex: welcome Alex")
        (listed,) = await plugin.command("console scripts", "olga")
        assert "greeter 1.2.0" in listed
        assert await plugin.command("console stop", "olga") == ["stop: on its way"]
        await tail(plugin, "the server ended with 0")


async def test_a_server_that_is_not_started_says_why(tmp_path: Path) -> None:
    async with running("console", tmp_path, settings={**settings(tmp_path), "command": ""}, chat=people()) as plugin:
        told = "the server was not started: no command is set that starts it (in the settings of the console)"
        assert await plugin.command("console start", "olga") == [told]


async def test_a_member_without_the_role_may_do_nothing(tmp_path: Path) -> None:
    async with running("console", tmp_path, settings=settings(tmp_path), chat=people()) as plugin:
        told = ["console is for admins and above"]
        assert await plugin.command("console start", "bea") == told
        (box,) = await plugin.host.ui.components("sidebar")
        await plugin.host.ui.act(box.id, "start", {}, "bea")
        assert await plugin.command("console", "olga") == ["the server is not running; 0 players, 1 scripts"]


@pytest.mark.feature("C18")
async def test_the_box_shows_the_last_lines_and_its_form_types(tmp_path: Path) -> None:
    async with running("console", tmp_path, settings=settings(tmp_path, start=True), chat=people()) as plugin:
        await tail(plugin, "Done (")
        (box,) = await plugin.host.ui.components("sidebar")
        shown = repr(box)
        assert "The server is ready; nobody plays" in shown
        assert "Starting minecraft server" in shown
        await plugin.host.ui.act(box.id, "type", {"line": "!!greet"}, "olga")
        (box,) = await plugin.host.ui.components("sidebar")
        assert "hello" in repr(box)


async def test_disabled_it_leaves_no_process_no_thread_and_no_name(tmp_path: Path) -> None:
    async with running("console", tmp_path, settings=settings(tmp_path, start=True), chat=people()) as plugin:
        await tail(plugin, "Done (")
        engine = sys.modules["chat_console.interface"].ServerInterface.instance._engine
        assert {"mcdreforged.api.all", "console_script_greeter"} <= set(sys.modules)
    assert not engine.process.runs
    # Of scripts this one's alone: on a busy machine a thread that a hostile one of another test left may still load it.
    own = ("mcdreforged", "console_script_greeter", "chat_console")
    assert not [name for name in sys.modules if name.startswith(own)]
    async with asyncio.timeout(20):
        while [one for one in threading.enumerate() if one.name.startswith("console: ")]:  # noqa: ASYNC110 (threads)
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"pattern_chat": "(unclosed"}, "the pattern chat cannot be used"),
        ({"encoding": "klingon"}, "unknown encoding: klingon: see the settings of the console"),
    ],
)
async def test_a_setting_that_cannot_be_used_is_told_by_its_name(
    tmp_path: Path, wrong: dict[str, str], told: str
) -> None:
    chosen = settings(tmp_path, **wrong)
    with pytest.raises(Exception, match=told):
        async with running("console", tmp_path, settings=chosen, chat=people()):
            raise AssertionError("it must not run")


async def test_changed_settings_count_at_once_unless_the_server_runs(tmp_path: Path) -> None:
    async with running("console", tmp_path, settings=settings(tmp_path), chat=people()) as plugin:

        async def change(key: str, value: Any) -> None:
            plugin.profile.state.change({f"settings/console/{key}": value}, by="test")
            await plugin.host.reload_changes()

        async def answers(told: str, line: str = "console") -> None:
            async with asyncio.timeout(20):
                while told not in (await plugin.command(line, "olga"))[0]:  # noqa: ASYNC110 (the console begins anew)
                    await asyncio.sleep(0.02)

        await answers("1 scripts")
        await change("script_folders", ["elsewhere"])
        await answers("0 scripts")
        await change("pattern_say", "say {nothing}")
        await answers("the console does not run: the command say cannot be used")
        (box,) = await plugin.host.ui.components("sidebar")
        assert "the command say cannot be used" in repr(box)
        await change("pattern_say", "say {text}")
        await answers("0 scripts")
    assert not [name for name in sys.modules if name.startswith("mcdreforged")]


async def test_a_damaged_file_of_levels_is_named_and_gives_nobody_a_level(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    (tmp_path / "game" / "permissions.json").write_text('{"owner": ["Eve"', encoding="utf-8")
    with pytest.raises(Exception, match=r"permissions\.json cannot be read"):
        async with running("console", tmp_path, settings=chosen, chat=people()):
            raise AssertionError("it must not run")


@pytest.mark.feature("M1")
async def test_an_own_server_is_understood_by_own_patterns(tmp_path: Path) -> None:
    chosen = settings(
        tmp_path,
        command=server_command("plain"),
        preset="plain",
        pattern_joined=r"(?P<player>\w+) joined",
        pattern_tell="tell {player} [{player}] {text}",
    )
    async with running("console", tmp_path, settings=chosen, chat=people()) as plugin:
        await plugin.command("console start", "olga")
        await tail(plugin, "ready")
        await plugin.command("console #join Alex", "olga")
        await tail(plugin, "to Alex: [Alex] welcome Alex")


async def test_a_script_that_takes_long_answers_later_and_the_next_one_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings(tmp_path)
    slow = (
        "import time\nfrom mcdreforged.api.all import *\n"
        "def on_load(server, old):\n"
        "    server.register_command(Literal('!!slow').runs(lambda source: (time.sleep(0.5), source.reply('late'))))\n"
    )
    (tmp_path / "game" / "plugins" / "slow.py").write_text(slow, encoding="utf-8")
    async with running("console", tmp_path, settings=chosen, chat=people()) as plugin:
        monkeypatch.setattr(sys.modules["chat_console"], "ANSWER_SECONDS", 0.05)
        busy = ["a script is busy; the answer will stand among the console's lines"]
        assert await plugin.command("console !!slow", "olga") == busy
        assert await plugin.command("console !!greet", "olga") == busy, "it waits behind the slow one"
        monkeypatch.setattr(sys.modules["chat_console"], "ANSWER_SECONDS", 20)
        assert await plugin.command("console !!greet", "olga") == ["hello"]
        assert "late" in await tail(plugin, "late")
