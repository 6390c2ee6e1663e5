"""Folders copied whole, and brought to disk before anything relies on them."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from jackfield.places import sync_folder
from jackfield.storage.folders import delete_folder
from jackfield.storage.held import HeldFolder, held_folder

_PART_BYTES = 1024 * 1024


class TooMuch(Exception):
    """There is more to copy than was allowed."""


@dataclass(frozen=True, slots=True)
class Most:
    """What is copied of a folder that somebody may go on filling meanwhile.

    Only what lies in its folders counts: what lies in it directly its host wrote itself.

    Args:
        size_bytes: of what is in all files; holes stay holes in a copy and take up nothing.
        files: how many files, folders and links.
    """

    size_bytes: int
    files: int


def copy_folder(source: Path, target: Path, most: Most | None = None) -> None:
    """Copy a folder with its times; links as links, and nothing that is neither file, folder nor link.

    Somebody may go on changing the source: no link is followed that comes into the place of a folder or file.

    Args:
        source: the folder.
        target: where the copy comes; not there yet.
        most: where copying ends; None: nowhere.

    Raises:
        TooMuch: there is more; a part is copied.
        OSError: the first thing that went wrong.
    """
    counted = _Counted(most)
    waiting: list[tuple[str, ...]] = [()]
    copied = []
    while waiting:
        with held_folder(source, waiting.pop()) as folder:
            other = target.joinpath(*folder.parts)
            other.mkdir(mode=0o700)
            copied.append((other, folder.look(".")))
            waiting += _copy_entries(folder, other, counted)
    for other, looked in reversed(copied):  # what comes into a folder changes its time, and its mode may forbid it
        _dress(other, looked)


class _Counted:
    """What was copied so far, against what may be."""

    def __init__(self, most: Most | None) -> None:
        self._most = most
        self._files = 0
        self._size_bytes = 0

    def found(self, folder: HeldFolder, many: int) -> None:
        if self._most is not None and folder.parts:
            self._files += many
            if self._files > self._most.files:
                raise TooMuch

    def read(self, folder: HeldFolder, many_bytes: int) -> None:
        if self._most is not None and folder.parts:
            self._size_bytes += many_bytes
            if self._size_bytes > self._most.size_bytes:
                raise TooMuch


def _copy_entries(folder: HeldFolder, other: Path, counted: _Counted) -> list[tuple[str, ...]]:
    """Copy what lies in a folder but for the folders in it, which are returned."""
    below = []
    names = folder.names()
    counted.found(folder, len(names))
    for name in names:
        looked = folder.look(name)
        if stat.S_ISDIR(looked.st_mode):
            below.append((*folder.parts, name))
        elif stat.S_ISLNK(looked.st_mode):
            (other / name).symlink_to(folder.link(name))
            if os.utime in os.supports_follow_symlinks:
                times = (looked.st_atime_ns, looked.st_mtime_ns)
                os.utime(other / name, ns=times, follow_symlinks=False)
        elif stat.S_ISREG(looked.st_mode):
            with folder.read(name) as content, (other / name).open("xb") as target:
                _copy_content(content, target, partial(counted.read, folder))
            _dress(other / name, looked)
    return below


def _copy_content(content: BinaryIO, target: BinaryIO, read: Callable[[int], None]) -> None:
    """Copy a file as long as it is when this begins, with its holes.

    A plugin makes more holes than any disk has room, and they cost it nothing: as real bytes they fill the disk when
    what was set aside, or what a stopped worker left, is copied.
    """
    size = os.fstat(content.fileno()).st_size
    for begin, end in list(_filled(content.fileno(), size)):  # all of them first: looking moves where reading is
        content.seek(begin)
        target.seek(begin)
        left = end - begin
        while left and (part := content.read(min(_PART_BYTES, left))):
            read(len(part))
            target.write(part)
            left -= len(part)
    target.truncate(size)


def _filled(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """Where a file holds something, from byte to byte (lseek(2)); all of it where the system does not tell."""
    if not hasattr(os, "SEEK_DATA"):
        yield 0, size
        return
    end = 0
    while end < size:
        try:
            begin = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing more up to its end
                return
            raise
        end = min(os.lseek(descriptor, begin, os.SEEK_HOLE), size)
        if begin < end:
            yield begin, end


def _dress(other: Path, looked: os.stat_result) -> None:
    """Give a copy the times and the mode of what it is a copy of; its user can read it all the same."""
    os.utime(other, ns=(looked.st_atime_ns, looked.st_mtime_ns))
    other.chmod(stat.S_IMODE(looked.st_mode) | (0o500 if stat.S_ISDIR(looked.st_mode) else 0o400))


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


def _opened(path: Path) -> int:
    """Open for reading, without waiting should it be a pipe by now."""
    return os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))


def _sync_file(path: Path) -> None:
    descriptor = _opened(path)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
