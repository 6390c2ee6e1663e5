"""Files that a worker keeps where nobody finds their size: in no folder, and without a descriptor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from jackfield.isolation import Child, Supervisor, Watch, Watched, WorkerLimits, Zygote, measuring
from jackfield.isolation.watched import MOST_HIDDEN
from jackfield.sandbox import Grade

from tests.support.workers import Refused, spec_in, tell

pytestmark = [pytest.mark.slow, pytest.mark.feature("C27")]

MADE = """
import ctypes, os, pathlib, socket, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
pair = socket.socketpair()

def made(number):
    path = pathlib.Path.home() / str(number)
    path.write_bytes(b"x" * 4096)
    opened = os.open(path, os.O_RDWR)
    path.unlink()
    return opened

def mapped(number):
    opened = made(number)
    assert libc.mmap(None, 4096, 1, 1, opened, 0) not in (None, ctypes.c_void_p(-1).value)
    os.close(opened)

def sent(number):
    socket.send_fds(pair[0], [b"x"], [made(number)])
"""


@pytest.fixture
def supervisor(zygote: Zygote) -> Iterator[Supervisor]:
    one = Supervisor(lambda: zygote.pid)
    yield one
    one.close()


@asynccontextmanager
async def watched(
    zygote: Zygote, supervisor: Supervisor, folder: Path, grade: Grade
) -> AsyncIterator[tuple[Child, Watch, tuple[str, str]]]:
    limits = WorkerLimits()
    child = await zygote.fork(spec_in(folder, limits=limits, grade=grade))
    folders = (str(folder / "data"), str(folder / "temporary"))
    watch = supervisor.watch(child, Watched("weather", child.pid, limits, folders))
    try:
        yield child, watch, folders
    finally:
        watch.close()


@pytest.mark.parametrize("grade", [Grade.FULL, Grade.BASE])
async def test_who_holds_many_of_them_is_stopped(zygote, supervisor, tmp_path, grade):
    async with watched(zygote, supervisor, tmp_path, grade) as (child, watch, _):
        await tell(child, f"{MADE}\nfor number in range({MOST_HIDDEN} + 8): mapped(number)")
        async with asyncio.timeout(30):
            await watch.wait()
        assert watch.breach is not None
        assert watch.breach.limit == "data"
        assert (
            watch.breach.sentence
            == f"weather held {MOST_HIDDEN + 8} files that are in no folder any more and was stopped"
        )


async def test_a_few_are_a_librarys_that_was_loaded_and_deleted(zygote, supervisor, tmp_path):
    async with watched(zygote, supervisor, tmp_path, Grade.FULL) as (child, watch, folders):
        await tell(child, f"{MADE}\nfor number in range({MOST_HIDDEN}): mapped(number)\nkept = made(9)")
        assert measuring.hidden_files(child.pid, folders) == MOST_HIDDEN, "what is open is counted by its size"
        assert watch.breach is None


@pytest.mark.parametrize("grade", [Grade.FULL, Grade.BASE])
@pytest.mark.parametrize("way", ["sent(1)", "socket.send_fds(files, [b'x'], [made(1)])"], ids=["itself", "its host"])
async def test_nobody_is_sent_what_it_has_open(zygote, tmp_path, way, grade):
    """Descriptors that are on their way are seen by nobody, and a socket that is on its way can hide many more."""
    child = await zygote.fork(spec_in(tmp_path, grade=grade))
    with pytest.raises(Refused) as refused:
        await tell(child, f"{MADE}\n{way}")
    assert refused.value.kind == "PermissionError"
    child.close()
