"""Folders copied whole, and brought to disk before anything relies on them."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from jackfield.storage.folders import delete_folder

_PART_BYTES = 1024 * 1024


class TooMuch(Exception):
    """There is more to copy than was allowed."""


@dataclass(frozen=True, slots=True)
class Most:
    """What is copied of a folder that somebody may go on filling meanwhile.

    Only what lies in its folders counts: what lies in it directly its host wrote itself.

    Args:
        size_bytes: of all files, holes counted as what they become in a copy.
        files: how many files, folders and links.
    """

    size_bytes: int
    files: int


def copy_folder(source: Path, target: Path, most: Most | None = None) -> None:
    """Copy a folder with its times; links as links, and nothing that is neither file, folder nor link.

    Args:
        source: the folder.
        target: where the copy comes; not there yet.
        most: where copying ends; None: nowhere.

    Raises:
        TooMuch: there is more; a part is copied.
        OSError: the first thing that went wrong.
    """
    counted = _Counted(source, most)

    def others(folder: str, names: list[str]) -> list[str]:
        counted.found(folder, len(names))
        kinds = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
        modes = {name: os.lstat(Path(folder) / name).st_mode for name in names}
        return [name for name, mode in modes.items() if not any(is_one(mode) for is_one in kinds)]

    def copied(one: str, other: str) -> str:
        try:
            _copy(Path(one), Path(other), counted)
        except OSError as error:
            raise _Refused(error) from error
        return other

    try:
        shutil.copytree(source, target, symlinks=True, ignore=others, copy_function=copied)
    except _Refused as refused:
        raise refused.error from refused
    except RecursionError:
        raise OSError(errno.ENAMETOOLONG, "its folders lie too deep in each other") from None


class _Counted:
    """What was copied so far, against what may be."""

    def __init__(self, source: Path, most: Most | None) -> None:
        self._source = str(source)
        self._most = most
        self._files = 0
        self._size_bytes = 0

    def found(self, folder: str, many: int) -> None:
        if self._most is not None and folder != self._source:
            self._files += many
            if self._files > self._most.files:
                raise TooMuch

    def read(self, folder: str, many_bytes: int) -> None:
        if self._most is not None and folder != self._source:
            self._size_bytes += many_bytes
            if self._size_bytes > self._most.size_bytes:
                raise TooMuch


def _copy(one: Path, other: Path, counted: _Counted) -> None:
    if one.is_symlink():
        shutil.copy2(one, other, follow_symlinks=False)
        return
    with os.fdopen(_opened(one), "rb") as content, other.open("xb") as target:
        if stat.S_ISREG(os.fstat(content.fileno()).st_mode):  # else it became another thing since it was looked at
            while part := content.read(_PART_BYTES):
                counted.read(str(one.parent), len(part))
                target.write(part)
    shutil.copystat(one, other, follow_symlinks=False)


class _Refused(Exception):
    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


def remove_folder(folder: Path) -> None:
    """Delete a folder with all below; one that is not there is harmless.

    Raises:
        OSError: something cannot be deleted.
    """
    if folder.is_dir():
        delete_folder(folder)


def sync_tree(folder: Path) -> None:
    """Bring a folder and all that lies below it to disk; whose folder it is may run, and remove files meanwhile.

    Raises:
        OSError: the disk refused.
    """
    for place, _folders, names in os.walk(folder):
        for name in names:
            path = Path(place) / name
            with contextlib.suppress(FileNotFoundError):
                if stat.S_ISREG(path.lstat().st_mode):  # to open a pipe waits, and to open a socket fails
                    _sync_file(path)
        with contextlib.suppress(FileNotFoundError):
            sync_folder(Path(place))


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to disk.

    Raises:
        OSError: the disk refused.
    """
    if os.name != "nt":  # folders cannot be opened there; NTFS journals the rename itself
        _sync_file(folder)


def _opened(path: Path) -> int:
    """Open for reading, without waiting should it be a pipe by now."""
    return os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))


def _sync_file(path: Path) -> None:
    descriptor = _opened(path)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
