"""What differs between two generations: versions, libraries, what plugins ask for, and where they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jackfield.management.specs import canonical
from jackfield.manifest import Manifest
from jackfield.store import Generation

Manifests = Callable[[Generation], Mapping[str, Manifest]]
"""Canonical id -> manifest, of the plugins of a generation."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One distribution that is not the same in both.

    Args:
        id: the plugin's id; None for a library.
        distribution: its normalised name.
        old: its version in the first one; None where it is not there.
        new: its version in the second one; None where it is not there.
        of: for a library of a plugin with a process of its own, that plugin's distribution.
        rebuilt: whether the version is the same and the file is another one.
    """

    id: str | None
    distribution: str
    old: str | None
    new: str | None
    of: str | None = None
    rebuilt: bool = False

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Asks:
    """What one plugin asks for in one of two generations and not in the other.

    Args:
        plugin: its id.
        more: `resource:action`, of what only the second one asks.
        less: of what only the first one asked.
    """

    plugin: str
    more: tuple[str, ...]
    less: tuple[str, ...]

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"plugin": self.plugin, "more": list(self.more), "less": list(self.less)}


@dataclass(frozen=True, slots=True)
class Difference:
    """Two generations, compared; false where they hold the same.

    Args:
        old: the number of the first one.
        new: the number of the second one.
        plugins: those that came, went or changed.
        libraries: the same of libraries.
        permissions: what plugins ask for that they did not, or no more.
        isolation: id -> (where it ran, where it runs): `worker` for a process of its own, else `inline`.
    """

    old: int
    new: int
    plugins: tuple[Moved, ...] = ()
    libraries: tuple[Moved, ...] = ()
    permissions: tuple[Asks, ...] = ()
    isolation: Mapping[str, tuple[str, str]] | None = None

    def __bool__(self) -> bool:
        return bool(self.plugins or self.libraries or self.permissions or self.isolation)

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "from": self.old,
            "to": self.new,
            "plugins": [one.to_mapping() for one in self.plugins],
            "libraries": [one.to_mapping() for one in self.libraries],
            "permissions": [one.to_mapping() for one in self.permissions],
            "isolation": {plugin: list(places) for plugin, places in (self.isolation or {}).items()},
        }


def compare(old: Generation, new: Generation, manifests: Manifests) -> Difference:
    """Compare two generations.

    Args:
        old: the first one.
        new: the second one.
        manifests: reads what their plugins say of themselves.
    """
    before, after = old.places, new.places
    moved = []
    for place in sorted({*before, *after}):
        one, other = before.get(place), after.get(place)
        pin = other or one
        if pin is None or (one is not None and other is not None and one.file.sha256 == other.file.sha256):
            continue
        versions = (one.version if one is not None else None, other.version if other is not None else None)
        same = versions[0] == versions[1]
        moved.append(Moved(pin.id, pin.distribution, *versions, of=place[0] or None, rebuilt=same))
    told, tells = manifests(old), manifests(new)
    asks = [_asks(told[cid], tells[cid]) for cid in sorted(told.keys() & tells.keys())]
    both = {canonical(name): name for name in old.plugins.keys() & new.plugins.keys()}
    places = {both[cid]: (_place(old, cid), _place(new, cid)) for cid in sorted(both)}
    return Difference(
        old.number,
        new.number,
        plugins=tuple(one for one in moved if one.id is not None),
        libraries=tuple(one for one in moved if one.id is None),
        permissions=tuple(one for one in asks if one.more or one.less),
        isolation={plugin: pair for plugin, pair in places.items() if pair[0] != pair[1]},
    )


def _asks(old: Manifest, new: Manifest) -> Asks:
    asked, asks = _permissions(old), _permissions(new)
    return Asks(new.id, tuple(sorted(asks - asked)), tuple(sorted(asked - asks)))


def _permissions(manifest: Manifest) -> set[str]:
    return {f"{one.resource}:{action}" for one in manifest.permissions for action in one.actions}


def _place(generation: Generation, cid: str) -> str:
    return "worker" if cid in generation.workers else "inline"
