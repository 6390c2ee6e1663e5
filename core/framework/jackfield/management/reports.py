"""What management answers: rows, updates, outcomes and history, as data that the terminal and the page both render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jackfield.management.compatibility import WorksWith
from jackfield.management.plan import AskedPermission, ConsentRequest, growth_mapping
from jackfield.management.plan_keys import key_in_words
from jackfield.management.policy import Mode
from jackfield.management.revoked import RevokedReport
from jackfield.management.wait import Wait
from jackfield.permissions import Grant, Growth

State = Literal["enabled", "disabled", "found", "blocked", "shadowed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What applying a plan did.

    Args:
        transaction: the id under which journal and state log hold it.
        generation: the generation that is active now.
        left_out: wheel -> what of it was left out of the tree (scripts, data, `.pth`).
    """

    transaction: str
    generation: int
    left_out: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        left_out = {name: list(paths) for name, paths in self.left_out.items()}
        return {"transaction": self.transaction, "generation": self.generation, "left_out": left_out}


@dataclass(frozen=True, slots=True)
class Said:
    """Who said something of a plugin, and when.

    Args:
        by: as the history names people: "alice on the command line".
        at: ISO 8601 in UTC.
    """

    by: str
    at: str

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"by": self.by, "at": self.at}


@dataclass(frozen=True, slots=True)
class Row:
    """One plugin of the list.

    Args:
        id: as its author spells it.
        name: for people.
        version: of its distribution.
        distribution: its normalised name.
        state: `enabled` or `disabled` by the user's wish; `found`: in the environment, and nobody has said yes or no;
            `blocked`: wished, and `problem` says why it cannot run; `shadowed`: the environment's own one wins.
        enabled: the user's wish.
        origin: `store`, `environment` for one that pip or uv installed, `script` for a file in a script folder,
            `external` for a program that connects by itself.
        source: the marketplace's URL, `file`, `environment`, `script` or `external`.
        isolation: where it runs here, or would if it could: `inline` in the application itself, `worker` in a confined
            process of its own, `process` in one that is not confined, `external` wherever somebody runs it. What its
            author asks is `isolation_asked`.
        grade: of a worker, how well it is confined here: `full` or `base`; None otherwise.
        revoked: that it was revoked, and what comes of it; None where it was not.
        problem: why it cannot run, None when it can.
        held: the requirement that the user pinned it to.
        legacy: whether it has no manifest: an ordinary pluggy plugin, which runs only where it is trusted fully.
        isolation_asked: `worker`, `inline`, `any` or `external`, as its manifest says; None without one.
        trusted: who trusted a plugin without manifest fully, and when; None where nobody did.
    """

    id: str
    name: str
    version: str
    distribution: str
    state: State
    enabled: bool
    origin: str
    source: str
    isolation: str
    problem: str | None = None
    held: str | None = None
    legacy: bool = False
    isolation_asked: str | None = None
    trusted: Said | None = None
    grade: str | None = None
    revoked: RevokedReport | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {name: told[name] and told[name].to_mapping() for name in ("trusted", "revoked")}


Unchecked = Literal["untrusted", "unreachable", "failed"]
"""It was not signed as it has to be; nobody answered; it was nonsense, or a refusal."""


@dataclass(frozen=True, slots=True)
class Update:
    """One plugin's update record (C43).

    Args:
        id: the plugin's id.
        name: its name for people.
        current: the version that is installed.
        new: the version that it can be updated to; None where `held` or `problem` says why there is none to tell.
        changelog: what changed in between, Markdown; empty where the author tells nothing.
        growth: what the new version asks beyond the present one.
        problem: why it could not be checked or cannot be updated; the others are checked all the same (C42).
        held: the requirement that the user pinned it to, where that keeps a newer version away.
        held_back: the newest version that `held` keeps away.
        pinned: who pinned it, and when.
        permissions: what it asks, risky first, the new ones marked.
        brings: ids of the plugins that are not installed and come with it.
        failed: a sentence on the newest version, where it is held back because it failed here.
        policy: `pin`, `notify` or `auto`, as holds for it.
        security: what security hole the new version mends; None for an ordinary one.
        security_confirmed: whether its marketplace says so too, and not its publisher alone.
        waits: the newest version that is offered and not taken yet, and what for.
        later: until when its user does not want to be told of the new version, ISO 8601 in UTC.
        migrates: the shapes of its data before and after, where they differ; a copy is kept of the one before.
        size: of its wheel, in bytes; 0 where nobody says.
        done: what the application did about it by itself, a sentence; None where it did nothing.
        revoked: a sentence on the installed version, where it was revoked.
        unread: a sentence on a newer version that is passed over, since what is said of it cannot be read.
        unchecked: what kept a marketplace's answer, or a part of it, from being taken; None where nothing did.
    """

    id: str
    name: str
    current: str
    new: str | None = None
    changelog: str = ""
    growth: Growth = field(default_factory=Growth)
    problem: str | None = None
    held: str | None = None
    permissions: tuple[AskedPermission, ...] = ()
    brings: tuple[str, ...] = ()
    held_back: str | None = None
    pinned: Said | None = None
    failed: str | None = None
    policy: Mode = "notify"
    security: str | None = None
    security_confirmed: bool = False
    waits: Wait | None = None
    later: str | None = None
    migrates: tuple[int, int] | None = None
    size: int = 0
    done: str | None = None
    revoked: str | None = None
    unread: str | None = None
    unchecked: Unchecked | None = None

    @property
    def wanted(self) -> bool:
        """Whether there is something to take that its user has not put off."""
        return self.new is not None and self.problem is None and self.later is None

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "id": self.id,
            "name": self.name,
            "current": self.current,
            "new": self.new,
            "changelog": self.changelog,
            "growth": growth_mapping(self.growth),
            "permissions": [one.to_mapping() for one in self.permissions],
            "problem": self.problem,
            "held": self.held,
            "held_back": self.held_back,
            "pinned": self.pinned.to_mapping() if self.pinned is not None else None,
            "brings": list(self.brings),
            "failed": self.failed,
            "policy": self.policy,
            "revoked": self.revoked,
            "security": self.security,
            "security_confirmed": self.security_confirmed,
            "waits": self.waits.to_mapping() if self.waits is not None else None,
            "later": self.later,
            "migrates": list(self.migrates) if self.migrates is not None else None,
            "size": self.size,
            "done": self.done,
            "unread": self.unread,
            "unchecked": self.unchecked,
        }


