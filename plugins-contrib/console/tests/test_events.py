"""What a real child process does reaches the scripts: M28 to M44, listeners in order, who may what."""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace

import pytest

from tests.support.console import Bench, console

RECORDER = """
heard = []

def on_load(server, old): heard.append(('load', old))
def on_unload(server): heard.append(('unload',))
def on_info(server, info): heard.append(('info', info.content))
def on_user_info(server, info): heard.append(('user', info.player, info.content))
def on_server_start_pre(server): heard.append(('start_pre',))
def on_server_start(server): heard.append(('start',))
def on_server_startup(server): heard.append(('startup',))
def on_server_stop(server, code): heard.append(('stop', code))
def on_mcdr_start(server): heard.append(('mcdr_start',))
def on_mcdr_stop(server): heard.append(('mcdr_stop',))
def on_player_joined(server, player, info): heard.append(('joined', player, info.content[:5]))
def on_player_left(server, player): heard.append(('left', player))
"""


def heard(bench: Bench, plugin: str = "recorder") -> list[tuple[object, ...]]:
    return list(bench.module(plugin).heard)


def told(bench: Bench, *event: object) -> None:
    bench.wait(lambda: event in heard(bench), f"{event} in {heard(bench)}")


@pytest.mark.feature("M28", "M29", "M30", "M31", "M32", "M33", "M34", "M35", "M36", "M37", "M39", "M41", "U5")
@pytest.mark.parametrize("form", ["vanilla", "plain"])
def test_functions_of_the_right_names_hear_the_whole_life(tmp_path, form):
    with console(tmp_path, {"recorder.py": RECORDER}, form=form) as bench:
        assert heard(bench) == [("load", None), ("mcdr_start",)]
        bench.start()
        bench.server("#join Alex", "#chat Alex hello there", "#leave Alex")
        told(bench, "left", "Alex")
        assert bench.engine.stop_server()
        told(bench, "stop", 0)
        everything = heard(bench)
        module = bench.module("recorder")
    assert module.heard[-2:] == [("mcdr_stop",), ("unload",)]
    events = [one for one in everything if one[0] != "info"]
    assert events == [
        ("load", None),
        ("mcdr_start",),
        ("start_pre",),
        ("start",),
        ("startup",),
        ("joined", "Alex", "Alex[" if form == "vanilla" else "Alex "),
        ("user", "Alex", "hello there"),
        ("left", "Alex"),
        ("stop", 0),
    ]
    assert ("info", "Starting minecraft server version 1.20.4") in everything
    assert ("info", "hello there") in everything


@pytest.mark.feature("M31")
def test_a_crash_is_told_with_its_code_and_a_script_starts_the_server_again(tmp_path):
    again = (
        "def on_server_stop(server, code):\n    if code and not server.is_server_running():\n        server.start()\n"
    )
    with console(tmp_path, {"recorder.py": RECORDER, "again.py": again}) as bench:
        bench.start()
        bench.server("#crash 3")
        told(bench, "stop", 3)
        bench.wait(lambda: heard(bench).count(("startup",)) == 2, "it runs again")


def test_a_server_that_does_not_end_is_killed_with_the_console(tmp_path, caplog):
    with console(tmp_path, {"recorder.py": RECORDER}, stop_seconds=0.2) as bench:
        bench.start()
        bench.server("#hang")
        process = bench.engine.process
    assert not process.runs
    assert "it is killed" in caplog.text


def test_a_restart_waits_for_the_end_and_starts_anew(tmp_path):
    with console(tmp_path, {"recorder.py": RECORDER}) as bench:
        assert bench.engine.server.restart() is False
        bench.start()
        first = bench.engine.server.get_server_pid()
        assert bench.engine.server.restart() is True
        bench.wait(lambda: bench.engine.started, "it is ready again")
        assert bench.engine.server.get_server_pid() not in (None, first)
        assert bench.engine.server.get_server_pid_all() == [bench.engine.server.get_server_pid()]


def test_a_server_that_cannot_be_started_is_told(tmp_path, caplog):
    with console(tmp_path, {"recorder.py": RECORDER}, command="there-is-no-such-program --nogui") as bench:
        assert bench.engine.server.start() is False
        assert "there-is-no-such-program cannot be started" in caplog.text
        assert bench.engine.server.stop() is False
        assert bench.engine.server.is_server_running() is False


