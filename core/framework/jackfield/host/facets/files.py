"""`context.files` and `context.environment`: what is the user's, path by path and name by name as it was granted."""

import asyncio
import os
import threading
from collections.abc import Callable
from typing import Any, ClassVar, ParamSpec, Self, TypeVar

from jackfield.api import FileEntry, OpenMode, PathText
from jackfield.errors import PermissionDenied, PluginError, UsageError
from jackfield.host.facets.beneath import Beneath, Place, place_of, read_bounded
from jackfield.host.facets.permits import Permits
from jackfield.runtime import Opened, Scope

P = ParamSpec("P")
T = TypeVar("T")


class ScopedFile:
    """A file that a plugin opened; it is closed with its scope.

    Args:
        descriptor: of the file.
        shown: its path, for errors.
    """

    on_loop: ClassVar[bool] = True
    opened: Opened

    def __init__(self, descriptor: int, shown: str) -> None:
        self._descriptor: int | None = descriptor
        self._shown = shown
        self._using = threading.Lock()  # a descriptor that is closed while it is read could be another file's by then

    async def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size`; -1: all that are left."""
        return await asyncio.to_thread(self._read, size)

    async def write(self, data: bytes) -> None:
        """Write all of `data` where the file stands."""
        await asyncio.to_thread(self._write, bytes(data))

    async def seek(self, offset: int) -> None:
        """Go on at this byte, counted from the beginning."""
        with self._using:
            os.lseek(self._open(), offset, os.SEEK_SET)

    def close(self) -> None:
        """Close it now."""
        self.opened.close()

    def end(self) -> None:
        """Close the descriptor; for the scope."""
        with self._using:
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is not None:
                os.close(descriptor)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        self.close()

    def _read(self, size: int) -> bytes:
        with self._using:
            return read_bounded(self._open(), self._shown, size)

    def _write(self, data: bytes) -> None:
        with self._using:
            left = memoryview(data)
            while left:
                left = left[os.write(self._open(), left) :]

    def _open(self) -> int:
        if self._descriptor is None:
            raise PluginError(f"{self._shown} is closed")
        return self._descriptor


class PluginFiles:
    """`context.files` of one plugin.

    Args:
        plugin: its id.
        scope: what open files belong to.
        permits: its grant.
        beneath: does what is asked, off the loop's thread.
    """

    def __init__(self, plugin: str, scope: Scope, permits: Permits, beneath: Beneath) -> None:
        self._plugin = plugin
        self._scope = scope
        self._permits = permits
        self._beneath = beneath

    async def read_bytes(self, path: PathText) -> bytes:
        """Return a file's content."""
        return await self._do("read", self._beneath.read, self._place("read", path))

    async def read_text(self, path: PathText, encoding: str = "utf-8") -> str:
        """Return a file's content as text."""
        return (await self.read_bytes(path)).decode(encoding)

    async def write_bytes(self, path: PathText, data: bytes) -> None:
        """Put a file in the place of another, or anew."""
        await self._do("write", self._beneath.replace, self._place("write", path), bytes(data))

    async def write_text(self, path: PathText, text: str, encoding: str = "utf-8") -> None:
        """The same for text."""
        await self.write_bytes(path, text.encode(encoding))

    async def open(self, path: PathText, mode: OpenMode = "rb") -> ScopedFile:
        """Open a regular file."""
        if mode not in ("rb", "wb", "ab", "r+b"):
            raise UsageError(f"{self._plugin}: a file is opened rb, wb, ab or r+b, not {mode!r}", plugin=self._plugin)
        action = "read" if mode == "rb" else "write"
        place = self._place(action, path)
        if mode == "r+b":
            self._place("read", path)
        what = f"file {place.shown}"
        self._scope.require_open(what)
        file = ScopedFile(await self._do(action, self._beneath.open, place, mode), place.shown)
        file.opened = self._scope.begin(what, file.end)
        return file

    async def list(self, path: PathText) -> list[FileEntry]:
        """Return what a folder holds, by name."""
        return await self._do("read", self._beneath.list, self._place("read", path))

    async def stat(self, path: PathText) -> FileEntry | None:
        """Return what stands under a path; None where nothing does."""
        return await self._do("read", self._beneath.stat, self._place("read", path, follow_last=False))

    async def make_folder(self, path: PathText) -> None:
        """Make a folder."""
        await self._do("write", self._beneath.make_folder, self._place("write", path))

    async def delete(self, path: PathText) -> None:
        """Delete a file, a link, or an empty folder."""
        await self._do("write", self._beneath.delete, self._place("write", path))

    async def move(self, source: PathText, target: PathText) -> None:
        """Move a file or folder."""
        await self._do("write", self._beneath.move, self._place("write", source), self._place("write", target))

    def _place(self, action: str, path: PathText, *, follow_last: bool | None = None) -> Place:
        shown = os.fspath(path)
        if not isinstance(shown, str):
            raise UsageError(f"{self._plugin}: a path is text, not {type(shown).__name__}", plugin=self._plugin)
        limits = self._permits.limits("files", action)
        follow_last = action == "read" if follow_last is None else follow_last
        place = place_of(shown, limits, follow_last=follow_last) if limits is not None else None
        if place is None:
            raise self._permits.refusal("files", action, shown)
        return place

    async def _do(self, action: str, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        try:
            return await asyncio.to_thread(work, *arguments, **named)
        except PermissionDenied as error:  # a link, or the host's own folder
            self._permits.count("files", action)
            raise PermissionDenied(f"{self._plugin}: {error.message}", plugin=self._plugin) from None


class PluginEnvironment:
    """`context.environment` of one plugin.

    Args:
        permits: its grant.
    """

    def __init__(self, permits: Permits) -> None:
        self._permits = permits

    def get(self, name: str, default: Any = None) -> Any:
        """Return the variable's text, or `default`."""
        self._permits("environment", "read", name)
        return os.environ.get(name, default)
