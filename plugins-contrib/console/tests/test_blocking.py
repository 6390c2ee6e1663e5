"""Scripts that block, in a function, a coroutine, a thread or their import, hold up nobody else and are named."""

from __future__ import annotations

import threading
import time

import pytest

from tests.support.console import Bench, console

pytestmark = pytest.mark.slow


HEARING = """
from mcdreforged.api.all import *
heard = []
def on_load(server, old):
    server.register_command(Literal('!!well').runs(lambda source: source.reply('here')))
def on_user_info(server, info): heard.append(info.content)
def on_unload(server): heard.append('unload')
"""
GATE = "import builtins\ngate = builtins.console_gate\n"


@pytest.fixture
def gate():
    """What scripts of a test wait for; open in the end, so that no thread is left."""
    import builtins

    builtins.console_gate = threading.Event()
    yield builtins.console_gate
    builtins.console_gate.set()
    del builtins.console_gate


def heard(bench: Bench, plugin: str = "well") -> list[str]:
    return list(bench.module(plugin).heard)


@pytest.mark.feature("M27", "C29")
def test_a_listener_that_blocks_is_named_with_its_line_and_the_others_hear_everything(tmp_path, caplog, gate):
    blocking = GATE + "heard = []\ndef on_user_info(server, info):\n    gate.wait(30)\n    heard.append(info.content)\n"
    with console(tmp_path, {"a_slow.py": blocking, "well.py": HEARING}, held_seconds=0.3) as bench:
        bench.engine.type("one", lambda line: None)
        bench.wait(lambda: heard(bench) == ["one"], "the listeners behind it")
        told = "a_slow does not come back from its listener of mcdr.user_info for 0."
        assert told in caplog.text
        assert ", a_slow.py line 5; the others go on without it" in caplog.text
        begun = time.monotonic()
        assert bench.type("!!well") == ["here"]
        bench.type("three")
        assert time.monotonic() - begun < 10, "what is held already holds nobody again"
        assert heard(bench) == ["one", "!!well", "three"]
        assert heard(bench, "a_slow") == []
        gate.set()
        bench.wait(lambda: heard(bench, "a_slow") == ["one", "!!well", "three"], "all that it missed, in order")
        bench.wait(lambda: bench.type("four") is not None and heard(bench, "a_slow")[-1] == "four")


@pytest.mark.feature("M43")
def test_a_command_that_blocks_answers_when_it_comes_back_and_is_told_to_be_busy_meanwhile(tmp_path, gate):
    blocking = GATE + (
        "from mcdreforged.api.all import *\n"
        "def slow(source):\n    gate.wait(30)\n    source.reply('late')\n"
        "def on_load(server, old):\n    server.register_command(Literal('!!slow').runs(slow))\n"
    )
    answers: list[str] = []
    with console(tmp_path, {"slow.py": blocking, "well.py": HEARING}, held_seconds=0.3) as bench:
        first = bench.engine.type("!!slow", answers.append)
        assert first.result(20) is None
        assert answers == ["slow is busy; !!slow is done as soon as it comes back"]
        assert bench.type("!!slow") == ["slow is busy; !!slow is done as soon as it comes back"]
        assert bench.type("!!well") == ["here"]
        gate.set()
        bench.wait(lambda: answers[1:] == ["late"], "it answers after all")


@pytest.mark.feature("M26")
def test_an_import_that_blocks_keeps_no_other_script_from_loading_and_counts_when_it_comes_back(tmp_path, caplog, gate):
    scripts = {
        "a_slow.py": GATE + "gate.wait(30)\ndone = True\n",
        "needing.py": "PLUGIN_METADATA = {'id': 'needing', 'dependencies': {'a_slow': '*'}}\n",
        "well.py": HEARING,
    }
    with console(tmp_path, scripts, held_seconds=0.3) as bench:
        assert bench.engine.server.get_plugin_list() == ["well"]
        assert "it takes long to load" in bench.failed()["a_slow"]
        assert bench.failed()["needing"] == "needs a_slow, which did not load"
        gate.set()
        bench.wait(lambda: set(bench.engine.server.get_plugin_list()) == {"well", "a_slow", "needing"})
        assert bench.failed() == {}
    assert "a_slow does not come back from its import" in caplog.text


