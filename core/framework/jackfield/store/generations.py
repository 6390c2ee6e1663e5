"""A generation: one complete installed set, as a lock file (PEP 751) and a table of files.

generations/<n>/generation.json       when, by whom, what for, after which
generations/<n>/inline/pylock.toml    the distributions, each with its hash; `[packages.tool.jackfield]` adds the id
generations/<n>/inline/files.json     path -> which wheel it comes from, its hash and size
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from jackfield.errors import StoreError
from jackfield.manifest import File, Pin
from jackfield.store.table import StoredFile

LOCK_VERSION = "1.0"
TREE = "tree"
"""The name of the unpacked tree beside its wheel, in the store."""


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
    import tomli_w

    inline = folder / "inline"
    inline.mkdir(parents=True)
    lock = {
        "lock-version": LOCK_VERSION,
        "created-by": "jackfield",
        "packages": [_package(pin) for pin in sorted(pins, key=lambda pin: pin.distribution)],
    }
    (inline / "pylock.toml").write_bytes(tomli_w.dumps(lock).encode())
    wheels = sorted({row.wheel for row in table.values()})
    numbers = {wheel: number for number, wheel in enumerate(wheels)}
    rows = {path: [numbers[row.wheel], row.digest, row.size] for path, row in sorted(table.items())}
    (inline / "files.json").write_text(json.dumps({"wheels": wheels, "files": rows}), encoding="utf-8")
    (folder / "generation.json").write_text(json.dumps(dict(about), indent=1), encoding="utf-8")


def read_generation(folder: Path, number: int, store: Path) -> Generation:
    """Read a generation.

    Args:
        folder: its folder.
        number: its number.
        store: the folder of unpacked wheels.

    Raises:
        StoreError: a file is missing or damaged.
    """
    path = folder / "inline" / "pylock.toml"
    try:
        lock = tomllib.loads(path.read_text(encoding="utf-8"))
        about = json.loads((folder / "generation.json").read_bytes())
        pins = tuple(_pin(package) for package in lock.get("packages", []))
        return Generation(
            number=number,
            pins=pins,
            entries=MappingProxyType({pin.file.sha256: store / pin.file.sha256 / TREE for pin in pins}),
            created=about["created"],
            by=about["by"],
            what=about["what"],
            folder=folder,
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        if not folder.exists():
            raise StoreError(
                f"generation {number} is not here any more", hint="another one: jackfield history"
            ) from error
        raise _damaged(path) from error


def _damaged(path: Path) -> StoreError:
    return StoreError(f"{path} is missing or damaged", hint="go back to another generation: jackfield rollback")


def _package(pin: Pin) -> dict[str, Any]:
    """One entry of `packages` (PEP 751); never with credentials in an address."""
    file = pin.file
    wheel: dict[str, Any] = {"name": file.filename, "hashes": {"sha256": file.sha256}}
    address = urlsplit(file.url)
    if address.scheme in ("http", "https"):
        wheel["url"] = urlunsplit(address._replace(netloc=address.netloc.rpartition("@")[2]))
    else:
        wheel["path"] = file.url
    if file.size is not None:
        wheel["size"] = file.size
    own: dict[str, Any] = {"source": pin.source, "id": pin.id, "requires": list(pin.requires)}
    own |= {"manifest_sha256": file.manifest_sha256, "upstream": file.upstream}
    package: dict[str, Any] = {"name": pin.distribution, "version": pin.version, "wheels": [wheel]}
    if file.requires_python:
        package["requires-python"] = file.requires_python
    package["tool"] = {"jackfield": {key: value for key, value in own.items() if value is not None}}
    return package


def _pin(package: Mapping[str, Any]) -> Pin:
    wheel = package["wheels"][0]
    own = package["tool"]["jackfield"]
    file = File(
        filename=wheel["name"],
        url=wheel.get("url") or wheel["path"],
        sha256=wheel["hashes"]["sha256"],
        size=wheel.get("size"),
        requires_python=package.get("requires-python"),
        manifest_sha256=own.get("manifest_sha256"),
        upstream=own.get("upstream"),
    )
    return Pin(
        distribution=package["name"],
        version=package["version"],
        file=file,
        id=own.get("id"),
        source=own["source"],
        requires=tuple(own["requires"]),
    )
