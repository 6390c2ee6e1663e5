"""Which plugins a plan takes back to an older version."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.version import InvalidVersion, Version

from jackfield.management.plan import PlanItem
from jackfield.management.specs import canonical


def gone_back(changed: Iterable[PlanItem]) -> dict[str, PlanItem]:
    """Canonical id -> item, of the plugins that get an older version than they have.

    Args:
        changed: what a plan changes.
    """
    return {canonical(item.id): item for item in changed if item.id is not None and _is_older(item)}


def _is_older(item: PlanItem) -> bool:
    try:
        return Version(item.new_version or "") < Version(item.old_version or "")
    except InvalidVersion:
        return False
