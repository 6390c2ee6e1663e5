"""`context.files` and `context.environment`: what is the user's, path by path and name by name as it was granted."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ParamSpec, TypeVar

from jackfield.api import FileEntry, OpenMode, PathText
from jackfield.errors import PermissionDenied, UsageError
from jackfield.host.facets.beneath import Beneath
from jackfield.host.facets.granted_paths import Place, above, meets, place_of
from jackfield.host.facets.own_threads import OwnThreads
from jackfield.host.facets.permits import Permits
from jackfield.runtime import Scope, ScopedFile, data_of, text_of

_ACTIONS: Mapping[OpenMode, tuple[str, ...]] = {
    "rb": ("read",),
    "wb": ("write",),
    "ab": ("write",),
    "r+b": ("read", "write"),
}

P = ParamSpec("P")
T = TypeVar("T")


class PluginFiles:
    """`context.files` of one plugin.

    Args:
        plugin: its id.
        scope: what open files belong to.
        permits: its grant.
        beneath: does what is asked.
        threads: in which it does.
    """

    def __init__(self, plugin: str, scope: Scope, permits: Permits, beneath: Beneath, threads: OwnThreads) -> None:
        self._plugin = plugin
        self._scope = scope
        self._permits = permits
        self._beneath = beneath
        self._threads = threads

    async def read_bytes(self, path: PathText) -> bytes:
        """Return a file's content."""
        return await self._do("read", self._beneath.read, self._place("read", path))

    async def read_up_to(self, path: PathText, most_bytes: int) -> tuple[bytes | None, int]:
        """Return a file's content and its size; None for the content of one that is larger than so many bytes."""
        return await self._do("read", self._beneath.read_up_to, self._place("read", path), most_bytes)

    async def read_text(self, path: PathText, encoding: str = "utf-8") -> str:
        """Return a file's content as text."""
        return text_of(await self.read_bytes(path), encoding, os.fspath(path))

    async def write_bytes(self, path: PathText, data: bytes) -> None:
        """Put a file in the place of another, or anew."""
        await self._do("write", self._beneath.replace, self._place("write", path), bytes(data))

    async def write_text(self, path: PathText, text: str, encoding: str = "utf-8") -> None:
        """The same for text."""
        await self.write_bytes(path, data_of(text, encoding, os.fspath(path)))

    async def open(self, path: PathText, mode: OpenMode = "rb") -> ScopedFile:
        """Open a regular file."""
        descriptor, shown = await self.open_descriptor(path, mode)
        file = ScopedFile(descriptor, shown, run=self._threads.run)
        file.opened = self._scope.begin(f"file {shown}", file.end, allowed=partial(self._may, os.fspath(path), mode))
        return file

    async def open_descriptor(self, path: PathText, mode: OpenMode = "rb") -> tuple[int, str]:
        """Open a regular file and return its descriptor, to be closed by who asked, and its path for errors."""
        if mode not in ("rb", "wb", "ab", "r+b"):
            raise UsageError(f"{self._plugin}: a file is opened rb, wb, ab or r+b, not {mode!r}", plugin=self._plugin)
        action = "read" if mode == "rb" else "write"
        place = self._place(action, path)
        if mode == "r+b":
            self._place("read", path)
        what = f"file {place.shown}"
        self._scope.require_open(what)
        return await self._do(action, self._beneath.open, place, mode), place.shown

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
        """Move a file or folder; nothing is moved from where it may not be read to where it may be."""
        before, after = self._place("write", source), self._place("write", target)
        readable = self._permits.limits("files", "read")
        if readable is not None and meets(os.fspath(target), readable):
            self._place("read", source)
        for action in ("read", "write"):
            granted = above(os.fspath(target), self._permits.limits("files", action) or ())
            if granted is not None:
                self._permits.count("files", "write")
                raise PermissionDenied(
                    f"{self._plugin}: {os.fspath(target)} would hold {granted}, which is granted by itself: a link on "
                    "the way to that would be followed as its user's own",
                    plugin=self._plugin,
                )
        await self._do("write", self._beneath.move, before, after)

    def _may(self, shown: str, mode: OpenMode) -> bool:
        """Say whether a file that was opened so is still within what is granted; not counted."""
        for action in _ACTIONS[mode]:
            limits = self._permits.limits("files", action)
            if limits is None or place_of(shown, limits, follow_last=action == "read") is None:
                return False
        return True

    def _place(self, action: str, path: PathText, *, follow_last: bool | None = None) -> Place:
        shown = os.fspath(path)
        if not isinstance(shown, str):
            raise UsageError(f"{self._plugin}: a path is text, not {type(shown).__name__}", plugin=self._plugin)
        try:
            nameless = b"\0" in os.fsencode(shown)
        except UnicodeEncodeError:  # half a surrogate pair that stands for no byte of a name
            nameless = True
        if nameless:
            raise UsageError(f"{self._plugin}: no file can be called {shown!a}", plugin=self._plugin)
        limits = self._permits.limits("files", action)
        follow_last = action == "read" if follow_last is None else follow_last
        place = place_of(shown, limits, follow_last=follow_last) if limits is not None else None
        if place is None:
            raise self._permits.refusal("files", action, shown)
        return place

    async def _do(self, action: str, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        before = self._permits.limits("files", action)

        def in_turn() -> T:
            if self._permits.limits("files", action) != before:  # what is asked for can wait for a thread for minutes
                self._require_still(action, [one for one in arguments if isinstance(one, Place)])
            return work(*arguments, **named)

        try:
            return await self._threads.run(in_turn)
        except PermissionDenied as error:  # a link, or the host's own folder
            self._permits.count("files", action)
            raise PermissionDenied(f"{self._plugin}: {error.message}", plugin=self._plugin) from None

    def _require_still(self, action: str, places: Sequence[Place]) -> None:
        limits = self._permits.limits("files", action)
        for place in places:
            if limits is None or place_of(place.shown, limits, follow_last=False) is None:
                raise PermissionDenied(f"files:{action} was taken back for {place.shown} before its turn came")


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
        try:
            return os.environ.get(name, default)
        except UnicodeEncodeError:  # no variable can be called so
            return default
