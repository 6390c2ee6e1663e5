"""A user may run what was revoked for a day; what is revoked meanwhile is not meant by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jackfield.revocation.kept import now
from jackfield.revocation.verdict import Hit

ALLOWED = "revoked-allowed/"
"""What keys of the state begin with that hold an allowance; the canonical id follows."""

STOPPED = "revoked/"
"""What keys of the state begin with that remember what was stopped, for the history; the canonical id follows."""

ALLOWED_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """That a user runs a revoked plugin all the same.

    Args:
        until: when that ends, ISO 8601 in UTC.
        keys: the entries that the user had read; others stop the plugin.
    """

    until: str
    keys: frozenset[str]

    @classmethod
    def for_a_day(cls, found: Iterable[Hit], at: datetime | None = None) -> Allowance:
        """One that begins now."""
        end = (at or now()) + timedelta(seconds=ALLOWED_SECONDS)
        return cls(f"{end:%Y-%m-%dT%H:%M:%SZ}", frozenset(hit.key for hit in found))

    def seconds_left(self, at: datetime | None = None) -> float:
        """How long it holds; never longer than a day, though the clock was set back, and 0 once it is over."""
        try:
            left = (datetime.fromisoformat(self.until) - (at or now())) / timedelta(seconds=1)
        except (ValueError, TypeError):
            return 0.0
        return left if 0 < left <= ALLOWED_SECONDS else 0.0

    def covers(self, found: Iterable[Hit], at: datetime | None = None) -> bool:
        """Whether it holds now, for all of these."""
        return self.seconds_left(at) > 0 and all(hit.key in self.keys for hit in found)

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values, as the state keeps them."""
        return {"until": self.until, "keys": sorted(self.keys)}


def allowances(items: Mapping[str, Any]) -> dict[str, Allowance]:
    """Canonical id -> allowance, also of those that are over; what cannot be read allows nothing.

    Args:
        items: the state's keys that begin with `ALLOWED`.
    """
    found = {}
    for key, value in items.items():
        if isinstance(value, Mapping) and isinstance(value.get("keys"), list):
            keys = frozenset(str(one) for one in value["keys"])
            found[key.removeprefix(ALLOWED)] = Allowance(str(value.get("until")), keys)
    return found


def allowance_for(given: Mapping[str, Allowance], cid: str, found: Iterable[Hit]) -> Allowance | None:
    """The allowance by which a revoked plugin runs now, None where it may not.

    Args:
        given: from `allowances`.
        cid: its canonical id.
        found: what it is revoked for.
    """
    one = given.get(cid)
    return one if one is not None and one.covers(found) else None
