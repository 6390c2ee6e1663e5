"""Bundles that lead out of their folder, or are no whole archive, are refused before anything of them is used."""

from __future__ import annotations

import errno
import os
import struct
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from jackfield.errors import StoreError, UsageError, WheelError
from jackfield.management import opened
from jackfield.manifest import File, Pin
from jackfield.store import LockedSet, LockFile

from tests.support.bundles import rewritten
from tests.support.work import instructions_of

pytestmark = [pytest.mark.slow, pytest.mark.feature("C45", "U8")]


@pytest.mark.parametrize("kind", ["hash", "name", "process"])
async def test_nothing_of_a_bundle_leads_out_of_its_folder(bundle, tmp_path, kind):
    """What a lock calls a hash, a file or a process becomes a part of a path; a stranger wrote it."""
    outside = tmp_path / "outside"
    with opened(bundle) as (lock, _local):
        pins = [pin for one in lock.sets for pin in one.pins]
        (pin,) = (one for one in pins if one.id == "sealed")
    known, claimed = {
        "hash": (pin.file.sha256, str(outside)),
        "name": (f'"{pin.file.filename}"', '".."'),
        "process": ("targets.workers.sealed.", 'targets.workers."../../../outside".'),
    }[kind]

    def change(name: str, content: bytes) -> bytes:
        return content.replace(known.encode(), claimed.encode()) if name == "jackfield.lock" else content

    forged = rewritten(bundle, change)
    led = bundle.with_name("led.bundle")
    with zipfile.ZipFile(forged) as old, zipfile.ZipFile(led, "w") as new:
        for name in old.namelist():
            new.writestr(name.replace(known, claimed), old.read(name))
    assert led.read_bytes() != bundle.read_bytes()
    with pytest.raises(UsageError, match=r"led\.bundle.* is no lock file, or is damaged"), opened(led):
        pass
    assert not outside.exists()


@pytest.mark.parametrize("how", ["bytes", "encrypted", "method"])
async def test_a_damaged_archive_is_said_to_be_one(bundle, how):
    packed = bundle.with_name("packed.bundle")
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        first = new.infolist()[0]
    content = bytearray(packed.read_bytes())
    if how == "bytes":
        start = first.header_offset + 30 + len(first.filename)
        content[start : start + 20] = b"\xff" * 20
    else:
        offset, value = (8, 1) if how == "encrypted" else (10, 99)  # of flags and method in the central directory
        content[content.index(b"PK\x01\x02") + offset] = value
    packed.write_bytes(content)
    with pytest.raises(StoreError, match=r"packed\.bundle is damaged: "), opened(packed):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="a bound on the size of files")
async def test_a_disk_without_room_to_unpack_is_said_to_be_the_disk(bundle):
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with (
            pytest.raises(StoreError, match=r"set\.bundle cannot be unpacked: File too large \(make room .*TMPDIR\)"),
            opened(bundle),
        ):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_what_fails_while_a_bundle_is_used_is_not_put_down_to_it(bundle):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/a/profile")
    with pytest.raises(OSError, match="No space left on device") as told, opened(bundle):
        raise full
    assert told.value is full


def many(folder: Path, count: int, *, others: int) -> Path:
    """A bundle with small files that its lock names, and others that it does not."""
    names = [f"one_{number}-1.0.0-py3-none-any.whl" for number in range(count)]
    hashes = [sha256(name.encode()).hexdigest() for name in names]
    files = [File(name, name, digest) for name, digest in zip(names, hashes, strict=True)]
    pins = tuple(Pin(f"one-{number}", "1.0.0", file, id=None, source="x") for number, file in enumerate(files))
    bundle = folder / f"{count}-{others}.bundle"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("jackfield.lock", LockFile("chat", "1.0.0", (LockedSet("any", pins),)).text())
        for name, digest in zip(names, hashes, strict=True):
            archive.writestr(f"wheels/{digest}/{name}", name)
        for number in range(others):
            archive.writestr(f"other/{number}", "")
    return bundle


def unpacked(bundle: Path) -> None:
    with opened(bundle) as (lock, local):
        assert len(local) == len(lock.sets[0].pins)


def test_what_a_file_of_a_bundle_costs_does_not_grow_with_the_others(tmp_path):
    def cost_of_a_hundred(others: int) -> int:
        few, more = many(tmp_path, 10, others=others), many(tmp_path, 110, others=others)
        return instructions_of(lambda: unpacked(more)) - instructions_of(lambda: unpacked(few))

    cost_of_a_hundred(0)  # what is done once only is done now
    assert cost_of_a_hundred(10_000) < 1.5 * cost_of_a_hundred(0)


def test_a_table_of_contents_larger_than_any_bundles_is_not_read(tmp_path):
    """What is read first of an archive, and takes the twentyfold in memory."""
    crowded = tmp_path / "crowded.bundle"
    with zipfile.ZipFile(crowded, "w") as archive:
        archive.writestr("jackfield.lock", "")
        (entry,) = archive.infolist()
        entry.comment = b"c" * 60_000  # as long as hundreds of entries
        archive.filelist += [entry] * 250
    with pytest.raises(UsageError, match="the bundle holds more files than there can be"), opened(crowded):
        pass


def growing(folder: Path, sizes: list[int], *, method: int) -> Path:
    """A bundle of wheels that are nothing but zeros: compressed, they take a thousandth of their size."""
    contents = [bytes(size) for size in sizes]
    hashes = [sha256(content).hexdigest() for content in contents]
    names = [f"one_{number}-1.0.0-py3-none-any.whl" for number in range(len(sizes))]
    pins = tuple(
        Pin(f"one-{number}", "1.0.0", File(name, name, digest), id=f"one-{number}", source="x")
        for number, (name, digest) in enumerate(zip(names, hashes, strict=True))
    )
    bundle = folder / "growing.bundle"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("jackfield.lock", LockFile("chat", "1.0.0", (LockedSet("any", pins),)).text())
        for name, digest, content in zip(names, hashes, contents, strict=True):
            archive.writestr(f"wheels/{digest}/{name}", content, method)
    return bundle


def test_wheels_that_are_compressed_in_a_bundle_are_refused_before_they_grow(tmp_path):
    bundle = growing(tmp_path, [3 << 20, (3 << 20) + 1], method=zipfile.ZIP_DEFLATED)
    assert bundle.stat().st_size < 20_000
    with pytest.raises(WheelError, match=r"one_0-1\.0\.0\S+ is compressed in growing\.bundle") as told:
        unpacked(bundle)
    assert told.value.plugin == "one-0"


def test_wheels_that_say_they_are_larger_than_the_bundle_are_refused_before_they_are_read(tmp_path):
    """So say those whose entries lie over each other, or that is how their sizes add up."""
    bundle = growing(tmp_path, [40_000, 39_999, 39_998], method=zipfile.ZIP_STORED)
    unpacked(bundle)
    content = bytearray(bundle.read_bytes())
    size = struct.pack("<L", 39_999)
    at = content.rindex(size * 2)  # of the second wheel, both sizes in the table of contents
    content[at : at + 8] = struct.pack("<L", 90_000) * 2
    bundle.write_bytes(content)
    with pytest.raises(WheelError, match=r"one_1-1\.0\.0\S+ and those before it say that they take more room") as told:
        unpacked(bundle)
    assert told.value.plugin == "one-1"
