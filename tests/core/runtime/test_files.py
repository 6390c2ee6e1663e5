"""A file that is closed, or moved in, while it is read or written: nobody's event loop waits for the disk."""

from __future__ import annotations

import asyncio
import os

import pytest
from jackfield.errors import PluginError
from jackfield.runtime import ScopedFile

from tests.support.waiting import until

MORE_THAN_A_PIPE_HOLDS = bytes(1 << 20)


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@pytest.fixture
def pipe():
    """Both ends of what takes nothing more before somebody reads, as a disk that is slow."""
    read, write = os.pipe()
    yield read, write
    os.close(read)
    if is_open(write):
        os.close(write)


async def being_written(file: ScopedFile) -> asyncio.Task[None]:
    writing = asyncio.create_task(file.write(MORE_THAN_A_PIPE_HOLDS))
    await until(file._using.locked)
    return writing


def read_all(descriptor: int) -> None:
    left = len(MORE_THAN_A_PIPE_HOLDS)
    while left:
        left -= len(os.read(descriptor, left))


async def test_a_file_that_is_written_is_closed_when_that_is_over_and_nobody_waits(pipe):
    read, write = pipe
    file = ScopedFile(write, "slow")
    writing = await being_written(file)
    file.end()
    with pytest.raises(PluginError, match="slow is closed"):
        await asyncio.gather(asyncio.to_thread(read_all, read), file.write(b"more"))
    await writing
    assert not is_open(write)
    file.end()


async def test_going_on_elsewhere_in_a_file_that_is_written_holds_up_no_event_loop(pipe):
    read, write = pipe
    file = ScopedFile(write, "slow")
    writing, seeking = await being_written(file), asyncio.create_task(file.seek(0))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not seeking.done()
    await asyncio.to_thread(read_all, read)
    await writing
    with pytest.raises(OSError, match="Illegal seek"):
        await seeking
    file.end()
    assert not is_open(write)


async def test_a_file_that_nobody_uses_is_closed_at_once(tmp_path):
    descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    file = ScopedFile(descriptor, "file")
    await file.write(b"one two")
    await file.seek(4)
    assert await file.read() == b"two"
    file.end()
    assert not is_open(descriptor)
    with pytest.raises(PluginError, match="file is closed"):
        await file.read()
