"""Reading folders that somebody may go on changing: folder by folder through descriptors, no symbolic link followed.

A plugin in a process of its own puts a link into the place of a folder after its host has looked at it, and what lies
where the link leads would be copied to where the plugin can read it (CWE-367). A descriptor cannot be moved.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_HAS_AT = os.open in os.supports_dir_fd  # else (Windows) no plugin is confined, and each reaches all by itself
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FILE = os.O_RDONLY | _NO_LINK | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # to open a pipe would wait
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)


@dataclass(frozen=True, slots=True)
class HeldFolder:
    """A folder that is held open.

    Args:
        parts: the names that lead to it from where reading began.
        path: where it was found.
        descriptor: what holds it; None where there are no `*at` functions.
    """

    parts: tuple[str, ...]
    path: Path
    descriptor: int | None

    def names(self) -> list[str]:
        """What lies in it, sorted."""
        folder = self.path if self.descriptor is None else self.descriptor
        return sorted(os.listdir(folder))  # noqa: PTH208  # a Path cannot mean a descriptor

    def look(self, name: str) -> os.stat_result:
        """What one of its entries is; of a link the link itself."""
        return os.lstat(self._at(name), dir_fd=self.descriptor)

    def link(self, name: str) -> str:
        """Where a link leads."""
        return os.readlink(self._at(name), dir_fd=self.descriptor)

    def read(self, name: str) -> BinaryIO:
        """Open a regular file.

        Raises:
            OSError: as `os.open`; it is no regular file, or no more.
        """
        descriptor = _opened(self._at(name), _FILE, self.descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.ESTALE, "it became something other than a file", str(self.path / name))
        return os.fdopen(descriptor, "rb")

    def _at(self, name: str) -> str:
        return name if self.descriptor is not None else str(self.path / name)


@contextlib.contextmanager
def held_folder(root: Path, parts: tuple[str, ...] = ()) -> Iterator[HeldFolder]:
    """Hold the folder that some names lead to.

    Args:
        root: where it begins; the links that lead to it are its user's own.
        parts: the names below.

    Raises:
        OSError: as `os.open`; one of the names is a link.
    """
    path = root.joinpath(*parts)
    if not _HAS_AT:
        yield HeldFolder(parts, path, None)
        return
    descriptor = _opened(str(root), _FOLDER, None)
    try:
        for part in parts:
            below = _opened(part, _FOLDER | _NO_LINK, descriptor)
            os.close(descriptor)
            descriptor = below
        yield HeldFolder(parts, path, descriptor)
    finally:
        os.close(descriptor)


def _opened(name: str, flags: int, folder: int | None) -> int:
    """Open what belongs to this user, also where who made it has left nobody the right to read it.

    Else a plugin keeps all from being copied or exported, and so itself from being replaced, by one file.
    """
    try:
        descriptor = os.open(name, flags, dir_fd=folder)
    except PermissionError:
        if not hasattr(os, "O_PATH"):
            raise
        held = os.open(name, os.O_PATH | os.O_CLOEXEC | flags & os.O_NOFOLLOW, dir_fd=folder)
        try:
            # by what holds it, and not by its name: something else may have that by now
            if not _let_read(os.fstat(held), Path(f"/proc/self/fd/{held}").chmod):
                raise
        finally:
            os.close(held)
        return os.open(name, flags, dir_fd=folder)
    if flags & getattr(os, "O_DIRECTORY", 0):
        looked = os.stat(descriptor)  # noqa: PTH116  # a Path cannot mean a descriptor
        if not looked.st_mode & stat.S_IXUSR:  # its names can be read, and not what they stand for
            _let_read(looked, lambda mode: os.chmod(descriptor, mode))  # noqa: PTH101  # the same
    return descriptor


def _let_read(looked: os.stat_result, change: Callable[[int], None]) -> bool:
    """Give this user the right to read what is its own; False where it is another's, or no file and no folder."""
    is_folder = stat.S_ISDIR(looked.st_mode)
    if looked.st_uid != os.geteuid() or not (is_folder or stat.S_ISREG(looked.st_mode)):
        return False
    change(stat.S_IMODE(looked.st_mode) | (0o500 if is_folder else 0o400))
    return True