def test_what_a_held_script_misses_is_bounded_and_told(tmp_path, caplog, gate):
    blocking = GATE + "heard = []\ndef on_user_info(server, info):\n    gate.wait(30)\n    heard.append(info.content)\n"
    with console(tmp_path, {"slow.py": blocking, "well.py": HEARING}, held_seconds=0.3) as bench:
        for number in range(300):
            bench.type(str(number))
        assert len(heard(bench)) == 300
        assert "slow is busy for" in caplog.text
        assert "256 calls wait for it, and those after them are left out" in caplog.text
        gate.set()
        bench.wait(lambda: len(heard(bench, "slow")) == 257, "the first and what was kept")


def test_a_script_that_is_a_little_slow_at_every_line_gets_a_lane_of_its_own(tmp_path, caplog):
    slow = "import time\nheard = []\ndef on_info(server, info):\n    time.sleep(0.1)\n    heard.append(info.content)\n"
    with console(tmp_path, {"a_slow.py": slow, "well.py": HEARING}, held_seconds=0.4) as bench:
        for number in range(50):
            bench.engine.type(str(number), lambda line: None)
        bench.wait(lambda: len(heard(bench)) == 50)
        assert len(heard(bench, "a_slow")) < 45, "the others did not wait"
        bench.wait(lambda: len(heard(bench, "a_slow")) == 50)
        assert heard(bench, "a_slow") == [str(number) for number in range(50)]
    assert "a_slow kept the other scripts waiting" in caplog.text


def test_lines_of_a_server_that_nobody_keeps_up_with_are_left_out_and_told(tmp_path, caplog, gate, monkeypatch):
    held = GATE + "def on_info(server, info):\n    gate.wait(30)\n"
    with console(tmp_path, {"holding.py": held, "well.py": HEARING}, held_seconds=20) as bench:
        import chat_console.hearing as hearing

        monkeypatch.setattr(hearing, "MOST_LINES", 10)
        bench.engine.type("hold", lambda line: None)
        bench.wait(lambda: bench.engine.executor.holder() == "holding")
        for number in range(100):
            bench.engine.hearing.line(f"[12:00:00] [Server thread/INFO]: noise {number}")
        bench.engine.hearing.line("[12:00:00] [Server thread/INFO]: <Alex> hello")
        assert len(bench.engine.tail) == 101, "they are shown"
        assert "lines of the server were not told to the scripts: too many wait, holding holds them" in caplog.text
        gate.set()
        bench.wait(lambda: "hello" in heard(bench), "what a player says has room of its own")


def test_quick_scripts_hear_every_line_of_a_server_that_says_much_at_once(tmp_path, caplog):
    with console(tmp_path, {"well.py": HEARING + "def on_info(server, info): heard.append(info.content)\n"}) as bench:
        for number in range(12_000):
            bench.engine.hearing.line(f"[12:00:00] [Server thread/INFO]: line {number}")
        bench.settled()
        assert heard(bench) == [f"line {number}" for number in range(12_000)]
    assert "were not told" not in caplog.text


def test_more_tasks_than_can_be_done_are_refused_by_name(tmp_path, gate):
    flooding = GATE + (
        "from mcdreforged.api.all import *\nrefused = []\n"
        "def on_user_info(server, info):\n    gate.wait(30)\n"
        "@new_thread\n"
        "def flood(server):\n"
        "    try:\n"
        "        for number in range(10000):\n            server.dispatch_event('flooding.event', (number,))\n"
        "    except RuntimeError as error:\n        refused.append(str(error))\n"
        "    try:\n        server.schedule_task(lambda: None)\n"
        "    except RuntimeError as error:\n        refused.append(str(error))\n"
    )
    with console(tmp_path, {"flooding.py": flooding}, held_seconds=20) as bench:
        bench.engine.type("hold", lambda line: None)
        bench.wait(lambda: bench.engine.executor.holder() == "flooding")
        module = bench.module("flooding")
        module.flood(bench.engine.server).join(20)
        told = "refused: 4096 tasks wait already; flooding holds the scripts' thread"
        assert module.refused == [told, told]
        gate.set()


