"""A generation: one complete installed set, as a lock file (PEP 751) and a table of files.

generations/<n>/generation.json       when, by whom, what for, after which; and what the lock file says, read already
generations/<n>/inline/pylock.toml    the distributions, each with its hash; `[packages.tool.jackfield]` adds the id
generations/<n>/inline/files.json     path -> which wheel it comes from, its hash and size

The lock file rules. Since TOML is read slowly, twenty milliseconds for a hundred plugins, generation.json holds the
same as JSON, with the hash of the lock file that it was made from: it counts only beside that one.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jackfield.errors import StoreError
from jackfield.manifest import Pin
from jackfield.store.glances import Stamp, stamp_of
from jackfield.store.pylock import lock_text, pin_of
from jackfield.store.table import StoredFile

TREE = "tree"
"""The name of the unpacked tree beside its wheel, in the store."""

ABOUT = "generation.json"
LOCK = "pylock.toml"
_KEPT_GENERATIONS = 32


@dataclass(frozen=True, slots=True)
class Generation:
    """One complete installed set; number 0 is the empty one, which exists without files.

    Args:
        number: counted up with each install, update and removal.
        pins: the distributions, by name.
        entries: sha256 of the wheel -> its unpacked tree, in the order of `pins`.
        created: when, ISO 8601 in UTC.
        by: who made it.
        what: a few words for people, e.g. "install poll".
        folder: where its files lie; None for number 0.
    """

    number: int
    pins: tuple[Pin, ...] = ()
    entries: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    created: str = ""
    by: str = ""
    what: str = ""
    folder: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The unpacked trees, each an import root."""
        return tuple(self.entries.values())

    @property
    def plugins(self) -> dict[str, Pin]:
        """Canonical id -> pin, of the plugins alone."""
        return {pin.id: pin for pin in self.pins if pin.id is not None}

    def tree(self, pin: Pin) -> Path:
        """The unpacked tree of one of its pins."""
        return self.entries[pin.file.sha256]

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
            read = json.loads(path.read_bytes())
            wheels = read["wheels"]
            return {
                name: StoredFile(wheels[wheel], digest, size) for name, (wheel, digest, size) in read["files"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise _damaged(path) from error


def write_generation(
    folder: Path, pins: Sequence[Pin], table: Mapping[str, StoredFile], *, about: Mapping[str, Any]
) -> None:
    """Write a generation's files into `folder`, which must not exist.

    Args:
        folder: where; its name is given later by renaming it.
        pins: the distributions.
        table: the table of files.
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
    said = json.dumps({**about, "lock_sha256": hashlib.sha256(lock).hexdigest()})
    (folder / ABOUT).write_text(f'{said[:-1]}, "packages": {packages}}}', encoding="utf-8")


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
    path = folder / "inline" / LOCK
    try:
        return _read(folder, number, store, (stamp_of(path), stamp_of(folder / ABOUT)))
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        if not folder.exists():
            raise StoreError(
                f"generation {number} is not here any more", hint="another one: jackfield history"
            ) from error
        raise _damaged(path) from error


def _damaged(path: Path) -> StoreError:
    return StoreError(f"{path} is missing or damaged", hint="go back to another generation: jackfield rollback")


@lru_cache(_KEPT_GENERATIONS)
def _read(folder: Path, number: int, store: Path, _stamps: tuple[Stamp, Stamp]) -> Generation:
    """Read a generation's files; how they look from outside is a part of the question."""
    about = json.loads((folder / ABOUT).read_bytes())
    lock = (folder / "inline" / LOCK).read_bytes()
    compiled = about.get("lock_sha256") == hashlib.sha256(lock).hexdigest()
    packages = about["packages"] if compiled else tomllib.loads(lock.decode()).get("packages", [])
    pins = tuple(pin_of(package) for package in packages)
    return Generation(
        number=number,
        pins=pins,
        entries=MappingProxyType({pin.file.sha256: Path(f"{store}/{pin.file.sha256}/{TREE}") for pin in pins}),
        created=about["created"],
        by=about["by"],
        what=about["what"],
        folder=folder,
    )
