"""Metadata that was verified before it was written to disk, read without verifying it again.

Whoever can write here can write into the store of plugins beside it. What is looked at is that the parts belong
together and that none has expired.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

_KEPT_FILES = 32
"""How many files are kept as they were read: a few marketplaces, and a few bins of each."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is signed of a file.

    Args:
        sha256: of the file.
        length: bytes.
    """

    sha256: str
    length: int


class Verified:
    """The newest verified metadata of one marketplace.

    Args:
        folder: that python-tuf keeps it in.
        at: the time by which it must not have expired.

    Raises:
        LookupError, ValueError, OSError: there is none that is whole and belongs together; it has to be fetched.
    """

    def __init__(self, folder: Path, at: datetime) -> None:
        self._folder = folder
        self._at = at
        root = self._signed("root")
        self.timestamp, signed = _read(folder / "timestamp.json")
        timestamp = self._current(signed)
        snapshot = self._signed("snapshot", timestamp["meta"]["snapshot.json"]["version"])
        self.root_version: int = root["version"]
        self.versions: dict[str, int] = {
            name.removesuffix(".json"): one["version"] for name, one in snapshot["meta"].items()
        }
        self._signed("targets", self.versions["targets"])
        self.said = datetime.fromisoformat(timestamp["expires"])
        self._targets: dict[str, dict[str, Any]] = {}

    def target(self, role: str, path: str) -> Target | None:
        """What a role signs of a path, None for nothing.

        Raises:
            LookupError, ValueError, OSError: the role's metadata has to be fetched.
        """
        if role not in self._targets:
            self._targets[role] = self._signed(role, self.versions[role])["targets"]
        found = self._targets[role].get(path)
        return None if found is None else Target(found["hashes"]["sha256"], found["length"])

    def _signed(self, role: str, version: int | None = None) -> dict[str, Any]:
        _, signed = _read(self._folder / f"{role}.json")
        if version is not None and signed["version"] != version:
            raise ValueError(f"{role} {signed['version']} is not the {version} that is current")
        return self._current(signed)

    def _current(self, signed: dict[str, Any]) -> dict[str, Any]:
        if datetime.fromisoformat(signed["expires"]) <= self._at:
            raise ValueError(f"{signed['_type']} has expired")
        return signed


def _read(path: Path) -> tuple[bytes, dict[str, Any]]:
    """A file, and what is signed in it, not to be changed: it is read anew only where the file is another by now."""
    status = path.stat()
    return _read_once(path, (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))


@lru_cache(_KEPT_FILES)
def _read_once(path: Path, _stamp: tuple[int, int, int, int]) -> tuple[bytes, dict[str, Any]]:
    data = path.read_bytes()
    signed: dict[str, Any] = json.loads(data)["signed"]
    return data, signed


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)
