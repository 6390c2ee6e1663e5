"""Pure decisions: what of a request is granted, and what an update asks beyond the version before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from jackfield.permissions.grants import Grant
from jackfield.permissions.model import Permission, atoms, covered, merged
from jackfield.permissions.publishers import publisher_in_words

GrowthKind = Literal["permission", "dependency", "publisher", "source", "isolation"]

_TRUST = {"worker": 0, "external": 0, "process": 1, "inline": 2}
"""How much trust each isolation asks: what no confinement holds back, and what shares the application's memory."""

_TRUSTED = {
    "process": "runs in a process of its own that is not confined: it can do what you can",
    "inline": "runs inside the application, with all that the application may do",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What of a request a grant covers, action by action and host by host."""

    granted: tuple[Permission, ...]
    missing: tuple[Permission, ...]

    def __bool__(self) -> bool:
        return not self.missing


@dataclass(frozen=True, slots=True)
class Asked:
    """All of a plugin that a user says yes to.

    Args:
        permissions: what its manifest asks.
        source: a marketplace's URL, `environment` or `file`.
        publisher: who published it, None where nobody says.
        isolation: where it runs, by its manifest and the user's choice: `worker`, `process` or `inline`.
        dependencies: the plugins it brings, canonical id to what each asks.
        plugin: its canonical id, named in growth.
        key: sha256 of the publisher's key that signed it, None where none did.
        requires: canonical ids of the plugins that its manifest requires, also optionally: it may use them freely.
    """

    permissions: tuple[Permission, ...] = ()
    source: str = ""
    publisher: str | None = None
    isolation: str = "worker"
    dependencies: Mapping[str, tuple[Permission, ...]] = field(default_factory=dict)
    plugin: str = ""
    key: str | None = None
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GrowthEntry:
    """One thing that is asked now and was not before.

    Args:
        kind: what grew.
        plugin: who asks: the plugin itself, or the dependency that it brings.
        permission: what is new, for kinds `permission` and `dependency`; None where a plugin is required anew.
        detail: a phrase for a person.
    """

    kind: GrowthKind
    plugin: str
    permission: Permission | None
    detail: str

    def to_mapping(self) -> dict[str, Any]:
        """Return plain JSON values."""
        permission = None if self.permission is None else self.permission.to_mapping()
        return {"kind": self.kind, "plugin": self.plugin, "permission": permission, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Growth:
    """Everything that needs a new yes; false when nothing does."""

    entries: tuple[GrowthEntry, ...] = ()

    @property
    def uses(self) -> tuple[str, ...]:
        """A phrase for each plugin that is required anew."""
        return tuple(one.detail for one in self.entries if one.kind == "dependency" and one.permission is None)

    def to_mapping(self) -> list[dict[str, Any]]:
        """Return plain JSON values, one for each entry."""
        return [one.to_mapping() for one in self.entries]

    def __bool__(self) -> bool:
        return bool(self.entries)


def decide(asked: Sequence[Permission], grant: Grant | None) -> Decision:
    """Split a request into what `grant` covers and what it does not."""
    given = grant.permissions if grant is not None else ()
    granted: list[Permission] = []
    missing: list[Permission] = []
    for atom in atoms(asked):
        (granted if covered(atom, given) else missing).append(atom)
    return Decision(merged(granted), merged(missing))


def growth(old: Asked | None, new: Asked) -> Growth:
    """Return what `new` asks beyond `old`.

    Grows: a permission or a wider facet, of the plugin or of one it brings; another plugin that it requires, whose
    services it may call and whose events it may hear without a permission (K25); another publisher or source, since
    grants bind to both; another key of the publisher, or none any more, while a first one is no more than there was; an
    isolation that asks for more trust. Without `old`, at a first install, every permission and required plugin counts,
    and an isolation without confinement; publisher and source are not a change. Less than before never counts.
    """
    entries: list[GrowthEntry] = []
    before = old if old is not None else Asked()
    entries += _wider("permission", new.plugin, before.permissions, new.permissions)
    for name, permissions in new.dependencies.items():
        entries += _wider("dependency", name, before.dependencies.get(name, ()), permissions)
    entries += [
        GrowthEntry("dependency", new.plugin, None, f"uses the plugin {name}: its services and events")
        for name in new.requires
        if name not in before.requires
    ]
    if old is not None and (old.publisher != new.publisher or old.key not in (None, new.key)):
        was, now = (publisher_in_words(one.publisher, one.key) or "nobody who is named" for one in (old, new))
        without = " without a key" if old.key and not new.key else ""
        entries.append(GrowthEntry("publisher", new.plugin, None, f"published by {now}{without}, before by {was}"))
    if old is not None and old.source != new.source:
        entries.append(GrowthEntry("source", new.plugin, None, f"comes from {new.source}, before from {old.source}"))
    if _TRUST.get(new.isolation, 2) > _TRUST.get(before.isolation, 0):
        detail = _TRUSTED.get(new.isolation, _TRUSTED["inline"])
        entries.append(GrowthEntry("isolation", new.plugin, None, detail))
    return Growth(tuple(entries))


def _wider(
    kind: GrowthKind, plugin: str, before: Sequence[Permission], after: Sequence[Permission]
) -> list[GrowthEntry]:
    grown = merged(atom for atom in atoms(after) if not covered(atom, before))
    return [GrowthEntry(kind, plugin, one, f"asks for {one}") for one in grown]
