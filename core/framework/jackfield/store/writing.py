"""Writing a generation: its lock files, its table of files, and what generation.json says of them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jackfield.manifest import Pin
from jackfield.store.generations import ABOUT, LOCK, WORKERS, Generation, Lock
from jackfield.store.pylock import lock_text
from jackfield.store.table import StoredFile

_KEPT_LOCKS = 4096


def write_generation(
    folder: Path,
    pins: Sequence[Pin],
    table: Mapping[str, StoredFile],
    *,
    workers: Mapping[str, Sequence[Pin]],
    before: Generation,
    about: Mapping[str, Any],
) -> None:
    """Write a generation's files into `folder`, which must not exist.

    Args:
        folder: where; its name is given later by renaming it.
        pins: what the application's process holds.
        table: the table of its files.
        workers: canonical id -> plugin and libraries, of those with a process of their own.
        before: the generation that is active now.
        about: what generation.json says.
    """
    inline = folder / "inline"
    inline.mkdir(parents=True)
    text, packages = lock_text(pins)
    lock = text.encode()
    (inline / LOCK).write_bytes(lock)
    wheels = sorted({row.wheel for row in table.values()})
    numbers = {wheel: number for number, wheel in enumerate(wheels)}
    rows = {path: [numbers[row.wheel], row.digest, row.size] for path, row in sorted(table.items())}
    (inline / "files.json").write_text(json.dumps({"wheels": wheels, "files": rows}), encoding="utf-8")
    own = _write_workers(f"{folder}/{WORKERS}", workers, before)
    said = json.dumps({**about, "lock_sha256": hashlib.sha256(lock).hexdigest()})
    (folder / ABOUT).write_text(f'{said[:-1]}, "packages": {packages}, "workers": {{{own}}}}}', encoding="utf-8")


def _write_workers(folder: str, workers: Mapping[str, Sequence[Pin]], before: Generation) -> str:
    """Write the lock file of each worker; returns what generation.json holds of them."""
    said = []
    old = f"{before.folder}/{WORKERS}"
    if workers:
        os.mkdir(folder)  # noqa: PTH102 - as all of this: there may be a hundred workers, at each change
    for cid, pins in sorted(workers.items()):
        text, digest, packages = _lock_of(tuple(pins))
        path = f"{folder}/pylock.{cid}.toml"
        lock = _linked(f"{old}/pylock.{cid}.toml", path, digest, before.locks.get(cid)) or _written(path, text, digest)
        looks = f"[{lock.size}, {lock.mtime_ns}]"
        said.append(f'"{cid}": {{"looks": {looks}, "lock_sha256": "{digest}", "packages": {packages}}}')
    return ", ".join(said)


def _linked(old: str, path: str, digest: str, lock: Lock | None) -> Lock | None:
    """The lock file of the generation before, if it says the same; None where it does not, or cannot be linked."""
    if lock is None or lock.digest != digest:
        return None
    try:
        os.link(old, path)
        status = os.stat(path)  # noqa: PTH116 - see above
        if (status.st_size, status.st_mtime_ns) == (lock.size, lock.mtime_ns):
            return lock
        os.unlink(path)  # noqa: PTH108 - somebody edited it since it was read
    except OSError:
        return None  # a file system without links; if it is full, the writing says so
    return None


def _written(path: str, text: bytes, digest: str) -> Lock:
    with open(path, "xb") as file:  # noqa: PTH123 - see above
        file.write(text)
        file.flush()
        status = os.fstat(file.fileno())
    return Lock(digest, status.st_size, status.st_mtime_ns)


@lru_cache(_KEPT_LOCKS)
def _lock_of(pins: tuple[Pin, ...]) -> tuple[bytes, str, str]:
    """The lock file of one worker, its hash, and its packages as JSON; a change touches few of them."""
    text, packages = lock_text(pins)
    lock = text.encode()
    return lock, hashlib.sha256(lock).hexdigest(), packages
