"""The zip archive of an export, and a plugin's own files in it, while the plugin may go on with them."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
import zipfile
from pathlib import Path
from typing import IO, BinaryIO

from jackfield.storage.copying import TooMuch
from jackfield.storage.held import HeldFolder, held_folder

_LONGEST_PATH = 4096
"""Bytes: what lies deeper is left out, no program could read it by its name."""

_PART_BYTES = 1024 * 1024
_BLOCK_BYTES = 512  # of `st_blocks`, whatever the disk has
_OLDEST, _NEWEST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)  # PKWARE APPNOTE 4.4.6
_AMBIGUOUS = re.compile(r'%(?=[0-9A-Fa-f]{2})|[\\:*?"<>|\x00-\x1f\x7f-\x9f\ud800-\udfff]|[. ]$')
"""In a name: what begins an escape, what Windows has another use for, and half characters, that stand for odd bytes."""
_DEVICES = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"{kind}{number}" for kind in ("COM", "LPT") for number in range(10))}
)
"""Names that Windows opens a device by, whatever follows after a dot."""
_EXCHANGED = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE})


class Allowed:
    """What an archive may take up of files: what they take on the disk, and some bytes more.

    Holes and hard links make files without end of a disk's few blocks, and an archive would hold them as real bytes.

    Args:
        more_bytes: beyond what the files take on the disk.
    """

    def __init__(self, more_bytes: int) -> None:
        self._left_bytes = more_bytes
        self._seen: set[tuple[int, int]] = set()

    def require(self, looked: os.stat_result) -> None:
        """Return if one more file may come into the archive.

        Raises:
            TooMuch: it may not.
        """
        inode = (looked.st_dev, looked.st_ino)
        if inode not in self._seen:
            self._seen.add(inode)
            blocks = getattr(looked, "st_blocks", None)
            self._left_bytes += looked.st_size if blocks is None else blocks * _BLOCK_BYTES
        self._left_bytes -= looked.st_size
        if self._left_bytes < 0:
            raise TooMuch


def new_archive(file: IO[bytes]) -> zipfile.ZipFile:
    """Begin an archive."""
    return zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)


def add_folder(archive: zipfile.ZipFile, root: Path, place: str, allowed: Allowed) -> None:
    """Add the regular files below a folder, each as long as it is when it is opened; links are left out.

    Args:
        archive: where they come.
        root: the folder; one that is not there is empty.
        place: the first name of their paths in it.
        allowed: what they may take up.

    Raises:
        TooMuch: they are more; a part is added.
        OSError: one cannot be read; one that is gone meanwhile, or became something else, is no error.
    """
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        try:
            with held_folder(root, waiting.pop()) as folder:
                below = _add_entries(archive, folder, place, allowed)
        except OSError as error:
            if error.errno not in _EXCHANGED:
                raise
            continue
        waiting += reversed(below)


def _add_entries(archive: zipfile.ZipFile, folder: HeldFolder, place: str, allowed: Allowed) -> list[tuple[str, ...]]:
    """Add what lies in a folder but for the folders in it, which are returned."""
    below = []
    for name in folder.names():
        if len(os.fsencode(folder.path / name)) >= _LONGEST_PATH:
            continue
        try:
            mode = folder.look(name).st_mode
            if stat.S_ISDIR(mode):
                below.append((*folder.parts, name))
            elif stat.S_ISREG(mode):
                with folder.read(name) as content:
                    _add(archive, content, f"{place}/{_shown((*folder.parts, name))}", allowed)
        except OSError as error:
            if error.errno not in _EXCHANGED:
                raise
    return below


def _add(archive: zipfile.ZipFile, content: BinaryIO, name: str, allowed: Allowed) -> None:
    looked = os.fstat(content.fileno())
    allowed.require(looked)
    if name in archive.NameToInfo:  # listed twice, since it was moved about meanwhile
        return
    info = zipfile.ZipInfo(name, _shown_time(looked.st_mtime))
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (stat.S_IFREG | stat.S_IMODE(looked.st_mode) & 0o777) << 16  # nothing is set for its user
    info.file_size = looked.st_size  # decides in which form its size is written
    left = looked.st_size
    with archive.open(info, "w") as target:
        while left and (part := content.read(min(left, _PART_BYTES))):  # what it grows meanwhile is left out
            target.write(part)
            left -= len(part)


def _shown(parts: tuple[str, ...]) -> str:
    """Return a path as archives hold it: one that every system unpacks to where it stands, another one for each file.

    A plugin chooses the names of its files. With a backslash in it one leads out of the folder on a system where that
    parts names, and one that ends with a dot becomes another one's. What cannot stand in a name everywhere is written
    as in a URL (RFC 3986, 2.1), and so is a `%` that could be read as the begin of that.
    """
    return "/".join(map(_portable, parts))


def _portable(name: str) -> str:
    try:
        told = os.fsencode(name).decode()
    except UnicodeDecodeError:
        told = name
    told = _AMBIGUOUS.sub(_escaped, told)
    return f"%{ord(told[0]):02X}{told[1:]}" if told.partition(".")[0].upper() in _DEVICES else told


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in os.fsencode(found[0]))


def _shown_time(seconds: float) -> tuple[int, int, int, int, int, int]:
    """Return a time as archives hold it; what is older or newer than they can say is the nearest that they can."""
    told = time.localtime(min(max(seconds, 0.0), 2.0**33))[:6]
    return min(max(told, _OLDEST), _NEWEST)
