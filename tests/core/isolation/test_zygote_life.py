"""How workers and their zygote begin and end: by themselves, killed, crashed, given up, and nothing is left of them."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
from pathlib import Path

import pytest
from jackfield.errors import SandboxError
from jackfield.isolation import Child, HowItEnded, Packages, WorkerSpec, Zygote, packages_of
from jackfield.sandbox import Grade, grade_of, probe

from tests.support.processes import is_there
from tests.support.waiting import until
from tests.support.workers import spec_in, tell, told_zygote

pytestmark = pytest.mark.skipif(grade_of(probe()) is not Grade.FULL, reason="this machine does not give every grade")


async def test_how_a_worker_ended_is_told(zygote, tmp_path):
    quitting, killed = [await zygote.fork(spec_in(tmp_path)) for _ in range(2)]
    with pytest.raises(EOFError):
        await tell(quitting, "import os; os._exit(3)")
    killed.kill()
    assert str(await quitting.wait()) == "ended with exit code 3"
    assert str(await killed.wait()) == "was killed by SIGKILL"
    assert quitting.ended == HowItEnded(3)
    killed.kill()  # it is gone, and nobody else is hit
    for child in (quitting, killed):
        child.close()


async def test_native_code_that_breaks_is_told_with_its_line(zygote, tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="chat.plugins.weather")
    child = await zygote.fork(spec_in(tmp_path))
    with pytest.raises(EOFError):
        await tell(child, "import ctypes; ctypes.string_at(1)")
    assert str(await child.wait()) == "was killed by SIGSEGV"
    assert "printed: Fatal Python error: Segmentation fault" in caplog.messages
    child.close()


@pytest.mark.slow
async def test_a_host_without_descriptors_is_told_and_loses_none(own_zygote, tmp_path):
    child = await own_zygote.fork(spec_in(tmp_path))
    before = open_descriptors()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for room in range(6):
        free = [number for number in range(soft) if number not in before]
        resource.setrlimit(resource.RLIMIT_NOFILE, (free[room], hard))
        try:
            with pytest.raises(SandboxError, match=r"weather has no worker: .*Too many open files"):
                await own_zygote.fork(spec_in(tmp_path))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert await tell(child, "told = 1") == 1
    child.close()
    await child.wait()
    await until(lambda: open_descriptors() <= before)


def open_descriptors() -> set[int]:
    """Those of this process, but for the one with which they are listed."""
    return {int(one.name) for one in list(Path("/proc/self/fd").iterdir()) if one.is_symlink()}


async def test_a_worker_ends_when_its_host_closes_the_socket(zygote, tmp_path):
    child = await zygote.fork(spec_in(tmp_path))
    child.socket.close()
    assert (await child.wait()).code == 0
    child.close()


@pytest.mark.slow
async def test_a_hundred_at_once_are_each_their_own(own_zygote, tmp_path):
    specs = [spec_in(tmp_path / str(number), plugin=f"weather-{number}") for number in range(100)]
    children = await asyncio.gather(*(own_zygote.fork(spec) for spec in specs))
    assert len({child.pid for child in children}) == 100
    for child, spec in zip(children, specs, strict=True):
        assert await tell(child, "told = [spec.plugin, spec.data_dir]") == [spec.plugin, spec.data_dir]
    await own_zygote.close()
    assert not any(is_there(child.pid) for child in children)
    for child in children:
        child.close()


async def test_a_caller_who_gives_up_leaves_no_worker(own_zygote, tmp_path):
    waiting = [asyncio.ensure_future(own_zygote.fork(spec_in(tmp_path))) for _ in range(5)]
    await asyncio.sleep(0)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    child = await own_zygote.fork(spec_in(tmp_path))
    await until(lambda: children_of(own_zygote.pid) == {child.pid})
    child.close()


def children_of(pid: int | None) -> set[int]:
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


async def test_a_zygote_that_cannot_load_says_so_and_leaves_nothing(caplog):
    zygote = told_zygote(preload=("nowhere_to_be_found",))
    with pytest.raises(SandboxError, match="did not get ready"):
        await zygote.start()
    assert "No module named 'nowhere_to_be_found'" in caplog.text
    assert zygote.pid is None


async def test_a_zygote_that_crashes_as_it_loads_is_told_from_one_that_somebody_kills(tmp_path, caplog):
    broken = tmp_path / "broken.py"
    broken.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")
    more = Packages({**packages_of().named, "broken": str(broken)}, packages_of().metadata)
    zygote = told_zygote(more=more, preload=("broken",))
    with pytest.raises(SandboxError, match=r"did not get ready \(the log of jackfield\.isolation says why\)"):
        await zygote.start()
    assert "the zygote of workers was killed by SIGSEGV" in caplog.text


async def test_an_interpreter_that_is_not_there_is_a_sentence():
    with pytest.raises(SandboxError, match=r"could not be started: .*nowhere"):
        await told_zygote(executable="/nowhere/python").start()


async def ready(tmp_path: Path) -> tuple[Zygote, Child, WorkerSpec]:
    zygote, spec = told_zygote(), spec_in(tmp_path)
    return zygote, await zygote.fork(spec), spec


@pytest.mark.slow
async def test_the_zygote_killed_takes_its_workers_with_it_and_is_started_again(tmp_path):
    zygote, child, spec = await ready(tmp_path)
    first = zygote.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert (await child.wait()).code is None
    assert str(child.ended) == "ended together with the process that forks all workers"
    await until(lambda: not is_there(child.pid) and not is_there(first))
    again = await zygote.fork(spec)
    assert zygote.pid != first
    assert await tell(again, "told = 1") == 1
    await zygote.close()
    assert not is_there(again.pid)
    for one in (child, again):
        one.close()


async def test_forks_that_wait_when_the_zygote_is_killed_are_made_by_the_next_one(tmp_path):
    zygote, child, spec = await ready(tmp_path)
    assert zygote.pid is not None
    os.kill(zygote.pid, signal.SIGSTOP)
    waiting = asyncio.ensure_future(zygote.fork(spec))
    await asyncio.sleep(0.05)
    os.kill(zygote.pid, signal.SIGKILL)
    late = await waiting
    await child.wait()
    assert await tell(late, "told = 1") == 1
    await zygote.close()
    for one in (child, late):
        one.close()
