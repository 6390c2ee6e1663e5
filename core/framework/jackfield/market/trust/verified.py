"""Metadata that was verified before it was written to disk, read without verifying it again.

Whoever can write here can write into the store of plugins beside it. What is looked at is that the parts belong
together, that none has expired, and that the keys that signed a bin still count: a thief of an old one may have shown
the very version that came next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from jackfield.market.trust.cache import newest_root, read_json, read_metadata

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
        self.root = _read(folder / "root.json").data
        root = self._signed("root")
        read = _read(folder / "timestamp.json")
        self.timestamp = read.data
        timestamp = self._current(read.signed)
        snapshot = self._signed("snapshot", timestamp["meta"]["snapshot.json"]["version"])
        self.root_version: int = root["version"]
        # Of 256 bins a look needs a few: they are found when they are asked for.
        self._snapshot: Mapping[str, Any] = snapshot["meta"]
        delegations = self._signed("targets", self.version("targets")).get("delegations") or {"roles": ()}
        self._delegated: Sequence[Mapping[str, Any]] = delegations["roles"]
        self.said = datetime.fromisoformat(timestamp["expires"])
        self._targets: dict[str, dict[str, Any]] = {}

    def signs(self, role: str) -> bool:
        """Whether there is such a role now."""
        return f"{role}.json" in self._snapshot

    def version(self, role: str) -> int:
        """The version of a role that is current.

        Raises:
            LookupError: there is no such role.
        """
        version: int = self._snapshot[f"{role}.json"]["version"]
        return version

    def target(self, role: str, path: str) -> Target | None:
        """What a role signs of a path, None for nothing.

        Raises:
            LookupError, ValueError, OSError: the role's metadata has to be fetched.
        """
        if role not in self._targets:
            self._require_signers(role)
            self._targets[role] = self._signed(role, self.version(role))["targets"]
        found = self._targets[role].get(path)
        return None if found is None else Target(found["hashes"]["sha256"], found["length"])

    def know(self, role: str, data: bytes) -> None:
        """Know a role by the bytes that were verified and kept just now, without reading them from the disk again.

        Raises:
            LookupError, ValueError: it is not the version that is current.
        """
        signed = read_json(data)["signed"]
        self._targets[role] = self._current(_of_version(signed, role, self.version(role)))["targets"]

    def _require_signers(self, role: str) -> None:
        """Hold what lies here of a bin to the keys that sign it now; it was verified by those of the day it came."""
        delegated = next((one for one in self._delegated if one["name"] == role), None)
        if delegated is None:
            raise LookupError(f"nobody may sign {role}")
        signed_by = _read(self._folder / f"{role}.json").keyids
        if len(signed_by.intersection(delegated["keyids"])) < delegated["threshold"]:
            raise ValueError(f"{role} was signed by keys that were replaced")

    def _signed(self, role: str, version: int | None = None) -> dict[str, Any]:
        signed = _read(self._folder / f"{role}.json").signed
        return self._current(signed if version is None else _of_version(signed, role, version))

    def _current(self, signed: dict[str, Any]) -> dict[str, Any]:
        if datetime.fromisoformat(signed["expires"]) <= self._at:
            raise ValueError(f"{signed['_type']} has expired")
        return signed


def kept(folder: Path, url: str, pinned: str, at: datetime) -> Verified | None:
    """What is kept of a marketplace; None where it is too old or was broken off: then it is looked for from the start.

    Args:
        folder: that python-tuf keeps it in.
        url: of the marketplace, for the sentence.
        pinned: the sha256 of the root that it is known by.
        at: the time by which nothing must have expired.

    Raises:
        TrustError: the root that lies here does not come after the pinned one.
    """
    try:
        verified = Verified(folder, at)
    except (LookupError, ValueError, OSError, TypeError):
        return None
    if hashlib.sha256(verified.root).hexdigest() != pinned:  # one that came later; or one that nothing here verified
        newest_root(folder, url, pinned)
    return verified


def _of_version(signed: dict[str, Any], role: str, version: int) -> dict[str, Any]:
    if signed["version"] != version:
        raise ValueError(f"{role} {signed['version']} is not the {version} that is current")
    return signed


class _Read(NamedTuple):
    """A file of metadata: its bytes, what is signed in it, not to be changed, and whose signatures it carries."""

    data: bytes
    signed: dict[str, Any]
    keyids: frozenset[str]


def _read(path: Path) -> _Read:
    """A file, read anew only where it is another by now."""
    status = path.stat()
    return _read_once(path, (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))


@lru_cache(_KEPT_FILES)
def _read_once(path: Path, _stamp: tuple[int, int, int, int]) -> _Read:
    data = read_metadata(path)
    whole: dict[str, Any] = read_json(data)
    return _Read(data, whole["signed"], frozenset(one["keyid"] for one in whole["signatures"]))


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)
