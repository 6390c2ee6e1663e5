"""The directory of a small zip as nearly every builder writes it, read without zipfile, which takes five times as long.

What is plain here has nothing that `archive` and `layout` would look at twice: entries side by side in the order of the
directory, each said the same in both places byte by byte, packed by deflate or not at all, small files of an ordinary
kind with names in ASCII, and no comments, extra fields, flags or folders. All else is read the long way.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from jackfield.inspection.report import WheelLimits

LARGEST_ARCHIVE = 1024 * 1024
"""Bytes of an archive that is held in memory whole."""

SMALL_FILE = 256 * 1024
"""Bytes of a file that is unpacked in one piece, packed and unpacked."""

_ENTRY = struct.Struct("<4s2x3H4x3L4H2x2L")  # central file header, APPNOTE.TXT 4.3.12
_LOCAL_BYTES = 30  # local file header, 4.3.7
_NEWEST = 63  # the version of the format that zipfile reads
_HOW_HARD_OR_UTF8 = 0x0806
_STORED, _DEFLATED = 0, 8
_REGULAR = 0o100000
_PERMISSIONS = 0o1777


class Entry(NamedTuple):
    """One file of an archive; fields are called as those of `zipfile.ZipInfo`."""

    filename: str
    orig_filename: str
    header_offset: int
    compress_size: int
    file_size: int
    CRC: int
    flag_bits: int
    compress_type: int
    external_attr: int
    extra: bytes
    start: int
    """Where its own bytes begin."""


def plain_entries(archive: bytes, directory: int, count: int, limits: WheelLimits) -> list[Entry] | None:
    """The entries of an archive of which all is plain, or None.

    Args:
        archive: all of it, to the end of its directory and what follows.
        directory: where the directory begins; its end has been held against the end of the archive.
        count: of the entries, as the end of the directory says.
        limits: bounds; sizes near them are left to who tells what is wrong with them.
    """
    most = min(SMALL_FILE, limits.file_bytes)
    left = min(limits.ratio_free_bytes, limits.total_bytes)
    entries: list[Entry] = []
    place, expected, end = directory, 0, len(archive) - 22
    for _ in range(count):
        if place + _ENTRY.size > end:
            return None
        signature, needed, flags, method, crc, packed, size, name_length, extra, comment, disk, attributes, offset = (
            _ENTRY.unpack_from(archive, place)
        )
        mode = attributes >> 16
        start = offset + _LOCAL_BYTES + name_length
        name = archive[place + _ENTRY.size : place + _ENTRY.size + name_length]
        left -= size
        if (
            signature != b"PK\1\2"
            or offset != expected
            or flags & ~_HOW_HARD_OR_UTF8
            or (method != _DEFLATED and (method != _STORED or packed != size))
            or extra
            or comment
            or disk
            or mode & ~_PERMISSIONS not in (0, _REGULAR)
            or size > most
            or packed > most
            or left < 0
            or needed > _NEWEST
            # From the version that is needed to the length of the extra field both headers have the same form.
            or archive[offset : offset + 4] != b"PK\3\4"
            or archive[offset + 4 : start] != archive[place + 6 : place + 32] + name
            or not name.isascii()
            or not (path := name.decode("ascii")).isprintable()
            or path.endswith("/")
            or "\\" in path
            or not path
        ):
            return None
        entries.append(Entry(path, path, offset, packed, size, crc, flags, method, attributes, b"", start))
        place += _ENTRY.size + name_length
        expected = start + packed
    return entries if expected == directory and place == end else None
