"""Why a version is offered and not taken yet, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Reason = Literal["never", "halted", "rollout", "delay"]


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a version is not offered.

    Args:
        version: as its index spells it.
        reason: `never`: its user does not want it; `halted`: its rollout was halted; `rollout`: it has not come this
            far; `delay`: it is younger than its user wants.
        sentence: the same for people, with what is waited for.
        until: when a delay is over, ISO 8601 in UTC; None where nobody knows.
    """

    version: str
    reason: Reason
    sentence: str
    until: str | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}
