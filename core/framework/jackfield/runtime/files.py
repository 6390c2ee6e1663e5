"""An open file of a plugin, used through its descriptor in whichever process the plugin runs."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self

from jackfield.errors import PluginError, UsageError
from jackfield.runtime.scopes import Opened

MOST_READ_BYTES = 64 * 1024 * 1024
"""Of a file that is read at once: a plugin's mistake must not fill the memory."""

_PART_BYTES = 1024 * 1024


class ScopedFile:
    """A file that a plugin opened; it is closed with its scope.

    Args:
        descriptor: of the file.
        shown: its path, for errors.
        run: does in another thread what waits for the file.
    """

    on_loop: ClassVar[bool] = True
    opened: Opened

    def __init__(self, descriptor: int, shown: str, *, run: Callable[..., Awaitable[Any]] = asyncio.to_thread) -> None:
        self._descriptor: int | None = descriptor
        self._shown = shown
        self._run = run
        self._using = threading.Lock()  # a descriptor that is closed while it is read could be another file's by then
        self._is_over = False

    async def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size`; -1: all that are left."""
        found: bytes = await self._run(self._read, size)
        return found

    async def write(self, data: bytes) -> None:
        """Write all of `data` where the file stands."""
        await self._run(self._write, bytes(data))

    async def seek(self, offset: int) -> None:
        """Go on at this byte, counted from the beginning."""
        await self._run(self._seek, offset)

    def close(self) -> None:
        """Close it now."""
        self.opened.close()

    def end(self) -> None:
        """Close the descriptor, for the scope; where it is in use, whoever uses it does so afterwards.

        What reads or writes takes as long as the disk does, and an event loop must not wait for that.
        """
        self._is_over = True
        self._close_unused()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        self.close()

    def _read(self, size: int) -> bytes:
        with self._used() as descriptor:
            return read_bounded(descriptor, self._shown, size)

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        with self._used() as descriptor:
            while left:
                left = left[os.write(descriptor, left) :]

    def _seek(self, offset: int) -> None:
        with self._used() as descriptor:
            os.lseek(descriptor, offset, os.SEEK_SET)

    @contextmanager
    def _used(self) -> Iterator[int]:
        """Give the descriptor, which stays open for the block.

        Raises:
            PluginError: it was closed.
        """
        try:
            with self._using:
                if self._is_over or self._descriptor is None:
                    raise PluginError(f"{self._shown} is closed")
                yield self._descriptor
        finally:
            self._close_unused()

    def _close_unused(self) -> None:
        """Close the descriptor if nobody wants it any more and nobody uses it; who does comes here afterwards."""
        if self._is_over and self._using.acquire(blocking=False):
            try:
                descriptor, self._descriptor = self._descriptor, None
                if descriptor is not None:
                    os.close(descriptor)
            finally:
                self._using.release()


def read_bounded(descriptor: int, shown: str, size: int = -1) -> bytes:
    """Return the next bytes of a file, at most `size`, -1: all.

    Raises:
        UsageError: more than 64 MiB are meant.
    """
    wanted = MOST_READ_BYTES + 1 if size < 0 else min(size, MOST_READ_BYTES)
    left = os.fstat(descriptor).st_size - os.lseek(descriptor, 0, os.SEEK_CUR)
    if size < 0 and left > MOST_READ_BYTES:
        raise _too_large(shown)
    # All of it at once where its size is told, so that it is in memory once and not in parts and together.
    parts = [os.read(descriptor, min(wanted, max(left + 1, _PART_BYTES)))]
    found = len(parts[0])
    while parts[-1] and found < wanted:
        parts.append(os.read(descriptor, min(wanted - found, _PART_BYTES)))
        found += len(parts[-1])
    if found > MOST_READ_BYTES:
        raise _too_large(shown)
    return parts[0] if found == len(parts[0]) else b"".join(parts)


def text_of(data: bytes, encoding: str, shown: str) -> str:
    """Return a file's content as text.

    Raises:
        UsageError: it is none of that encoding, or there is no such encoding.
    """
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError) as error:
        raise UsageError(f"{shown} is no {ascii(encoding)[1:-1]}: {error}") from error


def data_of(text: str, encoding: str, shown: str) -> bytes:
    """Return a text as the content of a file; as `text_of`."""
    try:
        return text.encode(encoding)
    except (UnicodeError, LookupError) as error:
        raise UsageError(f"what {shown} shall hold is no {ascii(encoding)[1:-1]}: {error}") from error


def _too_large(shown: str) -> UsageError:
    return UsageError(f"{shown} is larger than {MOST_READ_BYTES} bytes; open it and read a part at a time")