@pytest.mark.feature("J20")
def test_an_asynchronous_listener_exchanges_scripts_by_a_thread_and_nobody_waits_for_it(tmp_path):
    text = (
        "import asyncio\ntold = []\n"
        "async def on_user_info(server, info):\n"
        "    told.append(await asyncio.to_thread(server.reload_plugin, info.content))\n"
        "    told.append(await asyncio.to_thread(server.unload_plugin, info.content))\n"
        "    told.append(await asyncio.to_thread(server.load_plugin, info.content + '.py'))\n"
        "    await asyncio.sleep(3600)\n"
    )
    with console(tmp_path, {"waiting.py": text, "well.py": HEARING}) as bench:
        told = bench.module("waiting").told
        bench.type("well")
        bench.wait(lambda: told == [True, True, True], told)
        bench.type("well")
        bench.wait(lambda: len(told) == 6, told)


@pytest.mark.feature("J20")
def test_a_thread_that_a_listener_waits_for_exchanges_scripts(tmp_path, caplog):
    text = (
        "from mcdreforged.api.all import *\ntold = []\n"
        "@new_thread\n"
        "def reload(server): return server.reload_plugin('well')\n"
        "def on_user_info(server, info):\n"
        "    told.append(reload(server).get_return_value(block=True))\n"
    )
    with console(tmp_path, {"waiting.py": text, "well.py": HEARING}, held_seconds=1.5) as bench:
        bench.type("one")
        bench.wait(lambda: bench.module("waiting").told == [True])
        assert bench.type("!!well") == ["here"]
    assert "waiting does not come back from its listener of mcdr.user_info" in caplog.text


def test_an_asynchronous_command_is_waited_for_by_whoever_typed_it_and_by_nobody_else(tmp_path, gate):
    text = GATE + (
        "import asyncio\nfrom mcdreforged.api.all import *\n"
        "async def slow(source):\n    await asyncio.to_thread(gate.wait, 20)\n    source.reply('done')\n"
        "def on_load(server, old):\n    server.register_command(Literal('!!slow').runs(slow))\n"
    )
    answers: list[str] = []
    with console(tmp_path, {"asynchronous.py": text, "well.py": HEARING}) as bench:
        first = bench.engine.type("!!slow", answers.append)
        assert bench.type("!!well") == ["here"]
        assert answers == []
        gate.set()
        first.result(20)
        assert answers == ["done"]


def test_a_coroutine_that_blocks_the_loop_is_named_and_other_scripts_go_on(tmp_path, caplog, gate):
    blocking = GATE + "async def on_user_info(server, info):\n    gate.wait(30)\n"
    with console(tmp_path, {"blocking.py": blocking, "well.py": HEARING}, held_seconds=0.3) as bench:
        bench.type("one")
        bench.wait(lambda: "holds the coroutines of all scripts" in caplog.text)
        assert "blocking, blocking.py line 4 holds the coroutines" in caplog.text
        assert bench.type("!!well") == ["here"]
        gate.set()


def test_coroutines_that_never_end_are_bounded(tmp_path, caplog, monkeypatch):
    text = "import asyncio\nasync def on_user_info(server, info):\n    await asyncio.sleep(3600)\n"
    with console(tmp_path, {"endless.py": text, "well.py": HEARING}) as bench:
        import chat_console.coroutines as coroutines

        monkeypatch.setattr(coroutines, "MOST_UNFINISHED", 3)
        for number in range(5):
            bench.type(str(number))
        assert bench.engine.scripts.find("endless").errors == 2
        assert len(heard(bench)) == 5
    assert "3 coroutines of it have not ended: no further one is begun" in caplog.text


