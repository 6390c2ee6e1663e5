"""Which plugins may not run because a marketplace revoked them, and which run all the same, as a user said."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jackfield.manifest import Candidate
from jackfield.revocation import (
    ALLOWED,
    STOPPED,
    Allowance,
    Hit,
    Lists,
    allowance_for,
    allowances,
    recalled,
    remembered,
    revoked_plugins,
    stopping,
)
from jackfield.storage import State
from jackfield.store import Generation, Store


@dataclass(frozen=True, slots=True)
class RevokedNow:
    """What comes of the revocation of one plugin.

    Args:
        problem: the end of a sentence that begins with the plugin: `was revoked by …`.
        by: the marketplace.
        keys: the entries that mean it.
        stops: whether it may not run.
        at_once: whether it does harm: then nothing of it is called any more, and its process is killed.
        allowed_until: until when its user lets it run, ISO 8601 in UTC; empty where they do not.
        seconds_left: until then.
        entry: the worst of those, as the state remembers it for when its list is lost.
    """

    problem: str
    by: str
    keys: tuple[str, ...]
    stops: bool
    at_once: bool = False
    allowed_until: str = ""
    seconds_left: float = 0.0
    entry: Mapping[str, Any] = field(default_factory=dict)

    @property
    def note(self) -> str:
        """What is said of one that runs all the same, as the end of a sentence; empty for one that may not."""
        if self.stops:
            return ""
        return f"runs until {self.allowed_until} though it {self.problem}" if self.allowed_until else self.problem


def look_for_revoked(
    store: Store, state: State, candidates: Iterable[Candidate], generation: Generation
) -> dict[str, RevokedNow]:
    """Canonical id -> what comes of it, of the plugins that were revoked, as the last lists say.

    Args:
        store: the profile's; the lists lie beside it.
        state: the profile's, for what its user allows.
        candidates: the plugins that are here; of an id that several have, the first counts.
        generation: the active one.
    """
    lists, stopped = Lists(store.layout.trust).kept(), state.items(STOPPED)
    if not lists and not stopped:
        return {}
    here = list(candidates)
    found = revoked_plugins(lists, here, generation.inline, generation.workers, generation.contents)
    found = recalled(found, stopped, lists, here)
    if not found:
        return {}
    given = allowances(state.items(ALLOWED))
    return {cid: _now(cid, hits, given) for cid, hits in found.items()}


def _now(cid: str, found: Sequence[Hit], given: Mapping[str, Allowance]) -> RevokedNow:
    stops = stopping(found)
    allowance = allowance_for(given, cid, stops) if stops else None
    return RevokedNow(
        problem=found[0].problem,
        by=found[0].kept.marketplace,
        keys=tuple(hit.key for hit in found),
        stops=bool(stops) and allowance is None,
        at_once=any(hit.revocation.severity == "critical" for hit in stops),
        allowed_until=allowance.until if allowance is not None else "",
        seconds_left=allowance.seconds_left() if allowance is not None else 0.0,
        entry=remembered(found[0]),
    )
