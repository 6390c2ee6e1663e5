"""The file-system calls whose order decides what survives a power failure."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterable
from functools import cache
from itertools import chain
from pathlib import Path

from jackfield.places import sync_folder


class Disk:
    """Writes that are on disk when they return, and the barriers between them.

    One small class, so that a test can record the order of the calls and a store can be given another one.
    """

    def write(self, path: Path, data: bytes, *, wait: bool = True) -> None:
        """Make or overwrite a file; on disk when this returns, if it waits (its name is after `sync_folder`)."""
        with path.open("wb") as file:
            file.write(data)
            if wait:
                file.flush()
                os.fsync(file.fileno())

    def append(self, path: Path, data: bytes, *, offset: int, wait: bool = True) -> None:
        """Write `data` at `offset` bytes, cutting off what lies behind; on disk when this returns, if it waits."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, offset)
            os.lseek(descriptor, offset, os.SEEK_SET)
            while data:
                data = data[os.write(descriptor, data) :]
            if wait:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def sync_filesystem(self, path: Path, *, above_all: Iterable[Path] = ()) -> None:
        """Put everything written to the file system of `path` on disk: one barrier for a tree of many files.

        Args:
            path: a folder.
            above_all: what is waited for one by one where the system has no such call, one that only begins to write,
                or one that tells of no error; what is not there is passed over. Everything below `path` if it is empty.

        Raises:
            OSError: the disk did not take it all.
        """
        syncfs = _syncfs()
        if syncfs is not None:
            self._await_all(syncfs, path)
        elif hasattr(os, "sync"):
            os.sync()
        if syncfs is None or not _tells_errors():
            for one in above_all or chain(path.rglob("*"), (path,)):
                if one.exists() and not one.is_symlink():
                    self._sync_one(one)

    def _await_all(self, syncfs: Callable[[int], int], path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            number = syncfs(descriptor)
            if number:
                raise OSError(number, os.strerror(number), str(path))
        finally:
            os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Give a finished file or folder its name."""
        source.rename(target)

    def replace(self, source: Path, target: Path) -> None:
        """Put `source` in the place of `target`, which readers see either before or after."""
        source.replace(target)

    def sync_folder(self, folder: Path) -> None:
        """Put the names within `folder` on disk."""
        sync_folder(folder)

    def _sync_one(self, path: Path) -> None:
        if path.is_dir():
            self.sync_folder(path)
        else:
            # Windows syncs what can be written; elsewhere the files of a wheel are read-only.
            descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def remove(self, path: Path) -> None:
        """Remove a tree or a file, also one that is gone already."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def apart(path: Path, folder: Path) -> bool:
    """Whether a file lies on another file system than a folder, where a link leads to: its barrier leaves it out."""
    try:
        return path.stat().st_dev != folder.stat().st_dev
    except FileNotFoundError:
        return False


def require_together(path: Path, folder: Path) -> None:
    """Return where one barrier is for both.

    Raises:
        OSError: they are apart, as for a rename from one to the other.
    """
    if apart(path, folder):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))


def _tells_errors() -> bool:
    """Whether the system's `syncfs` fails where something could not be written: Linux does since 5.8."""
    uname = os.uname()
    release = re.match(r"(\d+)\.(\d+)", uname.release)
    return uname.sysname != "Linux" or release is None or (int(release[1]), int(release[2])) >= (5, 8)


@cache
def _syncfs() -> Callable[[int], int] | None:
    """The system's call for the file system of a descriptor; it returns an error number. None where there is none."""
    import ctypes  # an installer alone needs it

    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None) if os.name == "posix" else None
    return None if call is None else lambda descriptor: ctypes.get_errno() if call(descriptor) else 0
