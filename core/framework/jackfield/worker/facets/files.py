"""`context.files` and `context.environment` in a worker: the host looks and opens, an open file is used here."""

from __future__ import annotations

import os
from typing import Any, ClassVar, Self

from jackfield.api import FileEntry, OpenFile, OpenMode, PathText
from jackfield.errors import PluginError, UsageError
from jackfield.rpc import DescriptorReceiver
from jackfield.runtime import Opening, Scope, ScopedFile, data_of, text_of
from jackfield.worker.facets.asking import Asking


class RemoteFiles:
    """See `jackfield.api.Files`.

    Args:
        asking: leads to the host.
        scope: what open files belong to.
        descriptors: where they come from; None: the host keeps them open and reads and writes for us.
    """

    def __init__(self, asking: Asking, scope: Scope, descriptors: DescriptorReceiver | None) -> None:
        self._asking = asking
        self._scope = scope
        self._descriptors = descriptors

    async def read_bytes(self, path: PathText) -> bytes:
        """Return a file's content."""
        content: bytes = await self._asking.whole("files.read_bytes", {"path": self._text(path)}, bytes)
        return content

    async def read_text(self, path: PathText, encoding: str = "utf-8") -> str:
        """Return a file's content as text."""
        return text_of(await self.read_bytes(path), encoding, self._text(path))

    async def write_bytes(self, path: PathText, data: bytes) -> None:
        """Put a file in the place of another, or anew."""
        sized = await self._asking.sized("data", bytes(data))
        await self._asking.call("files.write_bytes", {"path": self._text(path), **sized})

    async def write_text(self, path: PathText, text: str, encoding: str = "utf-8") -> None:
        """The same for text."""
        await self.write_bytes(path, data_of(text, encoding, self._text(path)))

    async def open(self, path: PathText, mode: OpenMode = "rb") -> OpenFile:
        """Open a regular file."""
        shown = self._text(path)
        self._scope.require_open(f"file {shown}")
        opening: Opening = await self._asking.call("files.open", {"path": shown, "mode": mode}, Opening)
        if opening.descriptor is None or self._descriptors is None:
            return RemoteFile(self._asking, opening)
        file = ScopedFile(self._descriptors.receive(opening.descriptor), opening.shown)
        file.opened = self._scope.begin(f"file {opening.shown}", file.end)
        return file

    async def list(self, path: PathText) -> list[FileEntry]:
        """Return what a folder holds, by name."""
        found: list[FileEntry] = await self._asking.whole("files.list", {"path": self._text(path)}, list[FileEntry])
        return found

    async def stat(self, path: PathText) -> FileEntry | None:
        """Return what stands under a path; None where nothing does."""
        found: FileEntry | None = await self._asking.call("files.stat", {"path": self._text(path)}, FileEntry | None)
        return found

    async def make_folder(self, path: PathText) -> None:
        """Make a folder."""
        await self._asking.call("files.make_folder", {"path": self._text(path)})

    async def delete(self, path: PathText) -> None:
        """Delete a file, a link, or an empty folder."""
        await self._asking.call("files.delete", {"path": self._text(path)})

    async def move(self, source: PathText, target: PathText) -> None:
        """Move a file or folder."""
        await self._asking.call("files.move", {"source": self._text(source), "target": self._text(target)})

    def _text(self, path: PathText) -> str:
        text: object = os.fspath(path)
        if not isinstance(text, str):
            plugin = self._asking.plugin
            raise UsageError(f"{plugin}: a path is text, not {type(text).__name__}", plugin=plugin)
        return text


class RemoteFile:
    """A file that the host keeps open; see `jackfield.api.OpenFile`.

    Args:
        asking: leads to the host.
        opening: what it told of the file.
    """

    on_loop: ClassVar[bool] = True

    def __init__(self, asking: Asking, opening: Opening) -> None:
        self._asking = asking
        self._number = opening.file
        self._shown = opening.shown

    async def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size`; -1: all that are left."""
        content: bytes = await self._asking.whole("file.read", {"file": self._open(), "size": size}, bytes)
        return content

    async def write(self, data: bytes) -> None:
        """Write all of `data` where the file stands."""
        sized = await self._asking.sized("data", bytes(data))
        await self._asking.call("file.write", {"file": self._open(), **sized})

    async def seek(self, offset: int) -> None:
        """Go on at this byte, counted from the beginning."""
        await self._asking.call("file.seek", {"file": self._open(), "offset": offset})

    def close(self) -> None:
        """Close it now."""
        number, self._number = self._number, None
        if number is not None:
            self._asking.now("file.close", {"file": number})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        number, self._number = self._number, None
        if number is not None:
            await self._asking.call("file.close", {"file": number})

    def _open(self) -> int:
        if self._number is None:
            raise PluginError(f"{self._shown} is closed")
        return self._number


class RemoteEnvironment:
    """See `jackfield.api.Environment`.

    Args:
        asking: leads to the host.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def get(self, name: str, default: Any = None) -> Any:
        """Return the variable's text, or `default`."""
        text = self._asking.now("environment.get", {"name": name}, str | None)
        return default if text is None else text
