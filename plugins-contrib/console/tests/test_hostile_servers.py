"""Servers that write what they like, do not end when they should, or leave behind what holds their output open."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.console import Bench, console

pytestmark = pytest.mark.slow


RECORDER = """
heard = []
stops = []
def on_info(server, info): heard.append(info.content)
def on_server_stop(server, code): stops.append(code)
"""
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="groups of processes and signals")


def program(folder: Path, text: str) -> str:
    """What starts a server of this text."""
    file = folder / "program.py"
    file.write_text(text, encoding="utf-8")
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(file))}"


def stops(bench: Bench) -> list[int]:
    return list(bench.module("recorder").stops)


@pytest.fixture
def pids(tmp_path: Path) -> Iterator[Path]:
    """A file into which servers of a test write what they leave behind; that is ended at last."""
    file = tmp_path / "pids"
    yield file
    for pid in file.read_text(encoding="utf-8").split() if file.exists() else ():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


def test_megabytes_without_an_end_of_line_come_in_pieces_and_are_shown_shortened(tmp_path):
    text = "import sys\nsys.stdout.write('x' * (3 << 20) + '\\nend\\n')\nsys.stdout.flush()\nsys.stdin.read()\n"
    with console(tmp_path, {"recorder.py": RECORDER}, command=program(tmp_path, text), stop_seconds=0.1) as bench:
        assert bench.engine.start_server()
        heard = bench.module("recorder").heard
        bench.wait(lambda: "end" in heard)
        assert max(map(len, heard)) <= 64 * 1024
        assert sum(map(len, heard)) == (3 << 20) + 3
        assert max(map(len, bench.engine.tail)) <= 2001


def test_bytes_that_are_no_text_and_endless_blank_lines_reach_the_scripts_as_lines(tmp_path):
    text = (
        "import sys\nout = sys.stdout.buffer\n"
        "out.write(bytes(range(256)) + b'\\n' + b'\\xff\\xfe\\x00' + b'\\r\\n' + b'\\n' * 1000 + b'end')\n"
    )
    with console(tmp_path, {"recorder.py": RECORDER}, command=program(tmp_path, text)) as bench:
        assert bench.engine.start_server()
        bench.wait(lambda: stops(bench) == [0])
        heard = bench.module("recorder").heard
        assert heard[-1] == "end"
        assert "\ufffd\ufffd\x00" in heard
        assert heard.count("") == 1000
        for line in bench.engine.tail:
            line.encode("utf-8")


@POSIX
def test_a_server_that_leaves_a_process_of_another_group_behind_has_ended(tmp_path, pids, caplog):
    text = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)\n"
        f"open({str(pids)!r}, 'a').write(f'{{child.pid}} ')\nprint('gone', flush=True)\nsys.exit(4)\n"
    )
    with console(tmp_path, {"recorder.py": RECORDER}, command=program(tmp_path, text)) as bench:
        assert bench.engine.start_server()
        bench.wait(lambda: stops(bench) == [4])
        assert not bench.engine.process.runs
        assert "gone" in bench.module("recorder").heard
        assert bench.engine.start_server(), "it can be started again"
        bench.wait(lambda: stops(bench) == [4, 4])
    assert "holds its output open: that is not read any more" in caplog.text


@POSIX
def test_a_command_that_starts_the_server_and_ends_counts_as_running_until_that_is_asked_to_end(tmp_path, pids, caplog):
    child = "import time\nwhile True:\n    print('child', flush=True)\n    time.sleep(0.1)"
    text = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        f"open({str(pids)!r}, 'a').write(f'{{child.pid}} ')\n"
    )
    with console(tmp_path, {"recorder.py": RECORDER}, command=program(tmp_path, text)) as bench:
        assert bench.engine.start_server()
        bench.wait(lambda: "it counts as running until that ends, too" in caplog.text)
        assert bench.engine.process.runs
        begun = len(bench.module("recorder").heard)
        bench.wait(lambda: len(bench.module("recorder").heard) > begun + 3, "it is heard")
        bench.engine.stop_server()
        bench.wait(lambda: stops(bench) == [0])
        (pid,) = pids.read_text(encoding="utf-8").split()
        bench.wait(lambda: not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes())


@POSIX
def test_a_server_that_takes_no_signal_and_no_stop_is_killed_with_all_it_started(tmp_path, pids, caplog):
    text = (
        "import signal, subprocess, sys, time\n"
        "for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):\n    signal.signal(one, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)\n"
        f"open({str(pids)!r}, 'a').write(f'{{child.pid}} ')\nprint('up', flush=True)\n"
        "while True:\n    time.sleep(1)\n"
    )
    with console(tmp_path, {"recorder.py": RECORDER}, command=program(tmp_path, text), stop_seconds=0.2) as bench:
        assert bench.engine.start_server()
        recorder = bench.module("recorder")
        bench.wait(lambda: "up" in recorder.heard)
        begun = time.monotonic()
        bench.engine.stop()
        assert time.monotonic() - begun < 10
        assert not bench.engine.process.runs
        assert recorder.stops == [-9]
    assert "it is killed" in caplog.text


@POSIX
def test_a_server_that_dies_while_it_is_asked_to_end_is_told_once(tmp_path):
    text = "import os, sys\nprint('up', flush=True)\nsys.stdin.readline()\nos.kill(os.getpid(), 9)\n"
    with console(tmp_path, {"recorder.py": RECORDER}, command=program(tmp_path, text)) as bench:
        assert bench.engine.start_server()
        recorder = bench.module("recorder")
        bench.wait(lambda: "up" in recorder.heard)
        bench.engine.stop()
        assert recorder.stops == [-9]


@pytest.mark.feature("M31")
def test_a_script_that_starts_the_server_whenever_it_ends_is_held_back(tmp_path, caplog, monkeypatch):
    again = "import threading\ndef on_server_stop(server, code):\n    server.start()\n"
    scripts = {"again.py": again, "recorder.py": RECORDER}
    with console(tmp_path, scripts, command=program(tmp_path, "raise SystemExit(1)\n")) as bench:
        import chat_console.engine as engine

        monkeypatch.setattr(engine, "STARTS_SECONDS", 3600.0)
        assert bench.engine.start_server()
        bench.wait(lambda: "the server is not started" in caplog.text)
        bench.wait(lambda: len(stops(bench)) == 10)
        assert bench.engine.start_server() is False
        assert bench.engine.not_started == "it ended 10 times within 3600 s; see why, then start it again"


@pytest.mark.feature("M33")
def test_a_script_that_starts_the_server_whenever_it_ends_does_not_when_the_console_ends(tmp_path):
    again = "def on_server_stop(server, code):\n    server.start()\n"
    with console(tmp_path, {"again.py": again}) as bench:
        bench.start()
        process = bench.engine.process
    time.sleep(0.5)  # a server that came back would be there by now
    assert not process.runs
    assert process.pid is None


def test_a_command_that_no_system_takes_is_told(tmp_path, caplog):
    with console(tmp_path, command="'a\0b'") as bench:
        assert bench.engine.start_server() is False
    assert "cannot be started" in caplog.text
