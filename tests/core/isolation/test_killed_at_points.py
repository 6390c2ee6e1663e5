"""Host, zygote and worker killed at exact points of a worker's start: who waits is told, and no process is left."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from jackfield.errors import SandboxError
from jackfield.isolation import Packages, Zygote, ZygoteLostError, packages_of
from jackfield.sandbox import Grade, grade_of, probe

from tests.support.processes import is_there, wait_for
from tests.support.waiting import until
from tests.support.workers import running, spec_in, tell

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(grade_of(probe()) is not Grade.FULL, reason="this machine does not give every grade"),
]
ROOT = Path(__file__).parents[3]

# Loaded by the zygote. Whoever reaches a point for which there is a mark does there what the mark says.
POINTS = """
import os, pathlib, random, signal, time
from jackfield.sandbox import capabilities
from jackfield.worker import bootstrap

HERE = pathlib.Path(__file__).parent

def wish(point):
    mark = HERE / point
    if not mark.exists():
        return None
    wish = mark.read_text()
    mark.unlink()
    (HERE / "reached.part").write_text(str(os.getpid()))
    (HERE / "reached.part").rename(HERE / "reached")
    return wish

def act(wish):
    if wish == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    while wish == "wait":
        time.sleep(600)
    while wish == "spin":  # who is at work is not taken to stand still, and has no successor meanwhile
        pass

def before(owner, name, point):
    function = getattr(owner, name)
    def reached(*arguments, **keywords):
        act(wish(point))
        return function(*arguments, **keywords)
    setattr(owner, name, reached)

before(os, "pidfd_open", "the zygote has forked and not answered")
before(bootstrap, "end_with_parent", "the worker is not tied to the zygote")
before(random, "seed", "the worker was born")
before(bootstrap, "confine", "the worker has its spec")
confine, drop, wished = bootstrap.confine, capabilities.drop, []

def confining(*arguments):
    wished.append(wish("the worker is in its private root"))
    return confine(*arguments)

def dropping():
    act(wished.pop())
    return drop()

bootstrap.confine, capabilities.drop = confining, dropping
"""
IN_ZYGOTE = "the zygote has forked and not answered"
IN_WORKER = (
    "the worker is not tied to the zygote",
    "the worker was born",
    "the worker has its spec",
    "the worker is in its private root",
)

KILLED_AS_IT_LOADS = """
import os, pathlib, signal

mark = pathlib.Path(__file__).with_name("killed")
if not mark.exists():
    mark.touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""

HOST = """
import asyncio, sys
from pathlib import Path
from tests.support.workers import spec_in
from tests.core.isolation.test_killed_at_points import pointed

async def main():
    async with pointed(Path(sys.argv[1])) as zygote:
        print(zygote.pid, flush=True)
        await zygote.fork(spec_in(Path(sys.argv[1]) / "weather"))

asyncio.run(main())
"""


def packages(folder: Path) -> Packages:
    (folder / "points.py").write_text(POINTS)
    return Packages({**packages_of().named, "points": str(folder / "points.py")}, packages_of().metadata)


def pointed(folder: Path):
    """A zygote that knows the points."""
    return running(more=packages(folder), preload=("points",))


@pytest.fixture
async def zygote(tmp_path: Path) -> AsyncIterator[Zygote]:
    async with pointed(tmp_path) as one:
        yield one


def descendants(pid: int) -> set[int]:
    """The processes below one: of each of its threads."""
    try:
        told = [one.read_text() for one in Path(f"/proc/{pid}/task").glob("*/children")]
    except (FileNotFoundError, ProcessLookupError):
        return set()
    children = set(map(int, " ".join(told).split()))
    return children.union(*map(descendants, children))


async def works(zygote: Zygote, folder: Path) -> bool:
    child = await zygote.fork(spec_in(folder / "next"))
    answer = await tell(child, "told = 1")
    child.close()
    return bool(answer == 1)


@pytest.mark.feature("J25")
async def test_a_zygote_killed_between_fork_and_answer(zygote, tmp_path):
    (tmp_path / IN_ZYGOTE).write_text("wait")
    forking = asyncio.ensure_future(zygote.fork(spec_in(tmp_path / "weather")))
    await until((tmp_path / "reached").exists)
    still = int((tmp_path / "reached").read_text())
    (worker,) = await until(lambda: descendants(still))
    os.kill(still, signal.SIGKILL)
    child = await forking
    assert await tell(child, "told = 1") == 1, "it is of the next zygote"
    await until(lambda: not is_there(worker))
    assert await works(zygote, tmp_path)
    child.close()


