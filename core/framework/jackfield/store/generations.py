"""A generation: one complete installed set, as lock files (PEP 751) and a table of files.

generations/<n>/generation.json                     when, by whom, what for, after which; and what the lock files say
generations/<n>/inline/pylock.toml                  what the application's process holds, each wheel with its hash;
                                                    `[packages.tool.jackfield]` adds the id
generations/<n>/inline/files.json                   path -> which wheel it comes from, its hash and size
generations/<n>/workers/pylock.<id>.toml            a plugin with a process of its own, and its own libraries

The lock files rule. Since TOML is read slowly, twenty milliseconds for a hundred plugins, generation.json holds the
same as JSON, with the hash of each lock file that it was made from: it counts only beside those. Of the many lock files
of workers it also knows size and time, so that one look at each is enough; those that say what they said in the
generation before are hard links of them, since to make a hundred files takes longer than all the rest of a change.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from jackfield.errors import StoreError, WheelError
from jackfield.manifest import Pin, distinct, places_of
from jackfield.places import is_withheld, read_kept
from jackfield.store.glances import Stamp, stamp_of
from jackfield.store.pylock import pin_of
from jackfield.store.table import StoredFile, contents_of

TREE = "tree"
"""The name of the unpacked tree beside its wheel, in the store."""

ABOUT = "generation.json"
LOCK = "pylock.toml"
WORKERS = "workers"
_DAMAGE = (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)
"""All that reading a damaged file ends in."""

_KEPT_GENERATIONS = 32


class Lock(NamedTuple):
    """How a worker's lock file was when it was written: its sha256, its size in bytes, its mtime in nanoseconds."""

    digest: str
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Generation:
    """One complete installed set; number 0 is the empty one, which exists without files.

    It does not change: what is told of all its pins is worked out once, when it is first asked.

    Args:
        number: counted up with each install, update and removal.
        pins: all distributions, by name and version: those of the application's process and of the others.
        inline: what the application's process holds: plugins, and the libraries that they share.
        workers: canonical id -> the plugin itself, then its own libraries, of each with a process of its own (K41).
        entries: sha256 of the wheel -> its unpacked tree, in the order of `pins`.
        created: when, ISO 8601 in UTC.
        by: who made it.
        what: a few words for people, e.g. "install poll".
        folder: where its files lie; None for number 0.
        locks: canonical id -> its lock file, of each worker's that is as it was written.
    """

    number: int
    pins: tuple[Pin, ...] = ()
    inline: tuple[Pin, ...] = ()
    workers: Mapping[str, tuple[Pin, ...]] = field(default_factory=lambda: MappingProxyType({}))
    entries: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    created: str = ""
    by: str = ""
    what: str = ""
    folder: Path | None = None
    locks: Mapping[str, Lock] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def paths(self) -> tuple[Path, ...]:
        """The unpacked trees of what the application's process holds, each an import root."""
        return tuple(self.entries[pin.file.sha256] for pin in self.inline)

    @cached_property
    def plugin_trees(self) -> tuple[Path, ...]:
        """Where plugins may be found: the trees of the application's process, and each other plugin's own."""
        return (*self.paths, *(self.tree(pins[0]) for pins in self.workers.values()))

    @cached_property
    def plugin_wheels(self) -> tuple[str, ...]:
        """The sha256 of the wheels whose trees `plugin_trees` are, in that order."""
        own = (pins[0] for pins in self.workers.values())
        return tuple(pin.file.sha256 for pin in (*self.inline, *own))

    def worker_paths(self, cid: str) -> tuple[Path, ...]:
        """The import roots of a plugin with a process of its own, in order: its own tree, then its libraries (K42).

        Args:
            cid: its canonical id; of one that has no such process nothing is returned.
        """
        return tuple(self.tree(pin) for pin in self.workers.get(cid, ()))

    @property
    def plugins(self) -> dict[str, Pin]:
        """Canonical id -> pin, of the plugins alone."""
        return {pin.id: pin for pin in self.pins if pin.id is not None}

    @cached_property
    def places(self) -> Mapping[tuple[str, str], Pin]:
        """What is installed, by place; see `places_of`."""
        return MappingProxyType(places_of(self.inline, self.workers))

    @cached_property
    def versions(self) -> Mapping[str, tuple[Pin, ...]]:
        """Distribution -> its pins: plugins may have a library in several versions."""
        found: dict[str, tuple[Pin, ...]] = {}
        for pin in self.pins:
            found[pin.distribution] = (*found.get(pin.distribution, ()), pin)
        return MappingProxyType(found)

    @cached_property
    def wheels(self) -> frozenset[str]:
        """The sha256 of everything that is installed."""
        return frozenset(pin.file.sha256 for pin in self.pins)

    def tree(self, pin: Pin) -> Path:
        """The unpacked tree of one of its pins."""
        return self.entries[pin.file.sha256]

    def contents(self, pin: Pin) -> str:
        """The fingerprint of the code of one of its pins; empty where its tree is gone or damaged."""
        try:
            return contents_of(self.tree(pin))
        except (WheelError, OSError, ValueError):
            return ""

    def owners(self, sha256: str) -> tuple[str, ...]:
        """The ids of the plugins with a process of their own that have a wheel as a library."""
        return tuple(
            own[0].id or cid for cid, own in self.workers.items() if any(pin.file.sha256 == sha256 for pin in own[1:])
        )

    def missing(self) -> tuple[Pin, ...]:
        """The pins whose tree is not in the store any more."""
        return tuple(pin for pin in self.pins if not self.tree(pin).is_dir())

    def files(self) -> dict[str, StoredFile]:
        """The table of files: path below the import root -> where it comes from. Read anew at each call.

        Raises:
            StoreError: the table is missing or damaged.
        """
        if self.folder is None:
            return {}
        path = self.folder / "inline" / "files.json"
        try:
            read = json.loads(read_kept(path))
            wheels = read["wheels"]
            return {
                name: StoredFile(wheels[wheel], digest, size) for name, (wheel, digest, size) in read["files"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise _damaged(path, error) from error


def read_generation(folder: Path, number: int, store: Path) -> Generation:
    """Read a generation.

    It does not change any more: what was read once is read anew only where its files are others by now.

    Args:
        folder: its folder.
        number: its number.
        store: the folder of unpacked wheels.

    Raises:
        StoreError: a file is missing or damaged.
    """
    looks = []
    try:
        for path in (folder / "inline" / LOCK, folder / ABOUT):
            with _reading(path):
                looks.append(stamp_of(path))
        return _read(folder, number, store, (looks[0], looks[1]))
    except StoreError as error:
        if not folder.exists():
            raise StoreError(
                f"generation {number} is not here any more", hint="another one: jackfield history"
            ) from error
        raise


def _damaged(path: Path, error: Exception | None = None) -> StoreError:
    if isinstance(error, OSError) and is_withheld(error):
        return StoreError(f"{path} cannot be read: {error.strerror}")
    return StoreError(f"{path} is missing or damaged", hint="go back to another generation: jackfield rollback")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """While a file is read: it is to blame for whatever is wrong."""
    try:
        yield
    except _DAMAGE as error:
        raise _damaged(path, error) from error


@lru_cache(_KEPT_GENERATIONS)
def _read(folder: Path, number: int, store: Path, _stamps: tuple[Stamp, Stamp]) -> Generation:
    """Read a generation's files; how they look from outside is a part of the question."""
    about_path, lock_path = folder / ABOUT, folder / "inline" / LOCK
    with _reading(about_path):
        about = json.loads(read_kept(about_path))
        created, by, what = about["created"], about["by"], about["what"]
        said = dict(about.get("workers", {}))
    with _reading(lock_path):
        lock = read_kept(lock_path)
    compiled = about.get("lock_sha256") == hashlib.sha256(lock).hexdigest()
    with _reading(about_path if compiled else lock_path):
        packages = about["packages"] if compiled else tomllib.loads(lock.decode()).get("packages", [])
        inline = tuple(pin_of(package) for package in packages)
    workers, locks = _read_workers(f"{folder}/{WORKERS}", said, about_path)
    pins = distinct([*inline, *(pin for own in workers.values() for pin in own)]) if workers else inline
    return Generation(
        number=number,
        pins=pins,
        inline=inline,
        workers=MappingProxyType(workers),
        entries=MappingProxyType({pin.file.sha256: Path(f"{store}/{pin.file.sha256}/{TREE}") for pin in pins}),
        created=created,
        by=by,
        what=what,
        folder=folder,
        locks=MappingProxyType(locks),
    )


def _read_workers(
    folder: str, about: Mapping[str, Any], about_path: Path
) -> tuple[dict[str, tuple[Pin, ...]], dict[str, Lock]]:
    """The plugins with a process of their own, each with its libraries; and the lock files that are as written."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names alone
    except FileNotFoundError:
        names = []
    except OSError as error:
        raise _damaged(Path(folder), error) from error
    found: dict[str, tuple[Pin, ...]] = {}
    locks: dict[str, Lock] = {}
    for name in names:
        path = f"{folder}/{name}"
        cid = name.removeprefix("pylock.").removesuffix(".toml")
        lock = _as_written(path, about.get(cid), about_path)
        blamed = path
        try:
            if lock is not None:
                blamed = f"{about_path}"
                packages, locks[cid] = about[cid]["packages"], lock
            else:
                packages = tomllib.loads(read_kept(path).decode()).get("packages", [])
            found[cid] = tuple(sorted(map(pin_of, packages), key=lambda pin: (pin.id is None, pin.distribution)))
            if not found[cid] or found[cid][0].id is None:
                raise ValueError(f"{name} names no plugin")
        except _DAMAGE as error:
            raise _damaged(Path(blamed), error) from error
    missing = sorted(about.keys() - found.keys())
    if missing:
        raise _damaged(Path(f"{folder}/pylock.{missing[0]}.toml"))
    return found, locks


def _as_written(path: str, said: Mapping[str, Any] | None, about_path: Path) -> Lock | None:
    """A lock file that is as it was written; its content is looked at only where it looks otherwise."""
    if said is None:
        return None
    with _reading(about_path):
        digest, looks = said["lock_sha256"], said["looks"]
    try:
        status = os.stat(path)  # noqa: PTH116 - of a hundred
        lock = Lock(digest, status.st_size, status.st_mtime_ns)
        same = looks == [lock.size, lock.mtime_ns]
        return lock if same or digest == hashlib.sha256(read_kept(path)).hexdigest() else None
    except OSError as error:
        raise _damaged(Path(path), error) from error


def same_wheels(some: Sequence[Pin], others: Sequence[Pin]) -> bool:
    """Whether two sets are made of the same files."""
    return some == others or {pin.file.sha256 for pin in some} == {pin.file.sha256 for pin in others}
