"""Wheels that should be refused, each built for real: a good one with one thing wrong."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.support.wheels import FIXED_TIME, WheelSource, plugin_source, record_hash


def pack(folder: Path, filename: str, members: list[tuple[zipfile.ZipInfo, bytes]]) -> Path:
    """Write a zip with exactly these entries, in this order, duplicates and all."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / filename
    with zipfile.ZipFile(target, "w") as archive:
        for info, data in members:
            archive.writestr(info, data)
    return target


def entry(name: str, *, mode: int = 0o100644, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    """One entry's head, with a fixed time and a unix mode."""
    info = zipfile.ZipInfo("x", FIXED_TIME)
    info.filename = info.orig_filename = name  # ZipInfo would mend it
    info.external_attr = mode << 16
    info.compress_type = method
    info.create_system = 3
    return info


def good_members(source: WheelSource | None = None) -> tuple[WheelSource, dict[str, bytes]]:
    """A good plugin and its files, RECORD among them."""
    source = source or plugin_source("poll")
    members = source.members()
    record = f"{source.stem}.dist-info/RECORD"
    members[record] = record_text(members, record)
    return source, members


def record_text(members: dict[str, bytes], record: str) -> bytes:
    """RECORD for these files."""
    rows = [f"{path},{record_hash(data)},{len(data)}" for path, data in members.items() if path != record]
    return ("\n".join([*rows, f"{record},,"]) + "\n").encode()


def with_member(folder: Path, name: str, data: bytes = b"x = 1\n", *, source: WheelSource | None = None) -> Path:
    """A wheel with one more file, duly listed in RECORD."""
    source, members = good_members(source)
    members[name] = data
    record = f"{source.stem}.dist-info/RECORD"
    members[record] = record_text(members, record)
    return pack(folder, f"{source.stem}-{source.tag}.whl", [(entry(path), body) for path, body in members.items()])


def with_entry(folder: Path, info: zipfile.ZipInfo, data: bytes = b"x") -> Path:
    """A wheel with one more entry, whose head is the caller's own, and which RECORD lists."""
    source, members = good_members()
    record = f"{source.stem}.dist-info/RECORD"
    members[record] = record_text({**members, info.filename: data}, record)
    entries = [(entry(path), body) for path, body in members.items()]
    return pack(folder, f"{source.stem}-{source.tag}.whl", [*entries, (info, data)])


def with_record(folder: Path, change: Callable[[list[str]], list[str]]) -> Path:
    """A wheel whose RECORD lines went through `change`."""
    source, members = good_members()
    record = f"{source.stem}.dist-info/RECORD"
    lines = change(members[record].decode().splitlines())
    members[record] = ("\n".join(lines) + "\n").encode()
    return pack(folder, f"{source.stem}-{source.tag}.whl", [(entry(path), body) for path, body in members.items()])


def by_record(change: Callable[[list[str]], list[str]]) -> Callable[[Path], Path]:
    """What makes a wheel by `with_record`, for a table of them."""
    return lambda folder: with_record(folder, change)


def with_changed(folder: Path, name: str, data: bytes, *, source: WheelSource | None = None) -> Path:
    """A wheel with one file replaced, and RECORD in line with it."""
    return with_member(folder, name, data, source=source)


def encrypted(folder: Path) -> Path:
    """A wheel whose first file claims to be encrypted, in both its heads."""
    path = plugin_source("poll").build(folder)
    data = bytearray(path.read_bytes())
    data[6] |= 1  # flags of the first local header
    directory = data.index(b"PK\1\2")
    data[directory + 8] |= 1
    path.write_bytes(data)
    return path


def zip_bomb(folder: Path, size: int) -> Path:
    """A wheel with a file of `size` zeros, which deflate packs a thousandfold."""
    return with_member(folder, "chat_poll/zeros.bin", bytes(size))


def lying_size(folder: Path) -> Path:
    """A wheel whose directory says a file is small, while its data unpack to far more."""
    source, members = good_members()
    members["chat_poll/zeros.bin"] = bytes(8 * 1024 * 1024)
    record = f"{source.stem}.dist-info/RECORD"
    members[record] = record_text(members, record)
    path = pack(folder, f"{source.stem}-{source.tag}.whl", [(entry(name), body) for name, body in members.items()])
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        offset = archive.getinfo("chat_poll/zeros.bin").header_offset
    struct.pack_into("<L", data, offset + 22, 100)
    start = data.index(b"chat_poll/zeros.bin", data.index(b"PK\1\2")) - 46
    struct.pack_into("<L", data, start + 24, 100)
    path.write_bytes(data)
    return path


def overlapping(folder: Path) -> Path:
    """A wheel whose last entry points at the data of the first: one kernel of data, counted many times."""
    path = plugin_source("poll").build(folder)
    data = bytearray(path.read_bytes())
    last = data.rindex(b"PK\1\2")
    struct.pack_into("<L", data, last + 42, 0)
    path.write_bytes(data)
    return path


def hidden_bytes(folder: Path) -> Path:
    """A wheel with bytes between its last file and its directory, where another archive could lie."""
    path = plugin_source("poll").build(folder)
    data = path.read_bytes()
    directory = data.index(b"PK\1\2")
    moved = bytearray(data[:directory] + b"hidden!" * 10 + data[directory:])
    struct.pack_into("<L", moved, len(moved) - 22 + 16, directory + 70)
    path.write_bytes(moved)
    return path


def renamed_locally(folder: Path) -> Path:
    """A wheel where a file is called one thing in the directory and another in its own header."""
    path = plugin_source("poll").build(folder)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"chat_poll/__init__.py", b"chat_poll/__evil__.py", 1))
    return path


