"""One file with a lock and all its wheels: a set is installed from it where there is no network.

A zip archive: `jackfield.lock`, and `wheels/<sha256>/<file name>`. Each wheel is held to the hash that the lock names
before anything looks into it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from jackfield.errors import StoreError, UsageError, WheelError
from jackfield.store import LockFile, Store, read_lockfile

LOCK = "jackfield.lock"
MOST_LOCK_BYTES = 16 << 20
MOST_WHEEL_BYTES = 2 << 30
_CHUNK = 1 << 20


def write_bundle(target: Path, lock: LockFile, store: Store) -> int:
    """Write a bundle; returns its size in bytes.

    Args:
        target: the file; one that is there is replaced, once the new one is whole.
        lock: for this machine alone, or one whose wheels are all here.
        store: holds the wheels.

    Raises:
        StoreError: a wheel is not here, or the file cannot be written.
    """
    pins = {pin.file.sha256: pin for one in lock.sets for pin in one.pins}
    missing = [pin for pin in pins.values() if store.wheel(pin.file.sha256) is None]
    if missing:
        raise StoreError(
            f"{missing[0].file.filename} is not here", plugin=missing[0].id, hint="bundle this machine's set"
        )
    descriptor, name = -1, ""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(LOCK, lock.text())
            for sha256, pin in sorted(pins.items()):
                wheel = store.wheel(sha256)
                if wheel is not None:
                    archive.write(wheel, f"wheels/{sha256}/{pin.file.filename}")
        Path(name).replace(target)
    except OSError as error:
        if name:
            Path(name).unlink(missing_ok=True)
        raise StoreError(f"{target} cannot be written: {error.strerror or error}") from error
    return target.stat().st_size


@contextmanager
def opened(path: Path) -> Iterator[tuple[LockFile, dict[str, Path]]]:
    """A lock file or a bundle: the lock, and the wheels that came with it, which go with the block.

    Raises:
        UsageError: it is neither.
        WheelError: a wheel is not what the lock names.
        StoreError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                file.seek(0)
                content = file.read(MOST_LOCK_BYTES + 1)
                if len(content) > MOST_LOCK_BYTES:
                    raise UsageError(f"{path} is too large for a lock file")
                yield read_lockfile(content, source=str(path)), {}
                return
            with tempfile.TemporaryDirectory(prefix="jackfield-bundle-") as folder:
                yield _unpacked(file, path, Path(folder))
    except (OSError, zipfile.BadZipFile) as error:
        raise StoreError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _unpacked(file: IO[bytes], path: Path, folder: Path) -> tuple[LockFile, dict[str, Path]]:
    with zipfile.ZipFile(file) as archive:
        if LOCK not in archive.namelist():
            raise UsageError(f"{path} is no bundle: it holds no {LOCK}", hint="jackfield bundle writes one")
        with archive.open(LOCK) as part:
            lock = read_lockfile(part.read(MOST_LOCK_BYTES), source=f"{path}, {LOCK}")
        found: dict[str, Path] = {}
        for pin in {pin.file.sha256: pin for one in lock.sets for pin in one.pins}.values():
            name = f"wheels/{pin.file.sha256}/{pin.file.filename}"
            if name not in archive.namelist():
                continue  # of a target that was bundled elsewhere; the plan says what is missing
            if "/" in pin.file.filename or "\\" in pin.file.filename:
                raise WheelError(f"{pin.file.filename!r} is no file name", plugin=pin.id)
            target = folder / pin.file.sha256 / pin.file.filename
            target.parent.mkdir()
            if _copied(archive, name, target) != pin.file.sha256:
                raise WheelError(
                    f"{pin.file.filename} in {path.name} is not the file that its lock names", plugin=pin.id
                )
            found[pin.file.sha256] = target
        return lock, found


def _copied(archive: zipfile.ZipFile, name: str, target: Path) -> str:
    digest, left = hashlib.sha256(), MOST_WHEEL_BYTES
    with archive.open(name) as part, target.open("xb") as out:
        while left > 0 and (chunk := part.read(min(_CHUNK, left))):
            digest.update(chunk)
            out.write(chunk)
            left -= len(chunk)
    return digest.hexdigest()
