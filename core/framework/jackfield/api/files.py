"""Files and environment variables of the user, as far as they were granted, as protocols."""

import os
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, TypeAlias

PathText: TypeAlias = "str | os.PathLike[str]"

OpenMode: TypeAlias = Literal["rb", "wb", "ab", "r+b"]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What stands under a name in a folder.

    Args:
        name: the name alone.
        kind: `link` is a symbolic link, which is never followed; `other` a device, pipe or socket.
        size: bytes of a file; 0 for anything else.
        modified: seconds since 1970, UTC.
    """

    name: str
    kind: Literal["file", "folder", "link", "other"]
    size: int
    modified: float


class OpenFile(Protocol):
    """A file that was opened; it is closed with the plugin. Also an `async with` block."""

    async def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size`; -1: all that are left. Empty at the end.

        Raises:
            UsageError: more than 64 MiB are left; read a part at a time.
            OSError: it cannot be read.
        """
        ...

    async def write(self, data: bytes) -> None:
        """Write all of `data` where the file stands."""
        ...

    async def seek(self, offset: int) -> None:
        """Go on at this byte, counted from the beginning."""
        ...

    def close(self) -> None:
        """Close it now; closing twice is no error."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *failure: object) -> None: ...


class Files(Protocol):
    """Files of the user. Looking needs `files:read`, changing `files:write`, each for the path (its `paths`).

    Paths are absolute or begin with `~/`. What lies below a granted path is reached through folders alone: a symbolic
    link on the way is refused, wherever it leads. The folder in which the host keeps plugins, grants and their data is
    refused, too; a plugin's own folders are `context.data_dir` and `config_dir`, and need no permission.

    Every method raises `PermissionDenied` for a path that was not granted or a link, `UsageError` for a path that is
    none, and `OSError` as Python's own functions do.
    """

    async def read_bytes(self, path: PathText) -> bytes:
        """Return a file's content, at most 64 MiB; `open` reads larger ones."""
        ...

    async def read_text(self, path: PathText, encoding: str = "utf-8") -> str:
        """Return a file's content as text."""
        ...

    async def write_bytes(self, path: PathText, data: bytes) -> None:
        """Put a file in the place of another, or anew; readers see the old one or the new one, never a part."""
        ...

    async def write_text(self, path: PathText, text: str, encoding: str = "utf-8") -> None:
        """The same for text."""
        ...

    async def open(self, path: PathText, mode: OpenMode = "rb") -> OpenFile:
        """Open a regular file: `rb` to read, `wb` anew, `ab` at its end, `r+b` to read and write."""
        ...

    async def list(self, path: PathText) -> list[FileEntry]:
        """Return what a folder holds, by name; at most 10,000 entries."""
        ...

    async def stat(self, path: PathText) -> FileEntry | None:
        """Return what stands under a path; None where nothing does."""
        ...

    async def make_folder(self, path: PathText) -> None:
        """Make a folder; the one above it must be there. One that is there already is no error."""
        ...

    async def delete(self, path: PathText) -> None:
        """Delete a file, a link, or an empty folder."""
        ...

    async def move(self, source: PathText, target: PathText) -> None:
        """Move a file or folder, in the place of a file that is there; both paths must be granted.

        Where the new one may be read, so must the old one be. A link is not moved.
        """
        ...


class Environment(Protocol):
    """Environment variables of the host: `environment:read` with the variable among its `names`."""

    def get(self, name: str, default: Any = None) -> Any:
        """Return the variable's text, or `default`.

        Raises:
            PermissionDenied: this variable was not granted, whether it is there or not.
        """
        ...