@dataclass(frozen=True, slots=True)
class RollbackReport:
    """What a rollback did.

    Args:
        previous: the generation that was active.
        generation: the one that is active now.
        restored: keys of the state that have their former value again.
        kept: keys that changed since, and were therefore left as they are.
        undone: the words of what was undone, newest first.
        redone: the words of what was made again, oldest first: it went forward, over changes that were undone before.
        plugins: id -> (version before, version now), of those that changed; None for not installed.
    """

    previous: int
    generation: int
    restored: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    redone: tuple[str, ...] = ()
    plugins: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)

    def kept_in_words(self) -> tuple[str, ...]:
        """What was left as it is, for a person: `the permissions of poll`, one for each key in `kept`."""
        return tuple(key_in_words(key) for key in self.kept)

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "from": self.previous,
            "to": self.generation,
            "restored": list(self.restored),
            "kept": list(self.kept),
            "kept_in_words": list(self.kept_in_words()),
            "undone": list(self.undone),
            "redone": list(self.redone),
            "plugins": {plugin: list(versions) for plugin, versions in self.plugins.items()},
        }


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One activation.

    Args:
        generation: what it made active.
        previous: what was active before.
        at: when, ISO 8601 in UTC.
        by: who asked for it.
        what: a few words, e.g. "install poll".
        transaction: its id.
        current: whether it is what is active now.
        undone: whether a later rollback took it back.
        gone: whether its files were removed, as of one that is long past: nobody can go back to it.
        plugins: id -> version, of the generation; empty where its files are gone.
        why: what made somebody do it, as a sentence; empty where nobody said.
    """

    generation: int
    previous: int
    at: str
    by: str
    what: str
    transaction: str
    current: bool = False
    undone: bool = False
    gone: bool = False
    plugins: dict[str, str] = field(default_factory=dict)
    why: str = ""

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class PermissionReport:
    """What one plugin asks and what it was granted.

    Args:
        request: what it asks, risky first; each permission says whether it is granted.
        grant: what the user gave, None for nothing.
        enabled: the user's wish.
    """

    request: ConsentRequest
    grant: Grant | None
    enabled: bool

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        grant = self.grant.to_mapping() if self.grant is not None else None
        return {**self.request.to_mapping(), "grant": grant, "enabled": self.enabled}


@dataclass(frozen=True, slots=True)
class Info:
    """Everything about one plugin, installed or not.

    Args:
        id: the plugin's id.
        row: how it is installed, None if it is not.
        details: what the marketplace says, as its `/plugins/{id}` answers; None if none has it or none answered.
        marketplace: which one answered.
        permissions: what it asks, risky first.
        problem: why the marketplaces could not be asked.
        works: with which versions of the application, the installed version else the offered one.
        key: sha256 of the publisher's key that signed what is installed, None where none did.
        offered_key: the same of the version that `details` is about.
        libraries: distribution -> version of those that the installed version has for itself, in a process of its own.
        revoked: what is revoked of it: versions, and the sentence that is told of each.
    """

    id: str
    row: Row | None
    details: dict[str, Any] | None
    marketplace: str | None = None
    permissions: tuple[AskedPermission, ...] = ()
    problem: str | None = None
    works: WorksWith = field(default_factory=WorksWith)
    key: str | None = None
    offered_key: str | None = None
    libraries: Mapping[str, str] = field(default_factory=dict)
    revoked: tuple[tuple[str, str], ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "id": self.id,
            "works_with": self.works.to_mapping(),
            "key": self.key,
            "offered_key": self.offered_key,
            "libraries": dict(self.libraries),
            "revoked": [{"versions": versions, "problem": problem} for versions, problem in self.revoked],
            "installed": self.row.to_mapping() if self.row is not None else None,
            "details": self.details,
            "marketplace": self.marketplace,
            "permissions": [one.to_mapping() for one in self.permissions],
            "problem": self.problem,
        }
