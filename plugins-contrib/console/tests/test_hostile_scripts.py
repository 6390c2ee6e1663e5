"""Scripts that raise what ends processes, exchange one another without end, or say what cannot be told."""

from __future__ import annotations

import pytest

from tests.support.console import console

pytestmark = pytest.mark.slow


WELL = """
from mcdreforged.api.all import *
heard = []
def on_load(server, old):
    server.register_command(Literal('!!well').runs(lambda source: source.reply('here')))
def on_user_info(server, info): heard.append(info.content)
"""
ENDS = ("SystemExit(3)", "KeyboardInterrupt()", "BaseException('mine')", "GeneratorExit()", "asyncio.CancelledError()")


@pytest.mark.feature("M27")
@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("word", ["", "async "])
def test_what_ends_processes_ends_none_and_the_next_listener_hears(tmp_path, caplog, ends, word):
    text = (
        "import asyncio\nfrom mcdreforged.api.all import *\n"
        "class Ending(InfoFilter):\n"
        f"    def filter_server_info(self, info): raise {ends}\n"
        "def on_load(server, old):\n"
        "    server.register_info_filter(Ending())\n"
        f"    server.register_command(Literal('!!end').runs(end))\n"
        f"{word}def end(source): raise {ends}\n"
        f"{word}def on_user_info(server, info): raise {ends}\n"
        f"{word}def on_unload(server): raise {ends}\n"
    )
    with console(tmp_path, {"a_ending.py": text, "well.py": WELL}) as bench:
        bench.type("one")
        bench.type("!!end")
        bench.engine.hearing.line("[12:00:00] [Server thread/INFO]: <Alex> two")
        bench.settled()
        assert bench.module("well").heard == ["one", "!!end", "two"]
        if "Cancelled" not in ends or not word:  # a coroutine may be cancelled, by itself too
            assert bench.wait(lambda: "a_ending (a_ending.py) failed in its listener of mcdr.user_info" in caplog.text)
        assert bench.engine.server.unload_plugin("a_ending") is True
        assert bench.type("!!well") == ["here"]
        assert "the console failed" not in caplog.text


@pytest.mark.parametrize("ends", ["SystemExit(3)", "KeyboardInterrupt()"])
def test_a_task_of_a_scripts_own_that_ends_the_loop_leaves_the_coroutines_of_others(tmp_path, caplog, ends):
    ending = (
        "import asyncio\ntasks = []\nasync def end(): raise " + ends + "\n"
        "async def on_user_info(server, info): tasks.append(asyncio.create_task(end()))\n"
    )
    well = "heard = []\nasync def on_user_info(server, info): heard.append(info.content)\n"
    with console(tmp_path, {"a_ending.py": ending, "well.py": well}) as bench:
        bench.type("one")
        bench.type("two")
        bench.wait(lambda: bench.module("well").heard == ["one", "two"])
        bench.wait(lambda: "the console failed" in caplog.text)


@pytest.mark.feature("J17", "J20", "M36")
def test_scripts_that_exchange_one_another_in_every_callback_come_to_an_end(tmp_path, caplog):
    def text(name: str) -> str:
        others = [one for one in "abcdef" if one != name]
        return (
            f"PLUGIN_METADATA = {{'id': {name!r}}}\n"
            "def everyone(server):\n"
            f"    for one in {others!r}:\n"
            "        server.reload_plugin(one)\n"
            f"    server.reload_plugin({name!r})\n"
            "def on_load(server, old): everyone(server)\n"
            "def on_unload(server): everyone(server)\n"
        )

    with console(tmp_path, {f"{one}.py": text(one) for one in "abcdef"} | {"well.py": WELL}) as bench:
        assert set(bench.engine.server.get_plugin_list()) == {*"abcdef", "well"}
        assert bench.type("!!well") == ["here"]
        assert bench.engine.server.reload_plugin("a") is True
        assert bench.engine.server.unload_plugin("a") is True
    assert "is not loaded anew: it was, 3 times, by what it does when it is" in caplog.text
    assert "RecursionError" not in caplog.text


@pytest.mark.feature("J20", "M37")
def test_a_script_that_unloads_itself_in_every_callback_is_told_once_that_it_ends(tmp_path):
    text = (
        "import builtins\n"
        "def on_load(server, old):\n    builtins.console_seen.append('load')\n    server.unload_plugin('self')\n"
        "def on_unload(server):\n    builtins.console_seen.append('unload')\n    server.unload_plugin('self')\n"
    )
    import builtins

    builtins.console_seen = []
    try:
        with console(tmp_path, {"self.py": text, "well.py": WELL}) as bench:
            assert bench.engine.server.get_plugin_list() == ["well"]
            assert builtins.console_seen == ["load", "unload"]
    finally:
        del builtins.console_seen


@pytest.mark.feature("M26")
def test_an_error_that_cannot_be_told_is_told_by_its_name(tmp_path, caplog):
    text = (
        "class Silent(Exception):\n    def __str__(self): raise RuntimeError('no')\n    __repr__ = __str__\n"
        "def on_user_info(server, info): raise Silent()\n"
    )
    with console(tmp_path, {"a_silent.py": text, "b_silent.py": text + "raise Silent()\n", "well.py": WELL}) as bench:
        assert bench.engine.server.get_plugin_list() == ["a_silent", "well"]
        assert bench.failed() == {"b_silent": "Silent"}
        bench.type("one")
        assert bench.module("well").heard == ["one"]
    assert "a_silent (a_silent.py) failed in its listener of mcdr.user_info: Silent" in caplog.text


def test_halves_of_characters_and_bytes_are_shown_as_far_as_they_can_be(tmp_path, capfdbinary):
    text = (
        "import sys\nfrom mcdreforged.api.all import *\n"
        "def odd(source, context):\n"
        "    server = source.get_server()\n"
        "    sys.stdout.buffer.write(bytes(range(256)))\n    sys.stdout.buffer.flush()\n"
        "    source.reply('half \\ud800')\n    server.broadcast('more \\udfff \\0')\n"
        "    server.tell('\\ud800', 'x')\n    server.execute('say \\ud800')\n"
        "    server.set_permission_level('\\ud800', 3)\n"
        "    server.set_preference('\\ud800', server.get_default_preference())\n"
        "    server.save_config_simple({'name': '\\ud800'}, 'odd.json')\n"
        "def on_load(server, old):\n"
        "    server.register_command(Literal('!!odd').runs(odd))\n"
        "    server.register_help_message('!!\\ud800', 'half')\n"
    )
    with console(tmp_path, {"odd.py": text, "well.py": WELL}) as bench:
        bench.start()
        bench.type("!!odd")
        bench.type("!!help")
        bench.until("more")
        for line in bench.engine.tail:
            line.encode("utf-8")
        assert bench.type("!!well") == ["here"]