@pytest.mark.parametrize("command", ["java 'unclosed", ""])
def test_a_command_that_is_none_is_told(tmp_path, caplog, command):
    with console(tmp_path, command=command) as bench:
        assert bench.engine.start_server() is False
    assert "command" in caplog.text


@pytest.mark.feature("M27", "M42", "U6", "U7")
def test_listeners_are_called_in_the_order_of_their_priorities_and_a_failing_one_stops_nobody(tmp_path):
    text = """
from mcdreforged.api.all import *
order = []

def on_load(server, old):
    server.register_event_listener('mcdr.user_info', lambda server, info: order.append('late'), priority=2000)
    server.register_event_listener(MCDRPluginEvents.USER_INFO, fails, priority=500)

def fails(server, info):
    order.append('first')
    raise ValueError('no')

def on_user_info(server, info):
    order.append('default')

@event_listener('mcdr.user_info', priority=700)
async def early(server, info):
    order.append('decorated')

@event_listener(MCDRPluginEvents.USER_INFO)
def one_argument(server):
    order.append('short')
"""
    with console(tmp_path, {"order.py": text}) as bench:
        bench.type("hello")
        order = bench.module("order").order
        bench.wait(lambda: len(order) == 5, order)
        assert [one for one in order if one != "decorated"] == ["first", "default", "short", "late"]
        assert "decorated" in order, "a coroutine is begun in its turn, and nobody waits for it"
        assert bench.engine.scripts.find("order").errors == 1


@pytest.mark.feature("M40", "U7")
def test_scripts_send_events_of_their_own(tmp_path):
    sender = """
from mcdreforged.api.all import LiteralEvent, PluginEvent
PLUGIN_METADATA = {'id': 'sender'}

def on_user_info(server, info):
    server.dispatch_event(LiteralEvent('sender.done'), (info.content, 7))
    try:
        server.dispatch_event('mcdr.general_info', ())
    except ValueError as error:
        problems.append(str(error))

problems = []
"""
    listener = """
def on_load(server, old):
    server.register_event_listener('sender.done', lambda server, text, number: heard.append((text, number)))

heard = []
"""
    with console(tmp_path, {"sender.py": sender, "listener.py": listener}) as bench:
        bench.type("work")
        assert heard(bench, "listener") == [("work", 7)]
        assert bench.module("sender").problems == ["mcdr.general_info is sent by the console alone"]


@pytest.mark.feature("M28", "M29")
def test_an_info_says_who_wrote_it_and_can_be_kept_from_the_server(tmp_path):
    text = """
def on_info(server, info):
    if info.content == 'secret':
        info.cancel_send_to_server()
    kept.append(info)

kept = []
"""
    with console(tmp_path, {"keeper.py": text}) as bench:
        bench.start()
        bench.type("secret")
        bench.type("open")
        bench.until("did: open")
        bench.chat("Alex", "hi")
        bench.until("<Alex> hi")
        bench.settled()
        by_content = {info.content: info for info in bench.module("keeper").kept}
        player, typed, server = (
            by_content["hi"],
            by_content["open"],
            by_content["Starting minecraft server version 1.20.4"],
        )
        assert (player.is_player, player.is_user, player.is_from_server, player.source) == (True, True, True, 0)
        assert (typed.is_player, typed.is_user, typed.is_from_console, typed.source) == (False, True, True, 1)
        assert (server.is_user, server.player, server.logging_level) == (False, None, "INFO")
        assert 0 <= server.hour < 24
        assert player.raw_content.endswith("<Alex> hi")
        assert player.get_server() is bench.engine.server
        assert player.to_command_source().player == "Alex"
        with pytest.raises(TypeError):
            server.to_command_source()
    assert not any("did: secret" in line for line in bench.shown)


