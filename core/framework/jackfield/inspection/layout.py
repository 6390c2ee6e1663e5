"""The bytes of a zip as a reader meets them that goes from its beginning, held against the directory at its end.

Installers read wheels both ways: pip by the directory, uv as they arrive. What the two could see differently is
refused, whether or not today's readers do.
"""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING

from jackfield.errors import WheelError
from jackfield.inspection.report import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zipfile import ZipInfo

_LOCAL = struct.Struct("<4s5H3L2H")  # local file header, APPNOTE.TXT 4.3.7
_DESCRIPTOR, _UTF8 = 0x8, 0x800
_MEANING = 0x2849  # flags that change how a file is read: encrypted, descriptor, strong encryption, UTF-8, masked
_ZIP64, _UNICODE_PATH = 0x0001, 0x7075
_SEE_ZIP64 = (0xFFFFFFFF, 0xFFFFFFFF)  # the sizes of a writer that did not know whether they fit; Bazel's are such
_LONGEST_DESCRIPTOR = 24  # with signature and zip64 sizes


def check_layout(infos: Sequence[ZipInfo], directory: int, file: IO[bytes]) -> tuple[dict[int, int], list[Finding]]:
    """Hold the local headers against the directory: entries side by side, no gap, no overlap, all said twice the same.

    Overlapping entries are the cheapest zip bomb.

    Args:
        infos: the entries of the directory.
        directory: where it begins.
        file: the archive.

    Returns:
        place of a header -> place of the bytes after it; and what is wrong, at most one finding: all that follows
        would be read at the wrong place.

    Raises:
        WheelError: a header is not there: the archive is cut short or damaged.
    """
    expected = 0
    starts: dict[int, int] = {}
    entries = sorted(infos, key=lambda each: each.header_offset)
    ends = [*(each.header_offset for each in entries[1:]), directory]
    for info, end in zip(entries, ends, strict=False):
        name = info.filename
        if info.header_offset != expected:
            return starts, [_confusing(f"{name} overlaps another file, or bytes are hidden before it", name)]
        file.seek(info.header_offset)
        header = file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or header[:4] != b"PK\3\4":
            raise WheelError(f"{name} has no header: the wheel is cut short or damaged")
        fields = _LOCAL.unpack(header)
        local_name, extra = file.read(fields[9]), file.read(fields[10]) if fields[10] else b""
        problem = next(_differences(info, fields, local_name, extra), None)
        if problem is not None:
            return starts, [_confusing(problem, name)]
        start = starts[info.header_offset] = info.header_offset + _LOCAL.size + fields[9] + fields[10]
        expected = start + info.compress_size
        if info.flag_bits & _DESCRIPTOR and 0 <= end - expected <= _LONGEST_DESCRIPTOR:
            file.seek(expected)
            if file.read(end - expected) not in _descriptors(info):
                return starts, [_confusing(f"{name} has other sizes, or hidden bytes, behind its data", name)]
            expected = end
    if expected != directory:
        return starts, [_confusing("bytes are hidden between the last file and the directory", "")]
    return starts, []


def _differences(info: ZipInfo, fields: tuple[int, ...], local_name: bytes, extra: bytes) -> Iterator[str]:
    """What the header before a file says otherwise than the directory, or either says twice."""
    name, flags, method = info.filename, fields[2], fields[3]
    if flags & _MEANING != info.flag_bits & _MEANING:
        yield f"{name} is read otherwise by its own header"
    if not flags & _UTF8 and not local_name.isascii():
        yield f"{name} is called in an encoding that each reader guesses"
    if local_name.decode("utf-8", "replace") != info.orig_filename or method != info.compress_type:
        yield f"{name} is called otherwise in its own header"
    long = _extras(extra).get(_ZIP64)
    said = fields[6], *(_long_sizes(long) if long is not None and fields[7:9] == _SEE_ZIP64 else fields[7:9])
    real = info.CRC, info.compress_size, info.file_size
    unknown = (0, 0, 0) if flags & _DESCRIPTOR else real  # Info-ZIP writes those of the three that it knows
    if any(one not in both for one, both in zip(said, zip(unknown, real, strict=True), strict=True)):
        yield f"{name} has another size or checksum in its own header"
    if _UNICODE_PATH in {*_extras(info.extra), *_extras(extra)}:
        yield f"{name} has a second name, which some readers take"
    same = (_sizes(info), bytes(16)) if flags & _DESCRIPTOR else (_sizes(info),)  # Python before 3.11.4 writes noughts
    if _ZIP64 in _extras(info.extra) or (long is not None and fields[7:9] != _SEE_ZIP64 and long not in same):
        yield f"{name} has its sizes once more in the zip64 form, which none under the bounds needs"


def _long_sizes(extra: bytes) -> tuple[int, int]:
    """The packed and the unpacked size in a zip64 field, which the header refers to; none that is real if it is odd."""
    if len(extra) != 16:
        return -1, -1
    size, packed = struct.unpack("<QQ", extra)
    return packed, size


def _sizes(info: ZipInfo) -> bytes:
    return struct.pack("<QQ", info.file_size, info.compress_size)


def _extras(data: bytes) -> dict[int, bytes]:
    """The extra fields of an entry, the first of each kind; what is cut short is none."""
    found: dict[int, bytes] = {}
    while len(data) >= 4:
        kind, length = struct.unpack_from("<HH", data)
        found.setdefault(kind, data[4 : 4 + length])
        data = data[4 + length :]
    return found


def _descriptors(info: ZipInfo) -> tuple[bytes, ...]:
    """All that may stand behind the data of a file whose header does not know its sizes (APPNOTE.TXT 4.3.9)."""
    short = struct.pack("<LLL", info.CRC, info.compress_size, info.file_size)
    long = struct.pack("<LQQ", info.CRC, info.compress_size, info.file_size)
    return tuple(signature + form for form in (short, long) for signature in (b"PK\7\x08", b""))


def _confusing(message: str, path: str) -> Finding:
    return Finding("zip-confusion", "refuse", message, path)