def corrupt_data(folder: Path) -> Path:
    """A wheel with one byte of packed data turned over: its checksum no longer holds."""
    source, members = good_members()
    members["chat_poll/data.bin"] = zlib.compress(b"x" * 1000) * 20
    record = f"{source.stem}.dist-info/RECORD"
    members[record] = record_text(members, record)
    infos = [(entry(name, method=zipfile.ZIP_STORED), body) for name, body in members.items()]
    path = pack(folder, f"{source.stem}-{source.tag}.whl", infos)
    data = bytearray(path.read_bytes())
    data[data.index(members["chat_poll/data.bin"]) + 5] ^= 0xFF
    path.write_bytes(data)
    return path


def _patched(folder: Path, change: Callable[[bytearray, int, int], None], source: WheelSource | None = None) -> Path:
    """A wheel whose bytes `change` edits, given the places of the first local header and of the first one's copy."""
    path = (source or plugin_source("poll")).build(folder)
    data = bytearray(path.read_bytes())
    change(data, 0, data.index(b"PK\1\2"))
    path.write_bytes(data)
    return path


def flags_of_its_own(folder: Path, flag: int) -> Path:
    """A wheel whose first file has another flag in its own header than in the directory."""

    def change(data: bytearray, local: int, directory: int) -> None:
        struct.pack_into("<H", data, local + 6, struct.unpack_from("<H", data, local + 6)[0] ^ flag)

    return _patched(folder, change)


def checksum_of_its_own(folder: Path) -> Path:
    """A wheel whose first file has another checksum in its own header than in the directory."""

    def change(data: bytearray, local: int, directory: int) -> None:
        data[local + 14] ^= 0xFF

    return _patched(folder, change)


def with_extra(folder: Path, extra: bytes, *, local: bool = True, directory: bool = True) -> Path:
    """A wheel whose first file has an extra field, in its own header, in the directory, or in both."""
    path = plugin_source("poll").build(folder)
    data = path.read_bytes()
    name_length, extra_length = struct.unpack_from("<HH", data, 26)
    assert extra_length == 0
    moved = len(extra) if local else 0
    end = len(data) - 22
    start = struct.unpack_from("<L", data, end + 16)[0]
    head = data[:26] + struct.pack("<HH", name_length, moved) + data[30 : 30 + name_length] + extra[:moved]
    entries, first = bytearray(), True
    place = start
    while place < end:
        lengths = struct.unpack_from("<HHH", data, place + 28)
        size = 46 + sum(lengths)
        one = bytearray(data[place : place + size])
        offset = struct.unpack_from("<L", one, 42)[0]
        struct.pack_into("<L", one, 42, offset + moved if offset else 0)
        if first and directory:
            struct.pack_into("<H", one, 30, len(extra))
            one[46 + lengths[0] : 46 + lengths[0]] = extra
        entries += one
        first, place = False, place + size
    tail = bytearray(data[end:])
    struct.pack_into("<LL", tail, 12, len(entries), start + moved)
    path.write_bytes(head + data[30 + name_length : start] + entries + tail)
    return path


def by_extra(extra: bytes) -> Callable[[Path], Path]:
    """What makes a wheel by `with_extra`, for a table of them."""
    return lambda folder: with_extra(folder, extra)


def extra_field(kind: int, data: bytes) -> bytes:
    """One extra field of an entry."""
    return struct.pack("<HH", kind, len(data)) + data


def unicode_path(name: str, other: str) -> bytes:
    """The extra field that gives a file another name (APPNOTE.TXT 4.6.9)."""
    return extra_field(0x7075, struct.pack("<BL", 1, zlib.crc32(name.encode())) + other.encode())


class _Unseekable:
    """What a zip is written to that cannot be sought in: sizes go behind the data."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""


def streamed(folder: Path, *, spoil: bool = False, hidden: bytes = b"") -> Path:
    """A wheel written to a pipe, with data descriptors; the first one spoilt, or with bytes after it.

    Args:
        folder: where it is made.
        spoil: let the first descriptor say another size.
        hidden: bytes between the first file's data and its descriptor.
    """
    source, members = good_members()
    out = _Unseekable()
    with zipfile.ZipFile(out, "w") as archive:  # type: ignore[call-overload]  # write and flush are all it uses
        for name, body in members.items():
            archive.writestr(entry(name), body)
    data = out.data
    place = data.index(b"PK\7\x08")
    if spoil:
        data[place + 12] ^= 1
    if hidden:
        data[place:place] = hidden
        end = len(data) - 22
        start = struct.unpack_from("<L", data, end + 16)[0] + len(hidden)
        struct.pack_into("<L", data, end + 16, start)
        at = start
        while at < end:
            offset = struct.unpack_from("<L", data, at + 42)[0]
            struct.pack_into("<L", data, at + 42, offset + len(hidden) if offset else 0)
            at += 46 + sum(struct.unpack_from("<HHH", data, at + 28))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{source.stem}-{source.tag}.whl"
    path.write_bytes(data)
    return path
