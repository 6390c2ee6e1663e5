"""Whoever of host, zygote and worker is killed, whatever they were doing: no process is left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from jackfield.sandbox import Grade, grade_of, probe

from tests.support.processes import is_there, wait_for
from tests.support.waiting import until
from tests.support.workers import running, spec_in, tell, told_zygote

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(grade_of(probe()) is not Grade.FULL, reason="this machine does not give every grade"),
]
ROOT = Path(__file__).parents[3]

HOST = """
import asyncio, os, sys, threading
from pathlib import Path
from jackfield.sandbox import Grade
from tests.support.workers import spec_in, tell, told_zygote

async def main():
    zygote = told_zygote()
    children = [await zygote.fork(spec_in(Path(sys.argv[1]), grade=grade)) for grade in Grade]
    # One that never looks at its socket again.
    asyncio.ensure_future(tell(children[0], "while True: pass"))
    print(os.getpid(), zygote.pid, *(child.pid for child in children), flush=True)
    if sys.argv[2] == "hang":  # a copy of the host that holds all its descriptors, so that no socket is at its end
        if os.fork() == 0:
            os.setsid()
            print(os.getpid(), flush=True)
            import time
            time.sleep(600)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@contextmanager
def host(folder: Path, how: str) -> Iterator[tuple[list[int], subprocess.Popen[str]]]:
    """A host in a process of its own: its number, the zygote's, the workers'."""
    command = [sys.executable, "-W", "ignore", "-c", HOST, str(folder), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        pids = [int(word) for word in process.stdout.readline().split()]
        try:
            yield pids, process
        finally:
            process.kill()
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def test_a_killed_host_leaves_no_zygote_and_no_worker(tmp_path):
    with host(tmp_path, "plain") as (pids, process):
        assert len(pids) == 5
        assert all(map(is_there, pids))
        process.kill()
        wait_for(lambda: not any(map(is_there, pids)), what="the end of them all")


def test_a_killed_host_whose_sockets_somebody_holds_leaves_none_either(tmp_path):
    with host(tmp_path, "hang") as (pids, process):
        assert process.stdout is not None
        copy = int(process.stdout.readline())
        try:
            process.kill()
            wait_for(lambda: not any(map(is_there, pids)), what="the end of them all")
            assert is_there(copy)
        finally:
            os.kill(copy, signal.SIGKILL)


def test_a_killed_host_whose_zygote_was_stopped_leaves_none_either(tmp_path):
    """One worker toils, and looks at no socket: the kernel alone can end them."""
    with host(tmp_path, "plain") as (pids, process):
        os.kill(pids[1], signal.SIGSTOP)
        process.kill()
        wait_for(lambda: not any(map(is_there, pids)), what="the end of them all")


def test_a_killed_zygote_leaves_no_worker_and_the_host_goes_on(tmp_path):
    with host(tmp_path, "plain") as ((own, zygote, *workers), _):
        os.kill(zygote, signal.SIGKILL)
        wait_for(lambda: not any(map(is_there, workers)), what="the end of the workers")
        assert is_there(own)


@pytest.mark.feature("J25")
async def test_a_killed_worker_is_told_and_hurts_no_other(tmp_path):
    async with running() as zygote:
        first, second = [await zygote.fork(spec_in(tmp_path / name)) for name in ("first", "second")]
        os.kill(first.pid, signal.SIGKILL)
        assert str(await first.wait()) == "was killed by SIGKILL"
        assert await tell(second, "told = 2") == 2
        await until(lambda: not Path(f"/proc/{first.pid}").exists())  # reaped as well
        for child in (first, second):
            child.close()


async def test_a_worker_killed_while_it_answers_ends_the_wait(tmp_path):
    async with running() as zygote:
        child = await zygote.fork(spec_in(tmp_path))
        asked = asyncio.ensure_future(tell(child, "import time; time.sleep(600)"))
        await asyncio.sleep(0.05)
        child.kill()
        with pytest.raises(EOFError):
            await asked
        child.close()


THREADED = """
import asyncio, sys, threading
from pathlib import Path
from tests.support.workers import spec_in, tell, told_zygote

loop = asyncio.new_event_loop()
zygote = told_zygote()
starting = threading.Thread(target=lambda: loop.run_until_complete(zygote.start()))
starting.start()
starting.join()

async def main():
    child = await zygote.fork(spec_in(Path(sys.argv[1])))
    print(await tell(child, "told = 42"), flush=True)
    await asyncio.sleep(600)

loop.run_until_complete(main())
"""


def test_the_thread_that_started_the_zygote_may_end(tmp_path):
    """The kernel tells of the death of the thread that forked, and that is not the host's."""
    command = [sys.executable, "-c", THREADED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "42\n"
        finally:
            process.kill()


async def test_a_worker_that_ignores_every_signal_is_killed(tmp_path):
    async with running() as zygote:
        child = await zygote.fork(spec_in(tmp_path))
        await tell(child, "import signal\nfor one in set(signal.Signals) - {9, 19}: signal.signal(one, signal.SIG_IGN)")
        child.kill()
        assert str(await child.wait()) == "was killed by SIGKILL"
        child.close()


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "with a worker"])
def test_a_loop_that_is_closed_without_closing_the_zygote_leaves_no_process_and_no_warning(tmp_path: Path, busy: bool):
    loop = asyncio.new_event_loop()

    async def begun() -> int:
        zygote = told_zygote()
        await zygote.start()
        if busy:
            child = await zygote.fork(spec_in(tmp_path))
            child.socket.close()
            child.files.close()
        pid = zygote.pid
        assert pid is not None
        return pid

    pid = loop.run_until_complete(begun())
    loop.close()
    del loop
    gc.collect()  # a Popen that is dropped while its process runs warns, and a warning is a failure here
    assert not Path(f"/proc/{pid}").exists(), "it was waited for"


def test_a_program_that_ends_without_closing_its_zygote_waits_for_it(tmp_path: Path):
    code = (
        "import asyncio, sys\n"
        "from jackfield.isolation import Zygote\n"
        "zygote, loop = Zygote(), asyncio.new_event_loop()\n"
        "loop.run_until_complete(zygote.start())\n"
        "print(zygote.pid)\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "ResourceWarning: subprocess" not in done.stderr
    assert not Path(f"/proc/{int(done.stdout)}").exists()
