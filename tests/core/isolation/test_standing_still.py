"""A zygote that is stopped or hangs: another takes its place, and the workers that it forked lose nothing by it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from jackfield.errors import SandboxError
from jackfield.isolation import Packages, Zygote, packages_of
from jackfield.isolation.measuring import is_at_work
from jackfield.isolation.silence import IDLE_LOOKS, SILENT_LOOKS, Silence
from jackfield.sandbox import Grade, grade_of, probe

from tests.support.processes import is_there
from tests.support.waiting import until
from tests.support.workers import spec_in, tell, told_zygote

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(grade_of(probe()) is not Grade.FULL, reason="this machine does not give every grade"),
]


@contextmanager
def stopped(pid: int | None) -> Iterator[int]:
    """A process that is stopped meanwhile."""
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@pytest.mark.feature("J25")
async def test_another_zygote_takes_the_place_of_one_that_stands_still(own_zygote, tmp_path, caplog):
    first = await own_zygote.fork(spec_in(tmp_path / "first"))
    with stopped(own_zygote.pid) as still:
        second = await own_zygote.fork(spec_in(tmp_path / "second"))
        assert own_zygote.pid != still
        told = f"the process that forks workers stands still ({still}): another one is started"
        assert f"{told}, and this one is killed after its 1 workers" in caplog.messages
        assert await tell(first, "told = 1") == 1, "it lives on"
        assert await tell(second, "told = 2") == 2
        assert is_there(still), "its death would be that of its worker"
        first.kill()
        assert str(await first.wait()) == "was killed by SIGKILL"
        await until(lambda: not is_there(still) and not Path(f"/proc/{first.pid}").exists())
        third = await own_zygote.fork(spec_in(tmp_path / "third"))
    assert await tell(second, "told = 2") == 2
    for one in (first, second, third):
        one.close()


async def test_one_without_workers_is_killed_at_once(own_zygote, tmp_path, caplog):
    with stopped(own_zygote.pid) as still:
        child = await own_zygote.fork(spec_in(tmp_path))
        await until(lambda: not Path(f"/proc/{still}").exists())
    assert f"the process that forks workers stands still ({still}): another one is started" in caplog.messages
    assert await tell(child, "told = 1") == 1
    child.close()


async def test_many_that_wait_for_it_all_have_a_worker_of_the_next(own_zygote, tmp_path):
    kept = await own_zygote.fork(spec_in(tmp_path / "kept"))
    with stopped(own_zygote.pid) as still:
        specs = [spec_in(tmp_path / str(number), plugin=f"weather-{number}") for number in range(30)]
        children = await asyncio.gather(*(own_zygote.fork(spec) for spec in specs))
        assert [await tell(child, "told = spec.plugin") for child in children] == [spec.plugin for spec in specs]
        assert own_zygote.pid not in (still, None)
    await own_zygote.close()
    assert not any(is_there(child.pid) for child in (kept, *children))
    assert not is_there(still)
    for child in (kept, *children):
        child.close()


async def test_one_that_goes_on_after_all_leaves_no_worker_that_nobody_waits_for(own_zygote, tmp_path):
    kept = await own_zygote.fork(spec_in(tmp_path / "kept"))
    with stopped(own_zygote.pid) as still:
        next_one = await own_zygote.fork(spec_in(tmp_path / "next"))
    late = Path(f"/proc/{still}/task/{still}/children")
    leaving = await own_zygote.fork(spec_in(tmp_path / "leaving"))
    await until(lambda: late.read_text().split() == [str(kept.pid)])
    kept.kill()
    assert str(await kept.wait()) == "was killed by SIGKILL"
    await until(lambda: not is_there(still))
    for child in (kept, next_one, leaving):
        child.close()


STOPS_AS_IT_LOADS = """
import os, pathlib, signal

folder = pathlib.Path({folder!r})
if len(list(folder.iterdir())) < {times}:
    (folder / str(os.getpid())).touch()
    os.kill(os.getpid(), signal.SIGSTOP)
"""


def stops(folder: Path, *, times: int) -> Zygote:
    """A zygote that is stopped while it loads, so often, and notes its number there."""
    module = folder / "stops.py"
    (stopped_ones := folder / "stopped").mkdir()
    module.write_text(STOPS_AS_IT_LOADS.format(folder=str(stopped_ones), times=times))
    published = packages_of()
    more = Packages({**published.named, "stops": str(module)}, published.metadata)
    return told_zygote(more, preload=("stops",))


async def test_another_one_takes_the_place_of_one_that_is_stopped_while_it_loads(tmp_path, caplog):
    zygote = stops(tmp_path, times=1)
    child = await zygote.fork(spec_in(tmp_path))
    (still,) = (int(one.name) for one in (tmp_path / "stopped").iterdir())
    assert f"the process that forks workers stands still ({still}): another one is started" in caplog.messages
    assert zygote.pid not in (still, None)
    assert not is_there(still)
    assert await tell(child, "told = 1") == 1
    await zygote.close()
    child.close()


async def test_where_each_is_stopped_who_waits_is_told(tmp_path):
    zygote = stops(tmp_path, times=1000)
    with pytest.raises(SandboxError, match="was stopped before it was ready, and so was the next one"):
        await zygote.start()
    gone = [int(one.name) for one in (tmp_path / "stopped").iterdir()]
    assert len(gone) == 2
    assert not any(is_there(one) for one in gone)
    await zygote.close()


def test_one_that_loads_may_sleep():
    sleeping = subprocess.Popen(["sleep", "60"])
    try:
        loading = Silence(sleeping.pid)
        assert not any(loading.lasts(at_start=True) for _ in range(SILENT_LOOKS * 2))
    finally:
        sleeping.kill()
        sleeping.wait()


@pytest.mark.parametrize(
    ("source", "how"),
    [
        ("os.kill(os.getpid(), 11)", "was killed by SIGSEGV"),
        ("os._exit(3)", "ended with exit code 3"),
        ("os._exit(0)", "ended with exit code 0"),
    ],
)
@pytest.mark.parametrize("grade", Grade)
async def test_how_a_worker_ended_is_told_by_the_kernel_while_its_zygote_stands_still(
    own_zygote, tmp_path, source, how, grade
):
    child = await own_zygote.fork(spec_in(tmp_path, grade=grade))
    with stopped(own_zygote.pid):
        with pytest.raises(EOFError):
            await tell(child, f"import os\n{source}")
        assert str(await child.wait()) == how
    child.close()


async def test_a_host_that_stood_still_itself_takes_no_zygote_for_it(own_zygote, tmp_path):
    first = own_zygote.pid
    forking = asyncio.ensure_future(own_zygote.fork(spec_in(tmp_path)))
    await asyncio.sleep(0)
    threading.Event().wait(4)  # the loop stands still for longer than a zygote may
    child = await forking
    assert own_zygote.pid == first
    child.close()


def test_one_that_is_at_work_has_longer_than_one_that_does_nothing():
    own = Silence(os.getpid())  # this process runs as long as it asks
    assert [own.lasts() for _ in range(SILENT_LOOKS)] == [False] * (SILENT_LOOKS - 1) + [True]
    own.broken()
    assert not own.lasts()
    assert not is_at_work(1 << 22), "nobody has that number"
    nobody = Silence(1 << 22)
    assert [nobody.lasts() for _ in range(IDLE_LOOKS)] == [False] * (IDLE_LOOKS - 1) + [True]