@pytest.mark.feature("U16")
def test_threads_of_scripts_return_values_and_their_failures_are_their_scripts(tmp_path, caplog):
    text = """
from mcdreforged.api.all import *
results = []

@new_thread
def works(number):
    return number * 2

@new_thread('worker of mine')
def breaks():
    raise ValueError('in a thread')

@spam_proof
def once(inner):
    if inner:
        results.append(once(False))

def on_load(server, old):
    thread = works(21)
    results.append(thread.get_return_value(block=True))
    results.append(works.original(1))
    breaks().join()
    results.append(once(True))
    results.append(server.psi().get_self_metadata().id)
    results.append(ServerInterface.get_instance() is server.as_basic_server_interface())
"""
    with console(tmp_path, {"threads.py": text}) as bench:
        assert bench.module("threads").results == [42, 2, True, True, "threads", True]
        assert bench.engine.scripts.find("threads").errors == 1
    assert "threads (threads.py) failed in thread worker of mine" in caplog.text


def test_an_info_filter_keeps_lines_from_everyone(tmp_path):
    text = """
from mcdreforged.api.types import InfoFilter

class NoSpam(InfoFilter):
    def filter_server_info(self, info):
        return 'spam' not in info.content

def on_load(server, old):
    server.register_info_filter(NoSpam())

def on_info(server, info):
    heard.append(info.content)

heard = []
"""
    with console(tmp_path, {"quiet.py": text}) as bench:
        bench.start()
        bench.server("#raw spam and more", "#raw something else")
        bench.wait(lambda: "something else" in heard(bench, "quiet"))
        assert "spam and more" not in heard(bench, "quiet")


def test_a_filter_that_fails_keeps_nothing_from_the_others(tmp_path, caplog):
    failing = """
from mcdreforged.api.types import InfoFilter

class Broken(InfoFilter):
    def filter_server_info(self, info):
        raise RuntimeError('no idea')

def on_load(server, old):
    server.register_info_filter(Broken())
"""
    hearing = """
heard = []

def on_info(server, info):
    heard.append(info.content)
"""
    with console(tmp_path, {"broken.py": failing, "hearing.py": hearing}) as bench:
        bench.start()
        bench.server("#raw something")
        bench.wait(lambda: "something" in heard(bench, "hearing"))
    assert "broken (broken.py) failed in its filter" in caplog.text


def test_a_line_that_own_patterns_take_for_a_time_is_told_and_the_next_one_is_read(tmp_path, caplog):
    line = r"(?P<hour>\w+)-(?P<minute>\w+)-(?P<second>\w+) (?P<content>.*)|(?P<rest>.*)"
    with console(tmp_path) as bench:
        bench.start()
        bench.engine.arrangement = replace(
            bench.engine.arrangement, dialect=bench.engine.arrangement.dialect.with_changes({"line": line})
        )
        bench.server("#raw a-b-c odd", "#raw plain")
        bench.until("plain")
    assert "the line 'a-b-c odd' cannot be taken apart" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="a process is halted by a signal")
def test_a_server_that_reads_no_more_holds_up_neither_scripts_nor_the_stop(tmp_path, caplog):
    script = (
        "flood = 0\n"
        "def on_user_info(server, info):\n"
        "    global flood\n"
        "    for flood in range(5000):\n"
        "        server.execute('say ' + 'x' * 1000)\n"
    )
    with console(tmp_path, {"bridge.py": script}, stop_seconds=0.1) as bench:
        bench.start()
        pid = bench.engine.process.pid
        os.kill(pid, signal.SIGSTOP)
        bench.type("go")
        assert bench.module("bridge").flood == 4999
        assert not all(bench.engine.process.send("x" * 1000) for _ in range(100)), "what nobody reads is bounded"
        bench.engine.stop()
        assert not bench.engine.process.runs
    assert "it is killed" in caplog.text


def test_a_task_that_nobody_waits_for_any_more_ends_no_thread(tmp_path):
    script = "heard = []\ndef on_user_info(server, info):\n    heard.append(info.content)\n"
    with console(tmp_path, {"slow.py": script}) as bench:
        go_on = threading.Event()
        held = bench.engine.executor.submit(lambda: go_on.wait(20))
        behind = bench.engine.executor.submit(lambda: None)
        bench.wait(held.running, "it runs")
        assert not held.cancel()
        assert behind.cancel()
        go_on.set()
        assert held.result(20)
        bench.type("still there")
        assert bench.module("slow").heard == ["still there"]
