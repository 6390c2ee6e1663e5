"""Processes that nothing confines, started as on systems without a zygote: both ways of it, run here on Linux."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from jackfield.errors import SandboxError
from jackfield.isolation import Line, PlainProcesses, Zygote
from jackfield.isolation.plain import MOST_KNOCKING
from jackfield.rpc import Link
from jackfield.runtime import Description
from jackfield.sandbox import Grade

from tests.support.processes import is_there, wait_for
from tests.support.waiting import until
from tests.support.workers import spec_in

pytestmark = pytest.mark.slow

CODE = """
import os, sys, time
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")
print("loaded")
ready = os.pipe()

class Weather(Plugin):
    @hookimpl
    def told(self, text: str):
        if text == "who":
            return str(os.getpid())
        if text.startswith("start"):
            started = os.fork()
            if not started:
                if text.endswith("apart"):
                    os.setsid()
                os.write(ready[1], b"x")
                time.sleep(600)
                os._exit(0)
            os.read(ready[0], 1)
            return str(started)
        if text == "imports":
            try:
                import httpx
            except ImportError:
                return "no httpx"
        if text == "secret":
            return os.environ.get("SECRET", "none")
        return text.upper()
"""


@pytest.fixture(params=[False, True], ids=["inherited socket", "loopback"])
async def processes(request: pytest.FixtureRequest) -> AsyncIterator[PlainProcesses]:
    processes = PlainProcesses(loopback=request.param)
    yield processes
    await processes.close()


def spec(folder: Path):
    made = spec_in(folder, grade=Grade.PROCESS)
    (Path(made.paths[0]) / "weather.py").write_text(CODE)
    return made


async def test_a_plugin_loads_and_answers_and_imports_nothing_of_its_hosts(processes, tmp_path, caplog, monkeypatch):
    monkeypatch.setenv("SECRET", "of the host")
    caplog.set_level("INFO")
    child = await processes.fork(spec(tmp_path), name="Weather")
    line = Line(Link(child.socket, lambda _: None, peer="weather"), plugin="weather")
    await line.greet(timeout_seconds=20)
    described = await line.call("plugin.load", {"hooks": {"told": ""}}, Description, timeout_seconds=20)
    assert [one.name for one in described.hooks] == ["told"]
    asked = {text: await line.call("hook.told", {"text": text}, str) for text in ("who", "imports", "secret", "hi")}
    assert asked == {"who": str(child.pid), "imports": "no httpx", "secret": "none", "hi": "HI"}
    assert (child.grade, child.files, child.ended) == (Grade.PROCESS, None, None)
    await until(lambda: "printed: loaded" in caplog.text)
    line.close()
    how = await child.wait()
    assert str(how) == "ended with exit code 0"


async def test_it_is_killed_and_tells_how_it_ended(processes, tmp_path):
    child = await processes.fork(spec(tmp_path))
    os.kill(child.pid, signal.SIGKILL)
    assert str(await child.wait()) == "was killed by SIGKILL"
    child.kill()  # nothing happens
    child.close()


@pytest.mark.parametrize("apart", [False, True], ids=["in its group", "in a session of its own"])
async def test_its_end_is_told_whatever_it_has_started(processes, tmp_path, apart):
    """What it started holds its output and its link open."""
    child = await processes.fork(spec(tmp_path))
    line = Line(Link(child.socket, lambda _: None, peer="weather"), plugin="weather")
    await line.greet(timeout_seconds=20)
    await line.call("plugin.load", {"hooks": {"told": ""}}, Description, timeout_seconds=20)
    left = int(await line.call("hook.told", {"text": "start apart" if apart else "start"}, str))
    try:
        os.kill(child.pid, signal.SIGKILL)
        assert str(await asyncio.wait_for(child.wait(), 60)) == "was killed by SIGKILL"
        if apart:
            assert is_there(left)
        else:
            await until(lambda: not is_there(left))
    finally:
        if apart:
            os.kill(left, signal.SIGKILL)
        line.close()


async def test_where_a_zygote_forks_them_what_one_has_started_ends_with_it_too(tmp_path):
    zygote = Zygote()
    await zygote.start()
    try:
        child = await zygote.fork(spec(tmp_path))
        line = Line(Link(child.socket, lambda _: None, peer="weather"), plugin="weather")
        await line.greet(timeout_seconds=20)
        await line.call("plugin.load", {"hooks": {"told": ""}}, Description, timeout_seconds=20)
        left = int(await line.call("hook.told", {"text": "start"}, str))
        child.kill()
        assert str(await child.wait()) == "was killed by SIGKILL"
        await until(lambda: not is_there(left))
        line.close()
        child.close()
    finally:
        await zygote.close()


async def test_all_end_with_their_host(processes, tmp_path):
    children = [await processes.fork(spec(tmp_path / name)) for name in "ab" if not (tmp_path / name).mkdir()]
    await processes.close()
    assert all(child.ended is not None for child in children)
    assert not any(is_there(child.pid) for child in children)


async def test_only_what_its_user_runs_unconfined_has_a_process(processes, tmp_path):
    with pytest.raises(SandboxError, match=r"weather cannot be confined: that needs Linux, .* weather process runs it"):
        await processes.fork(spec_in(tmp_path))


async def test_one_that_cannot_be_started_says_so(tmp_path):
    for loopback in (False, True):
        processes = PlainProcesses(loopback=loopback, executable=str(tmp_path / "nothing"))
        with pytest.raises(SandboxError, match=r"weather has no process: .*No such file"):
            await processes.fork(spec(tmp_path))


async def test_a_start_is_told_more_than_a_pipe_takes_and_the_loop_goes_on(tmp_path):
    go, late = tmp_path / "go", tmp_path / "late"
    late.write_text(
        f'#!/bin/sh\nfor _ in $(seq 100); do [ -e {go} ] && exec {sys.executable} "$@"; sleep 0.1; done\nexit 3\n'
    )
    late.chmod(0o755)
    for loopback in (False, True):
        go.unlink(missing_ok=True)
        processes = PlainProcesses(loopback=loopback, executable=str(late))
        manifest = f'id = "weather"\n# {"much " * 50_000}'
        forked = asyncio.create_task(processes.fork(replace(spec(tmp_path), manifest=manifest)))
        await asyncio.sleep(0.1)  # it has written what the pipe takes
        go.touch()
        child = await forked
        line = Line(Link(child.socket, lambda _: None, peer="weather"), plugin="weather")
        await line.greet(timeout_seconds=20)
        line.close()
        await processes.close()


async def test_a_start_that_is_given_up_while_it_is_told_leaves_no_process(tmp_path):
    deaf = tmp_path / "deaf"
    deaf.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    deaf.chmod(0o755)
    processes = PlainProcesses(executable=str(deaf))
    manifest = f'id = "weather"\n# {"much " * 50_000}'
    forked = asyncio.create_task(processes.fork(replace(spec(tmp_path), manifest=manifest)))
    await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
    forked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await forked
    await until(lambda: not is_there(int((tmp_path / "pid").read_text())))


async def test_who_shows_no_key_or_another_one_is_nobody_and_keeps_nobody_out(tmp_path, monkeypatch):
    real = socket.create_server
    strangers: list[socket.socket] = []

    def crowded(address, **options):
        listener = real(address, **options, backlog=2 * MOST_KNOCKING)
        for said in (b"", b"x" * 64, b"f" * 10, *[b""] * MOST_KNOCKING):
            stranger = socket.create_connection(listener.getsockname())
            stranger.sendall(said)
            strangers.append(stranger)
        return listener

    monkeypatch.setattr(socket, "create_server", crowded)
    processes = PlainProcesses(loopback=True)
    child = await processes.fork(spec(tmp_path))
    line = Line(Link(child.socket, lambda _: None, peer="weather"), plugin="weather")
    await line.greet(timeout_seconds=20)
    for stranger in strangers:
        stranger.settimeout(10)
        assert await asyncio.to_thread(heard, stranger) == b"", "not a word, and it is closed"
        stranger.close()
    line.close()
    await processes.close()


def heard(connection: socket.socket) -> bytes:
    try:
        return connection.recv(100)
    except ConnectionResetError:
        return b""


HOST = """
import asyncio, sys, time
from pathlib import Path
from jackfield.isolation import PlainProcesses
from tests.core.isolation.test_plain import spec

async def main():
    child = await PlainProcesses().fork(spec(Path(sys.argv[1])))
    print(child.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def test_it_ends_when_its_host_is_killed(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOST, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as host:
        assert host.stdout is not None
        pid = int(host.stdout.readline())
        assert is_there(pid)
        host.kill()
    wait_for(lambda: not is_there(pid))
