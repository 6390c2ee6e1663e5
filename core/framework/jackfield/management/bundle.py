"""One file with a lock and all its wheels: a set is installed from it where there is no network.

A zip archive: `jackfield.lock`, `wheels/<sha256>/<file name>`, and below `trust/` what the marketplaces signed of them.
Each wheel is held to the hash that the lock names before anything looks into it. Wheels lie in it as they are, not
compressed once more, and so take together no more room than the bundle itself: what a small file may become on the disk
is bounded by its own size.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import IO

from jackfield.errors import StoreError, UsageError, WheelError
from jackfield.store import MOST_LOCK_BYTES, LockFile, Store, read_lockfile

LOCK = "jackfield.lock"
DIRECTORY_BYTES = 12 << 20
"""Of the archive's table of contents: sixty thousand wheels, and more than a lock can name."""
PROOF_BYTES = 8 << 20
"""Of one part of what a marketplace signed; a bin of the largest has a tenth of it."""
PROOFS_BYTES = 16 << 20
"""Of all that the marketplaces signed."""
MOST_WHEEL_BYTES = 2 << 30
_CHUNK = 1 << 20


class Bundled(dict[str, Path]):
    """sha256 -> wheel, of those that came with a lock; and what their marketplaces signed of them.

    Attributes:
        proofs: address of a marketplace -> its signed metadata by name, as `jackfield.market.carried` gave it.
    """

    proofs: Mapping[str, Mapping[str, bytes]]

    def __init__(
        self, wheels: Mapping[str, Path] = MappingProxyType({}), proofs: Mapping[str, Mapping[str, bytes]] | None = None
    ) -> None:
        super().__init__(wheels)
        self.proofs = proofs or {}


def write_bundle(
    target: Path, lock: LockFile, store: Store, proofs: Mapping[str, Mapping[str, bytes]] = MappingProxyType({})
) -> int:
    """Write a bundle; returns its size in bytes.

    Args:
        target: the file; one that is there is replaced, once the new one is whole.
        lock: for this machine alone, or one whose wheels are all here.
        store: holds the wheels.
        proofs: what the marketplaces signed of them, by address.

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
            for number, (url, parts) in enumerate(sorted(proofs.items())):
                archive.writestr(f"trust/{number}/address", url)
                for part, data in sorted(parts.items()):
                    archive.writestr(f"trust/{number}/{part}", data)
        Path(name).replace(target)
    except OSError as error:
        if name:
            Path(name).unlink(missing_ok=True)
        raise StoreError(f"{target} cannot be written: {error.strerror or error}") from error
    return target.stat().st_size


@contextmanager
def opened(path: Path) -> Iterator[tuple[LockFile, Bundled]]:
    """A lock file or a bundle: the lock, and the wheels that came with it, which go with the block.

    Raises:
        UsageError: it is neither.
        WheelError: a wheel is not what the lock names.
        StoreError: it cannot be read, or there is no room to unpack it.
    """
    with ExitStack() as stack:
        try:
            found = _read(path, stack)
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error
        yield found  # what fails from here on is none of the file's faults


class _Bounded(io.BufferedReader):
    """An archive of which no table of contents is read that is larger than a bundle's: `zipfile` reads it in one go.

    Each entry takes twenty times its length in memory, and nothing else is read in pieces as large.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > DIRECTORY_BYTES:
            raise UsageError("the bundle holds more files than there can be", hint="jackfield bundle writes one")
        return super().read(size)


def _read(path: Path, stack: ExitStack) -> tuple[LockFile, Bundled]:
    with _Bounded(io.FileIO(path)) as file:
        if not zipfile.is_zipfile(file):
            file.seek(0)
            content = file.read(MOST_LOCK_BYTES + 1)
            if len(content) > MOST_LOCK_BYTES:
                raise UsageError(f"{path} is too large for a lock file")
            return read_lockfile(content, source=str(path)), Bundled()
        with _unpacking(path):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="jackfield-bundle-")))
        with _whole(path):
            return _unpacked(file, path, folder)


@contextmanager
def _unpacking(path: Path) -> Iterator[None]:
    """Say of a disk that takes no more that it is the disk, and not the file that is read."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path} cannot be unpacked: {error.strerror or error}",
            hint="make room for its wheels where temporary files lie, or name another folder: TMPDIR",
        ) from error


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Say of a damaged archive that it is one, whichever of its layers notices."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError) as error:
        # RuntimeError: a member that is encrypted, or compressed in a way that nobody here knows.
        raise StoreError(f"{path} is damaged: {error}", hint="have it written anew: jackfield bundle") from error


def _unpacked(file: IO[bytes], path: Path, folder: Path) -> tuple[LockFile, Bundled]:
    with zipfile.ZipFile(file) as archive:
        names = frozenset(archive.namelist())
        if LOCK not in names:
            raise UsageError(f"{path} is no bundle: it holds no {LOCK}", hint="jackfield bundle writes one")
        with archive.open(LOCK) as part:
            lock = read_lockfile(part.read(MOST_LOCK_BYTES + 1), source=f"{path}, {LOCK}")
        found: dict[str, Path] = {}
        left = file.seek(0, io.SEEK_END)
        for pin in {pin.file.sha256: pin for one in lock.sets for pin in one.pins}.values():
            name = f"wheels/{pin.file.sha256}/{pin.file.filename}"
            if name not in names:
                continue  # of a target that was bundled elsewhere; the plan says what is missing
            if "/" in pin.file.filename or "\\" in pin.file.filename:
                raise WheelError(f"{pin.file.filename!r} is no file name", plugin=pin.id)
            entry = archive.getinfo(name)
            left -= entry.file_size
            if entry.compress_type != zipfile.ZIP_STORED or left < 0:
                stored = entry.compress_type == zipfile.ZIP_STORED
                why = "and those before it say that they take more room than" if stored else "is compressed in"
                raise WheelError(
                    f"{pin.file.filename} {why} {path.name}, which jackfield bundle never writes so",
                    plugin=pin.id,
                    hint="have it written anew: jackfield bundle",
                )
            target = folder / pin.file.sha256 / pin.file.filename
            with _unpacking(path):
                target.parent.mkdir()
                copied = _copied(archive, name, target)
            if copied != pin.file.sha256:
                raise WheelError(
                    f"{pin.file.filename} in {path.name} is not the file that its lock names", plugin=pin.id
                )
            found[pin.file.sha256] = target
        return lock, Bundled(found, _proofs(archive))


def _proofs(archive: zipfile.ZipFile) -> dict[str, dict[str, bytes]]:
    """What the marketplaces signed; nothing of it is believed yet."""
    named: dict[str, dict[str, bytes]] = {}
    size = 0
    for name in archive.namelist():
        first, _, rest = name.partition("/")
        number, _, part = rest.partition("/")
        if first != "trust" or not part:
            continue
        with archive.open(name) as file:
            data = file.read(PROOF_BYTES + 1)
        size += len(data)
        if size > PROOFS_BYTES or len(data) > PROOF_BYTES:
            raise UsageError("the bundle holds more signed metadata than there can be")
        named.setdefault(number, {})[part] = data
    return {parts.pop("address").decode("utf-8", "replace"): parts for parts in named.values() if "address" in parts}


def _copied(archive: zipfile.ZipFile, name: str, target: Path) -> str:
    digest, left = hashlib.sha256(), MOST_WHEEL_BYTES
    with archive.open(name) as part, target.open("xb") as out:
        while left > 0 and (chunk := part.read(min(_CHUNK, left))):
            digest.update(chunk)
            out.write(chunk)
            left -= len(chunk)
    return digest.hexdigest()
