"""Bundles that lead out of their folder, or are no whole archive, are refused before anything of them is used."""

from __future__ import annotations

import errno
import os
import sys
import zipfile

import pytest
from jackfield.errors import StoreError, UsageError
from jackfield.management import opened

from tests.support.bundles import rewritten

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
