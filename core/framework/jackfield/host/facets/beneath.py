"""Reaching files below a folder and nowhere else: folder by folder through descriptors, no symbolic link followed.

Between a check of a path and its use a link can be put in the way; a descriptor cannot be moved (CWE-367). Where the
system has no `*at` functions (Windows), folders are held by their resolved path and each step is looked at.
"""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jackfield.api import FileEntry
from jackfield.errors import PermissionDenied, UsageError
from jackfield.host.facets.granted_paths import Place, real_path
from jackfield.host.facets.processes import shows_processes
from jackfield.runtime import MOST_READ_BYTES, read_bounded

MOST_ENTRIES = 10_000
_HAS_AT = os.open in os.supports_dir_fd
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", os.O_RDONLY) | _NO_LINK
_MODES = {
    "rb": os.O_RDONLY,
    "wb": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    "ab": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    "r+b": os.O_RDWR,
}


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is held open: by its descriptor, or by its path where there are no `*at` functions."""

    descriptor: int | None
    path: str

    def at(self, name: str) -> tuple[str, int | None]:
        """Return what `os` functions take to mean `name` in this folder: a path and `dir_fd`."""
        return (name, self.descriptor) if self.descriptor is not None else (str(Path(self.path) / name), None)


class Beneath:
    """Does one thing with one place.

    Args:
        forbidden: a folder that is never entered, whatever was granted.
    """

    def __init__(self, forbidden: str) -> None:
        self._forbidden = forbidden

    def open(self, place: Place, mode: str) -> int:
        """Return the descriptor of a regular file.

        Raises:
            PermissionDenied: a link or the forbidden folder is in the way.
            UsageError: it is no regular file.
            OSError: as `os.open`.
        """
        with self._parent(place) as (folder, name):
            path, at = folder.at(name)
            self._refuse_link(folder, name, place)
            # To open a device can act on it, and on a pipe that waits for its other end.
            with contextlib.suppress(FileNotFoundError):
                if not stat.S_ISREG(os.lstat(path, dir_fd=at).st_mode):
                    raise UsageError(f"{place.shown} is no regular file")
            # One that is put there later is told to wait for nobody, and not to become the host's terminal.
            flags = _MODES[mode] | _NO_LINK | _BINARY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
            descriptor = os.open(path, flags, 0o666, dir_fd=at)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise UsageError(f"{place.shown} is no regular file")
        return descriptor

    def read(self, place: Place) -> bytes:
        """Return a file's content.

        Raises:
            UsageError: it is larger than 64 MiB; and what `open` raises.
        """
        with os.fdopen(self.open(place, "rb"), "rb", buffering=0) as file:
            return read_bounded(file.fileno(), place.shown)

    def read_up_to(self, place: Place, most_bytes: int) -> tuple[bytes | None, int]:
        """Return a file's content and its size; None for the content of one that is larger than so many bytes.

        Raises:
            Exception: as `read`.
        """
        with os.fdopen(self.open(place, "rb"), "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if most_bytes < size <= MOST_READ_BYTES:
                return None, size
            whole = -1 if size > MOST_READ_BYTES else most_bytes  # to read all of what is too large is refused at once
            return read_bounded(file.fileno(), place.shown, whole), size

    def replace(self, place: Place, data: bytes) -> None:
        """Put a file in the place of another, at once and whole.

        Raises:
            PermissionDenied: a link or the forbidden folder is in the way.
            OSError: it cannot be written; the old one is untouched.
        """
        with self._parent(place) as (folder, name):
            self._refuse_link(folder, name, place)
            temporary = f".{name[:200]}.{secrets.token_hex(4)}.tmp"
            path, at = folder.at(temporary)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | _BINARY, 0o666, dir_fd=at)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(path, folder.at(name)[0], src_dir_fd=at, dst_dir_fd=at)
                _sync(folder)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(path, dir_fd=at)
                raise

    def list(self, place: Place) -> list[FileEntry]:
        """Return what a folder holds, by name.

        Raises:
            PermissionDenied: a link or the forbidden folder is in the way.
            UsageError: it holds more than 10,000 entries.
            OSError: as `os.scandir`.
        """
        with self._folder(place) as folder:
            if folder.descriptor is None:
                return _entries(folder.path, place)
            readable = os.open(".", os.O_RDONLY | getattr(os, "O_DIRECTORY", 0), dir_fd=folder.descriptor)
            try:
                return _entries(readable, place)
            finally:
                os.close(readable)

    def stat(self, place: Place) -> FileEntry | None:
        """Return what stands there; None where nothing does."""
        try:
            with self._parent(place) as (folder, name):
                path, at = folder.at(name)
                return _entry(place.shown.rstrip("/").rpartition("/")[2] or "/", os.lstat(path, dir_fd=at))
        except FileNotFoundError:
            return None

    def make_folder(self, place: Place) -> None:
        """Make a folder; one that is there already is no error."""
        with self._parent(place) as (folder, name):
            path, at = folder.at(name)
            try:
                os.mkdir(path, dir_fd=at)
            except FileExistsError:
                if not stat.S_ISDIR(os.lstat(path, dir_fd=at).st_mode):
                    raise

    def delete(self, place: Place) -> None:
        """Delete a file, a link or an empty folder."""
        with self._parent(place) as (folder, name):
            path, at = folder.at(name)
            is_folder = stat.S_ISDIR(os.lstat(path, dir_fd=at).st_mode)
            (os.rmdir if is_folder else os.unlink)(path, dir_fd=at)

    def move(self, source: Place, target: Place) -> None:
        """Move a file or folder; a file in its new place is replaced.

        No link: in the place of a granted folder it would be followed, for that one is its user's own.
        """
        with self._parent(source) as (before, old), self._parent(target) as (after, new):
            self._refuse_link(before, old, source)
            path, at = before.at(old)
            held = os.lstat(path, dir_fd=at)
            self._refuse_forbidden(held, source)
            self._refuse_what_holds_it(held, source)
            new_path, new_at = after.at(new)
            os.replace(path, new_path, src_dir_fd=at, dst_dir_fd=new_at)

    @contextlib.contextmanager
    def _parent(self, place: Place) -> Iterator[tuple[Folder, str]]:
        """Hold the folder in which the place's last name stands."""
        if place.parts:
            *above, name = place.parts
            with self._folder(Place(place.root, tuple(above), place.shown)) as folder:
                yield folder, name
            return
        parent, name = os.path.split(place.root)
        if not name:
            raise UsageError(f"{place.shown} is the root of all files")
        with self._folder(Place(parent, (), place.shown)) as folder:
            yield folder, name

    @contextlib.contextmanager
    def _folder(self, place: Place) -> Iterator[Folder]:
        """Hold the folder that the place itself is."""
        if Path(place.root).is_relative_to(real_path(Path(self._forbidden))):
            raise self._refusal(place, "lies where the host keeps plugins and grants")
        descriptor = os.open(place.root, _FOLDER & ~getattr(os, "O_NOFOLLOW", 0)) if _HAS_AT else None
        folder = Folder(descriptor, place.root)
        try:
            self._refuse_forbidden(os.fstat(descriptor) if descriptor is not None else Path(place.root).stat(), place)
            for name in place.parts:
                self._refuse_link(folder, name, place)
                path, at = folder.at(name)
                deeper = Folder(os.open(path, _FOLDER, dir_fd=at) if _HAS_AT else None, str(Path(folder.path) / name))
                if folder.descriptor is not None:
                    os.close(folder.descriptor)
                folder = deeper
                held = os.fstat(folder.descriptor) if folder.descriptor is not None else Path(folder.path).stat()
                self._refuse_forbidden(held, place)
            yield folder
        finally:
            if folder.descriptor is not None:
                os.close(folder.descriptor)

    def _refuse_link(self, folder: Folder, name: str, place: Place) -> None:
        """Name a link in the way; one that is put there later still does not open, by O_NOFOLLOW."""
        path, at = folder.at(name)
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISLNK(os.lstat(path, dir_fd=at).st_mode):
                raise self._refusal(place, f"leads through the symbolic link {name}, which is not followed")

    def _refuse_forbidden(self, held: os.stat_result, place: Place) -> None:
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(held, Path(self._forbidden).stat()):
                raise self._refusal(place, "lies where the host keeps plugins and grants")
        if shows_processes(held.st_dev):
            raise self._refusal(place, "is no file: the system shows there what processes hold, the host's own too")

    def _refuse_what_holds_it(self, held: os.stat_result, place: Place) -> None:
        """Refuse to move a folder above the forbidden one: elsewhere, nobody would know it any more."""
        for folder in real_path(Path(self._forbidden)).parents:
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(held, folder.stat()):
                    raise self._refusal(place, "holds what the host keeps of plugins and grants")

    def _refusal(self, place: Place, why: str) -> PermissionDenied:
        return PermissionDenied(f"{place.shown} {why}")


def _sync(folder: Folder) -> None:
    """Have a folder's new entry on disk, where folders can be opened for that."""
    if folder.descriptor is None:
        return
    readable = os.open(".", os.O_RDONLY, dir_fd=folder.descriptor)
    try:
        os.fsync(readable)
    finally:
        os.close(readable)


def _entries(folder: int | str, place: Place) -> list[FileEntry]:
    found: list[FileEntry] = []
    with os.scandir(folder) as scan:
        for one in scan:
            if len(found) >= MOST_ENTRIES:
                raise UsageError(f"{place.shown} holds more than {MOST_ENTRIES} entries")
            found.append(_entry(one.name, one.stat(follow_symlinks=False)))
    return sorted(found, key=lambda entry: entry.name)


def _entry(name: str, told: os.stat_result) -> FileEntry:
    kind: Literal["file", "folder", "link", "other"] = "other"
    if stat.S_ISREG(told.st_mode):
        kind = "file"
    elif stat.S_ISDIR(told.st_mode):
        kind = "folder"
    elif stat.S_ISLNK(told.st_mode):
        kind = "link"
    return FileEntry(name, kind, told.st_size if kind == "file" else 0, told.st_mtime)
