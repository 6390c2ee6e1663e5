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