@pytest.mark.feature("J25")
async def test_where_the_next_zygote_is_killed_too_it_is_said_that_no_plugin_did_it(zygote, tmp_path):
    (tmp_path / IN_ZYGOTE).write_text("wait")
    forking = asyncio.ensure_future(zygote.fork(spec_in(tmp_path / "weather")))
    await until((tmp_path / "reached").exists)
    (tmp_path / IN_ZYGOTE).write_text("kill")
    os.kill(int((tmp_path / "reached").read_text()), signal.SIGKILL)
    with pytest.raises(SandboxError, match="weather has no worker: the process that forks workers has ended") as raised:
        await forking
    assert isinstance(raised.value.__cause__, ZygoteLostError)
    assert await works(zygote, tmp_path)


@pytest.mark.feature("J25")
@pytest.mark.parametrize("point", IN_WORKER)
async def test_a_zygote_killed_while_its_worker_is_on_its_way_is_made_up_for(zygote, tmp_path, point):
    (tmp_path / point).write_text("wait")
    forking = asyncio.ensure_future(zygote.fork(spec_in(tmp_path / "weather")))
    await until((tmp_path / "reached").exists)
    os.kill(zygote.pid, signal.SIGKILL)
    child = await forking
    assert await tell(child, "told = 1") == 1
    child.close()


@pytest.mark.feature("J25")
async def test_a_zygote_that_is_closed_while_it_forks_has_no_successor(zygote, tmp_path):
    (tmp_path / IN_ZYGOTE).write_text("wait")
    forking = asyncio.ensure_future(zygote.fork(spec_in(tmp_path / "weather")))
    await until((tmp_path / "reached").exists)
    await zygote.close()
    with pytest.raises(SandboxError, match="weather has no worker: the process that forks workers has ended"):
        await forking
    assert zygote.pid is None


@pytest.mark.feature("J25")
async def test_a_zygote_killed_while_it_loads_has_a_successor(tmp_path):
    (tmp_path / "kills.py").write_text(KILLED_AS_IT_LOADS)
    more = Packages({**packages_of().named, "kills": str(tmp_path / "kills.py")}, packages_of().metadata)
    async with running(more=more, preload=("kills",)) as zygote:
        assert (tmp_path / "killed").exists()
        assert await works(zygote, tmp_path)


@pytest.mark.feature("J25")
async def test_a_zygote_that_stands_still_between_fork_and_answer(zygote, tmp_path):
    (tmp_path / IN_ZYGOTE).write_text("wait")
    child = await zygote.fork(spec_in(tmp_path / "weather"))
    still = int((tmp_path / "reached").read_text())
    assert zygote.pid != still
    assert await tell(child, "told = 1") == 1
    await until(lambda: not is_there(still))
    child.close()


@pytest.mark.feature("J25")
@pytest.mark.parametrize("point", IN_WORKER)
async def test_a_worker_killed_before_it_is_confined(zygote, tmp_path, point):
    (tmp_path / point).write_text("kill")
    with pytest.raises(SandboxError, match="the worker of weather was killed by SIGKILL before it was confined"):
        await zygote.fork(spec_in(tmp_path / "weather"))
    await until(lambda: not descendants(zygote.pid))
    assert await works(zygote, tmp_path)


def _host(folder: Path) -> subprocess.Popen[str]:
    """A host in a process of its own that has its zygote."""
    command = [sys.executable, "-W", "ignore", "-c", HOST, str(folder)]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    if not process.stdout.readline():
        _, said = process.communicate()
        raise AssertionError(f"the host ended with {process.returncode} before it had a zygote:\n{said}")
    return process


@contextmanager
def host(folder: Path, point: str) -> Iterator[tuple[subprocess.Popen[str], set[int]]]:
    """A host whose worker is on its way, just at this point; with all processes below it."""
    (folder / point).write_text("spin" if point == IN_ZYGOTE else "wait")
    with _host(folder) as process:
        below: set[int] = set()
        try:
            wait_for((folder / "reached").exists, what=point)
            below = descendants(process.pid)
            yield process, below
        finally:
            process.kill()
            for pid in below:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


@pytest.mark.feature("J25")
@pytest.mark.parametrize("point", [IN_ZYGOTE, *IN_WORKER])
@pytest.mark.parametrize("killed", ["host", "zygote"])
def test_a_host_or_zygote_killed_while_a_worker_is_on_its_way_leaves_nothing(tmp_path, point, killed):
    with host(tmp_path, point) as (process, below):
        assert len(below) == 2
        (zygote,) = {pid for pid in below if descendants(pid)}
        os.kill(process.pid if killed == "host" else zygote, signal.SIGKILL)
        wait_for(lambda: not any(map(is_there, below)), what="the end of them all")
