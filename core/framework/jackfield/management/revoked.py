"""What is revoked, for who installs and who looks: no plan brings it, unless its user allowed it for a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jackfield.errors import PluginError, WheelError
from jackfield.management.specs import canonical
from jackfield.manifest import Candidate, Pin
from jackfield.revocation import (
    ALLOWED,
    STOPPED,
    Allowance,
    Hit,
    KeptList,
    Lists,
    Subject,
    allowance_for,
    allowances,
    hits,
    recalled,
    revoked_plugins,
    sentence,
    stopping,
)
from jackfield.storage import State
from jackfield.store import Generation, Store


@dataclass(frozen=True, slots=True)
class RevokedReport:
    """That an installed plugin was revoked, and what comes of it.

    Args:
        marketplace: who revoked it.
        reason: why, a sentence.
        severity: `critical`, `high` or `low`.
        advice: what to do; may be empty.
        appeal: where who disagrees turns to; may be empty.
        revoked: when, ISO 8601 in UTC.
        checked: when the marketplace's list was last verified.
        problem: all of it, as the end of a sentence that begins with the plugin.
        stopped: whether it may not run.
        allowed_until: until when it runs because its user allowed it, ISO 8601 in UTC; None where it does not.
        library: the library that is meant, where it is not the plugin itself; else empty.
    """

    marketplace: str
    reason: str
    severity: str
    advice: str
    appeal: str
    revoked: str
    checked: str
    problem: str
    stopped: bool
    allowed_until: str | None = None
    library: str = ""

    @classmethod
    def of(cls, found: Sequence[Hit], allowance: Allowance | None) -> RevokedReport:
        """The worst of some entries, of which there is at least one."""
        hit = found[0]
        one, kept = hit.revocation, hit.kept
        until = allowance.until if allowance is not None and one.stops else None
        return cls(
            marketplace=kept.marketplace,
            reason=one.reason,
            severity=one.severity,
            advice=one.advice,
            appeal=kept.list.appeal,
            revoked=one.revoked,
            checked=kept.checked,
            problem=hit.problem,
            stopped=one.stops and until is None,
            allowed_until=until,
            library=hit.library,
        )

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


class RevokedHere:
    """What is revoked, as the last lists say, and what the user of one profile allows all the same.

    Args:
        store: the profile's.
        state: the profile's, which holds what is allowed.
    """

    def __init__(self, store: Store, state: State) -> None:
        self.lists = Lists(store.layout.trust)
        self._state = state

    def refused(self, subject: Subject) -> tuple[Hit, ...]:
        """Why something is not installed; empty where it may be. What should be left is not installed either."""
        found = hits(self.lists.kept(), subject)
        if found and subject.plugin and self.allowance(canonical(subject.plugin), found) is not None:
            return ()
        return found

    def installed(self, candidates: Iterable[Candidate], generation: Generation) -> dict[str, tuple[Hit, ...]]:
        """Canonical id -> why, of the installed plugins that were revoked; the worst first."""
        lists, here = self.lists.kept(), list(candidates)
        found = revoked_plugins(lists, here, generation.inline, generation.workers, generation.contents)
        return recalled(found, self._state.items(STOPPED), lists, here)

    def of_name(self, plugin: str) -> tuple[Hit, ...]:
        """What is revoked of an id, whichever versions."""
        return tuple(
            Hit(kept, one)
            for kept in self.lists.kept()
            for one in kept.list.revocations
            if one.plugin and one.plugin == canonical(plugin)
        )

    def allowance(self, cid: str, found: Iterable[Hit]) -> Allowance | None:
        """By what a revoked plugin may be installed and run now; None where it may not."""
        return allowance_for(allowances(self._state.items(ALLOWED)), cid, found)

    def report(self, cid: str, found: Sequence[Hit]) -> RevokedReport:
        """What is told of a revoked plugin.

        Args:
            cid: its canonical id.
            found: from `installed`.
        """
        return RevokedReport.of(found, self.allowance(cid, stopping(found)))

    def reports(self, candidates: Iterable[Candidate], generation: Generation) -> dict[str, RevokedReport]:
        """Canonical id -> what is told of it, of the installed plugins that were revoked."""
        return {cid: self.report(cid, found) for cid, found in self.installed(candidates, generation).items()}

    def telling(self) -> list[str]:
        """Every file and folder that this is read from, besides the state."""
        return self.lists.telling()

    def notes(self, sources: Iterable[str]) -> list[str]:
        """What a user has to be told of lists: that one is damaged, or of another day.

        Args:
            sources: where something comes from; the lists of others are left out, but for what comes from no
                marketplace.
        """
        asked = set(sources)
        every = bool(asked & {"file"})
        told = [_dated(kept) for kept in self.lists.kept() if kept.dated and (every or kept.marketplace in asked)]
        return [*told, *(self.lists.problems() if asked else ())]


def refuse_revoked(
    pins: Iterable[Pin], installed: Iterable[str], here: RevokedHere, contents: Mapping[str, str]
) -> None:
    """Hold a set to what is revoked, but for what is installed already: that is stopped where it runs.

    Args:
        pins: what would be installed.
        installed: sha256 of the wheels that are.
        here: what is revoked.
        contents: sha256 -> fingerprint, of the wheels that were looked into.

    Raises:
        PluginError: something of it was revoked; the sentence names it, with reason and advice.
    """
    present = set(installed)
    for pin in pins:
        if pin.file.sha256 in present:
            continue
        subject = Subject.of(pin, contents.get(pin.file.sha256, ""))
        found = here.refused(subject)
        if found:
            raise refused(subject, found)


def refuse_revoked_wheels(store: Store, state: State, pins: Iterable[Pin], wheels: Mapping[str, Path]) -> None:
    """Hold wheels that are about to be unpacked to what is revoked, by the code in them, too.

    Args:
        store: the profile's.
        state: the profile's.
        pins: what they are; a list may have come since the plan was made.
        wheels: sha256 -> file.

    Raises:
        PluginError: as for `refuse_revoked`.
    """
    here = RevokedHere(store, state)
    refuse_revoked(pins, (), here, look_into(wheels, here))


def refused(subject: Subject, found: Sequence[Hit]) -> PluginError:
    """The error for what was revoked and is therefore not installed."""
    hint = "nothing was changed"
    if subject.plugin is not None and any(hit.revocation.plugin for hit in found):
        hint += f"; to have it for a day all the same: jackfield allow-revoked {subject.plugin}"
    return PluginError(sentence(subject, found), plugin=subject.plugin, hint=hint)


def look_into(wheels: Mapping[str, Path], here: RevokedHere) -> dict[str, str]:
    """sha256 -> fingerprint of the code in each wheel; nothing is read where no list has fingerprints.

    Args:
        wheels: sha256 -> file.
        here: what is revoked.
    """
    from jackfield.inspection import fingerprint, inspect_wheel, payload

    if not any(one.contents for kept in here.lists.kept() for one in kept.list.revocations):
        return {}
    found = {}
    for sha256, path in wheels.items():
        try:
            found[sha256] = fingerprint(payload(inspect_wheel(path)))
        except WheelError:
            continue  # whoever unpacks it says what is wrong with it
    return found


def _dated(kept: KeptList) -> str:
    return f"what {kept.marketplace} revoked is known as of {kept.checked[:10]}: it was not asked since"
