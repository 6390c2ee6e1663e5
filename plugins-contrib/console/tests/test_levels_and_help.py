"""Who may give which command of a script, how help tells of them, and a root that two scripts have."""

from __future__ import annotations

import pytest

from tests.support.console import console


@pytest.mark.feature("M43", "U17")
def test_levels_say_who_may_what(tmp_path):
    text = """
from mcdreforged.api.all import *

def on_load(server, old):
    server.register_command(
        Literal('!!admin').requires(lambda src: src.has_permission(3), lambda: 'only for admins')
        .runs(lambda src: src.reply('done'))
    )
    server.register_help_message('!!admin', 'for admins', permission=PermissionLevel.ADMIN)
"""
    with console(tmp_path, {"levels.py": text}) as bench:
        bench.start()
        server = bench.engine.server
        server.set_permission_level("Steve", "admin")
        assert (server.get_permission_level("steve"), server.get_permission_level("Alex")) == (3, 1)
        bench.chat("Alex", "!!admin")
        bench.until("to Alex: only for admins")
        bench.chat("Steve", "!!admin")
        bench.until("to Steve: done")
        assert bench.type("!!admin") == ["done"]
        bench.chat("Alex", "!!help")
        bench.until("!!help [page]")
        bench.settled()
        assert not any("!!admin: for admins" in line for line in bench.shown)
    with console(tmp_path, {"levels.py": text}) as bench:
        assert bench.engine.server.get_permission_level("Steve") == 3


@pytest.mark.feature("M44")
def test_help_is_paged_and_in_the_language_of_whoever_asks(tmp_path):
    text = """
from mcdreforged.api.all import RText, RColor

def on_load(server, old):
    for number in range(15):
        server.register_help_message(f'!!c{number:02}', RText(f'command {number}', RColor.red))
    server.add_help_message('!!old', {'en_us': 'old one', 'de_de': 'alter Befehl'})
"""
    with console(tmp_path, {"helpful.py": text}) as bench:
        first = bench.type("!!help")
        assert first[0] == "Help, page 1 of 2"
        assert len(first) == 11
        assert "!!old: old one" in bench.type("!!help 2")
        assert bench.type("!!help 0") == ["Value out of range [1, +∞]: !!help 0<--"]


@pytest.mark.feature("M43", "U13")
def test_a_root_of_two_scripts_is_warned_about_and_the_second_answers_what_the_first_cannot(tmp_path, caplog):
    def script(word: str) -> str:
        return (
            "from mcdreforged.api.command import *\n"
            "def on_load(server, old):\n"
            f"    node = Literal({word!r}).runs(lambda source: source.reply({word!r}))\n"
            "    server.register_command(Literal('!!both').then(node))\n"
        )

    with console(tmp_path, {"one.py": script("one"), "two.py": script("two")}) as bench:
        assert "the command !!both of two is registered by one, too" in caplog.text
        assert bench.type("!!both two") == ["two"]
        assert bench.type("!!both one") == ["one"]


@pytest.mark.feature("M44")
def test_odd_lines_of_one_script_leave_the_help_to_the_others(tmp_path):
    odd = (
        "from mcdreforged.api.all import *\n"
        "def on_load(server, old):\n"
        "    server.register_help_message(RText('!!rich', RColor.red), 'rich')\n"
        "    server.register_help_message(5, None)\n"
        "    server.register_help_message('!!named', 'by name', 'admin')\n"
        "    server.register_help_message('!!never', 'told', object())\n"
    )
    well = "def on_load(server, old):\n    server.register_help_message('!!well', 'fine')\n"
    with console(tmp_path, {"odd.py": odd, "well.py": well}) as bench:
        (told, *lines) = bench.type("!!help")
        assert told == "Help, page 1 of 1"
        assert {"!!rich: rich", "5: None", "!!named: by name", "!!well: fine"} <= set(lines)