@pytest.mark.feature("M37")
def test_a_console_with_a_held_script_ends_in_time_and_the_others_hear_of_it(tmp_path, caplog, gate):
    blocking = GATE + "def on_user_info(server, info):\n    gate.wait(30)\n"
    with console(tmp_path, {"a_slow.py": blocking, "well.py": HEARING}, held_seconds=20) as bench:
        bench.engine.type("one", lambda line: None)
        well = bench.module("well")
        begun = time.monotonic()
        bench.engine.stop()
        assert time.monotonic() - begun < 10
        assert well.heard[-1] == "unload"
        late = bench.engine.server
        with pytest.raises(RuntimeError, match="the console has ended"):
            late.refresh_changed_plugins()
        assert late.start() is False
    assert "a_slow does not come back; its thread is left behind" in caplog.text


@pytest.mark.feature("M37")
def test_an_unloaded_script_that_was_held_hears_of_its_end_and_of_nothing_after(tmp_path, gate):
    blocking = GATE + (
        "heard = []\n"
        "def on_user_info(server, info):\n    gate.wait(30)\n    heard.append(info.content)\n"
        "def on_unload(server):\n    heard.append('unload')\n"
    )
    with console(tmp_path, {"slow.py": blocking}, held_seconds=0.3) as bench:
        module = bench.module("slow")
        bench.type("one")
        bench.type("two")
        assert bench.engine.server.unload_plugin("slow") is True
        bench.type("three")
        gate.set()
        bench.wait(lambda: module.heard == ["one", "unload"], module.heard)
        assert bench.engine.server.load_plugin("slow.py") is True


SLEEPY = """
import asyncio, random, time
from mcdreforged.api.all import *
heard = []
chance = random.Random({name!r})
def nap():
    if chance.random() < 0.1: time.sleep(chance.random() * 0.2)
def on_user_info(server, info):
    nap()
    heard.append(info.content)
async def on_info(server, info):
    if chance.random() < 0.05: await asyncio.to_thread(server.reload_plugin, 'exchanged')
def on_player_joined(server, player, info):
    nap()
    if chance.random() < 0.3: server.reload_plugin('exchanged')
"""


def test_sleepy_scripts_that_exchange_another_from_everywhere_hear_everything_in_order(tmp_path, caplog):
    scripts = {f"{name}.py": SLEEPY.format(name=name) for name in ("a", "b", "c")} | {"exchanged.py": "x = 1\n"}
    joined = "[12:00:00] [Server thread/INFO]: Alex[/1] logged in with entity id 7 at (1.5, 64.0, -20.25)"
    with console(tmp_path, scripts, held_seconds=0.05) as bench:
        done = []

        def feed(one: int) -> None:
            for number in range(25):
                done.append(bench.engine.type(f"{one} {number}", lambda line: None))
                if number % 10 == 0:
                    bench.engine.hearing.line(joined)
                    bench.engine.server.refresh_changed_plugins()
                time.sleep(0.02)

        threads = [threading.Thread(target=feed, args=(one,)) for one in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        for one in done:
            one.result(20)
        for name in ("a", "b", "c"):
            bench.wait(lambda name=name: len(heard(bench, name)) == 75, name)
            for one in range(3):
                numbers = [int(text.split()[1]) for text in heard(bench, name) if text.startswith(f"{one} ")]
                assert numbers == list(range(25))
        assert bench.engine.server.get_plugin_list()[:3] == ["a", "b", "c"]
    assert "the console failed" not in caplog.text


@pytest.mark.feature("U14")
@pytest.mark.parametrize("content", [b'{"Alex": "de_de"', b"\xff\xfe", b"[1, 2]", b"[" * 5000])
def test_a_damaged_file_of_preferences_is_set_aside_and_told(tmp_path, caplog, content):
    file = tmp_path / "config" / "preferences.json"
    file.parent.mkdir()
    file.write_bytes(content)
    with console(tmp_path, {"well.py": HEARING}) as bench:
        server = bench.engine.server
        assert server.get_plugin_list() == ["well"]
        assert server.get_preference("Alex").language == "en_us"
        assert "it is set aside as preferences.json.damaged" in caplog.text
        assert (tmp_path / "config" / "preferences.json.damaged").read_bytes() == content
        server.set_preference("Alex", type(server.get_default_preference())(language="de_de"))
    with console(tmp_path) as bench:
        assert bench.engine.server.get_preference("Alex").language == "de_de"
