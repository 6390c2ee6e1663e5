"""A plan is data: what would change, what a user must say yes to, and everything that applying it needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from jackfield.manifest import Manifest, Pin, Risk, canonical_id, distinct
from jackfield.permissions import Choice, Grant, Growth, GrowthEntry, publisher_in_words

Place = tuple[str, str]
"""As `jackfield.resolution` has it, which is not loaded to look at a plan."""

RISKS: tuple[Risk, ...] = ("high", "medium", "low")
"""The order in which permissions are shown."""


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One distribution that comes, changes or goes.

    Args:
        id: the plugin's id, None for a library.
        distribution: its normalised name.
        old_version: None where it comes.
        new_version: None where it goes.
        kind: `plugin` or `library`.
        source: the marketplace's URL, or `file`; the upstream's for what a marketplace does not hold itself.
        size: of the wheel to fetch, in bytes; 0 where it is here already.
        changelog: what changed between the versions, Markdown, where the marketplace tells.
        unsigned: whether it comes from a marketplace's upstream: locked by its hash, vouched for by nobody.
        of: for a library of a plugin with a process of its own, that plugin's id; None for what is shared.
    """

    id: str | None
    distribution: str
    old_version: str | None
    new_version: str | None
    kind: Literal["plugin", "library"]
    source: str
    size: int = 0
    changelog: str | None = None
    unsigned: bool = False
    of: str | None = None

    @property
    def goes_back(self) -> bool:
        """Whether it gets an older version than it has."""
        from packaging.version import InvalidVersion, Version

        try:
            return Version(self.new_version or "") < Version(self.old_version or "")
        except InvalidVersion:
            return False

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class AskedPermission:
    """One permission as a user reads it.

    Args:
        sentence: what the plugin may then do, from the host file, with hosts or paths where it is limited to some.
        reason: why, in the author's words.
        risk: how bad a wrong yes would be.
        resource: what is used, for machines.
        action: what is done with it.
        new: whether the version before did not ask for it; False at a first install, where all of it is new.
        granted: whether the user granted it already.
    """

    sentence: str
    reason: str
    risk: Risk
    resource: str
    action: str
    new: bool = False
    granted: bool = False

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values; `grows` says the same as `new`."""
        return {**{name: getattr(self, name) for name in self.__slots__}, "grows": self.new}


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """All that a user says yes to, for one plugin.

    Args:
        plugin: its id.
        name: its name for people.
        version: the version that is meant.
        source: the marketplace's URL, `environment` or `file`.
        isolation_sentence: where it runs and what that means.
        permissions: what it asks, risky first.
        brings: ids and names of what comes with it.
        growth: what needs the yes.
        publisher: who published it, None where nobody says.
        previous: the version before, None at a first install.
        published: when this version was published, ISO 8601 in UTC; None where nobody says.
        legacy: whether it has no manifest, so that a yes is full trust and no permission is asked.
        key: sha256 of the publisher's key that signed this version, None where none did.
    """

    plugin: str
    name: str
    version: str
    source: str
    isolation_sentence: str
    permissions: tuple[AskedPermission, ...]
    brings: tuple[str, ...]
    growth: Growth
    publisher: str | None = None
    previous: str | None = None
    published: str | None = None
    legacy: bool = False
    key: str | None = None

    @property
    def made_by(self) -> str | None:
        """The publisher and the key as people read them; None where nobody says."""
        return publisher_in_words(self.publisher, self.key)

    @property
    def before_enabling(self) -> bool:
        """Whether it has to be answered though the plugin is not enabled: it is known already, or by another key."""
        return self.previous is not None or any(entry.kind == "publisher" for entry in self.growth.entries)

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "plugin": self.plugin,
            "name": self.name,
            "version": self.version,
            "previous": self.previous,
            "source": self.source,
            "publisher": self.publisher,
            "key": self.key,
            "made_by": self.made_by,
            "published": self.published,
            "legacy": self.legacy,
            "isolation_sentence": self.isolation_sentence,
            "permissions": [one.to_mapping() for one in self.permissions],
            "brings": list(self.brings),
            "growth": growth_mapping(self.growth),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What would change; false when there is nothing to do.

    Args:
        what: a few words for the history, e.g. "install poll".
        base: the generation that it was made for; it cannot be applied to another.
        pins: all that the application's process holds afterwards.
        workers: canonical id -> the plugin itself, then its own libraries, of each with a process of its own.
        choices: canonical id -> where the user now chooses to run it.
        moved: id -> where it runs afterwards, of the installed plugins that run elsewhere then.
        added: what comes.
        changed: what gets another version.
        removed: what goes.
        consent: what a user must say yes to before it can be applied.
        grants: canonical id -> the grant that a yes gives, of the plugins that come or change.
        granted: canonical id -> the grant of now, as JSON; where it changes meanwhile, the plan is void.
        asked: canonical ids that the user named, in contrast to what they bring.
        files: sha256 -> wheel on this machine, for those that came as a file.
        notes: sentences that a user should read.
        held: what the plugins ask that were left as they are, because only what asks for nothing new was wanted.
        migrates: id -> the shapes of its data before and after, of those that change it; a copy is kept.
        published: canonical id -> who published it and when, of the plugins that come or change; kept in the state.
        disabled: canonical ids of those that come and are not enabled, whatever becomes of the others.
        host_used: the distributions of the environment that the set was solved beside, with their versions; empty where
            it was not solved here.
        young: a sentence for each library that comes though it is younger than its user wants; among the notes, too.
        blocked: id -> why, of installed plugins that are not to be had for this Python: they stay, and do not run.
    """

    what: str
    base: int
    pins: tuple[Pin, ...]
    added: tuple[PlanItem, ...] = ()
    changed: tuple[PlanItem, ...] = ()
    removed: tuple[PlanItem, ...] = ()
    consent: tuple[ConsentRequest, ...] = ()
    grants: Mapping[str, Grant] = field(default_factory=dict)
    granted: Mapping[str, Any] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    held: tuple[ConsentRequest, ...] = ()
    published: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    workers: Mapping[str, tuple[Pin, ...]] = field(default_factory=dict)
    choices: Mapping[str, Choice] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    disabled: frozenset[str] = frozenset()
    migrates: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    blocked: Mapping[str, str] = field(default_factory=dict)
    host_used: Mapping[str, str] = field(default_factory=dict)
    young: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed or self.moved or self.choices)

    @property
    def every_pin(self) -> tuple[Pin, ...]:
        """Each wheel of the set afterwards, once."""
        return distinct([*self.pins, *(pin for own in self.workers.values() for pin in own)])

    @property
    def growth(self) -> Growth:
        """Everything that needs a yes, over all plugins."""
        entries: dict[tuple[str, str], GrowthEntry] = {}
        for request in self.consent:
            for entry in request.growth.entries:
                entries.setdefault((entry.plugin, entry.detail), entry)
        return Growth(tuple(entries.values()))

    @property
    def going_back(self) -> tuple[PlanItem, ...]:
        """The plugins that get an older version than they have."""
        return tuple(item for item in self.changed if item.id is not None and item.goes_back)

    @property
    def download_bytes(self) -> int:
        """How much will be fetched."""
        coming = [item for item in (*self.added, *self.changed) if item.source != "file"]
        fetched = {(item.distribution, item.new_version): item.size for item in coming}
        return sum(fetched.values())

    def does_the_same(self, other: Plan) -> bool:
        """Whether a user who agreed to the other plan has agreed to this one: the same moves, the same questions."""
        names = ("added", "changed", "removed", "consent", "moved", "choices", "disabled")
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def _told(self, item: PlanItem) -> dict[str, Any]:
        """An item with who published what comes of it, whether it asks for anything or not."""
        said = self.published.get(canonical_id(item.id), {}) if item.id is not None else {}
        publisher, key = said.get("by"), said.get("key")
        made_by = publisher_in_words(publisher, key)
        about = {"publisher": publisher, "key": key, "made_by": made_by, "published": said.get("at")}
        return {**item.to_mapping(), **about}

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values: what `--dry-run --json` prints."""
        return {
            "what": self.what,
            "base": self.base,
            "added": [self._told(item) for item in self.added],
            "changed": [self._told(item) for item in self.changed],
            "removed": [self._told(item) for item in self.removed],
            "moved": dict(self.moved),
            "migrates": {plugin: list(shapes) for plugin, shapes in self.migrates.items()},
            "blocked": dict(self.blocked),
            "growth": growth_mapping(self.growth),
            "consent": [request.to_mapping() for request in self.consent],
            "download_bytes": self.download_bytes,
            "notes": list(self.notes),
            "held": [request.to_mapping() for request in self.held],
        }


def growth_mapping(growth: Growth) -> list[dict[str, Any]]:
    """The entries of a growth as plain JSON values."""
    return [
        {
            "kind": entry.kind,
            "plugin": entry.plugin,
            "permission": entry.permission.to_mapping() if entry.permission is not None else None,
            "detail": entry.detail,
        }
        for entry in growth.entries
    ]


def migrations(coming: Iterable[Manifest], here: Mapping[str, Manifest]) -> dict[str, tuple[int, int]]:
    """Id -> the shapes of its data before and after, of the plugins that change it.

    Args:
        coming: of what comes or changes.
        here: canonical id -> manifest, of what is installed.
    """
    found = [(one, here[one.canonical_id]) for one in coming if one.canonical_id in here]
    return {new.id: (old.data_version, new.data_version) for new, old in found if new.data_version != old.data_version}


def differences(
    before: Mapping[Place, Pin], after: Mapping[Place, Pin], *, absent: Collection[str], changelogs: Mapping[str, str]
) -> tuple[tuple[PlanItem, ...], tuple[PlanItem, ...], tuple[PlanItem, ...]]:
    """What comes, changes and goes between two sets; plugins before libraries, by name.

    Args:
        before: pin by place.
        after: pin by place.
        absent: sha256 of the wheels that the store does not hold.
        changelogs: distribution -> text.
    """
    ids = {name: pin.id for (within, name), pin in (*before.items(), *after.items()) if not within}

    def item(place: Place, old: Pin | None, new: Pin | None) -> PlanItem:
        pin = new or old
        assert pin is not None  # noqa: S101  # one of the two sets has it
        fetched = new is not None and new.file.sha256 in absent
        return PlanItem(
            id=pin.id,
            distribution=pin.distribution,
            old_version=old.version if old else None,
            new_version=new.version if new else None,
            kind="plugin" if pin.id else "library",
            source=pin.file.upstream or pin.source,
            size=(pin.file.size or 0) if fetched else 0,
            changelog=changelogs.get(pin.distribution),
            unsigned=pin.file.upstream is not None,
            of=ids.get(place[0]),
        )

    def ordered(items: list[PlanItem]) -> tuple[PlanItem, ...]:
        return tuple(sorted(items, key=lambda one: (one.kind != "plugin", one.id or one.distribution, one.of or "")))

    added = [item(place, None, pin) for place, pin in after.items() if place not in before]
    removed = [item(place, pin, None) for place, pin in before.items() if place not in after]
    both = [(place, before[place], pin) for place, pin in after.items() if place in before]
    changed = [
        item(place, old, new)
        for place, old, new in both
        if old.file.sha256 != new.file.sha256 or new.file.sha256 in absent
    ]
    return ordered(added), ordered(changed), ordered(removed)
