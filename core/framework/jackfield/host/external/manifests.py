"""The manifests that external plugins tell when they connect: taken up, or refused with a sentence."""

from __future__ import annotations

from collections import deque
from time import monotonic

from jackfield.apart import done_apart
from jackfield.discovery import EXTERNAL, external_candidate, external_record
from jackfield.manifest import Candidate
from jackfield.permissions import Grant, decide
from jackfield.storage import State

#: So many changes of one plugin's manifest are taken up within `CHANGES_SECONDS`: each is kept in the state for good.
MOST_CHANGES = 20
CHANGES_SECONDS = 3600.0


class Manifests:
    """Takes up what plugins tell of themselves.

    Args:
        state: where the manifests are kept that are known.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._changes: dict[str, deque[float]] = {}

    async def problem(self, plugin: str, cid: str, text: str | None) -> str:
        """Take up a manifest; say what is wrong with it, as the end of a sentence that begins with the plugin's id.

        What it asks for is agreed to elsewhere: here it is only made sure that the user is not shown one manifest of a
        version and gets another.

        Args:
            plugin: the id that its key is for.
            cid: the same, canonical.
            text: what it tells; None for nothing.

        Raises:
            StoreError: it cannot be kept.
        """
        record = self._state.get(f"{EXTERNAL}{cid}") or {}
        if text is None or record.get("manifest") == text:
            return ""
        told = external_candidate(plugin, text)
        if told.problem is not None:
            return f"tells a manifest that cannot be taken: {told.problem}"
        known = external_candidate(plugin, record.get("manifest"))
        problem = _slips_in(told, known) or _reaches_further(told, known)
        if not problem and not self._has_turn(cid):
            problem = f"tells another manifest too often: {MOST_CHANGES} of them within an hour"
        if not problem:
            changes, why = external_record(told, text), f"manifest of {told.id}"
            await done_apart(self._state.change, changes, by=plugin, why=why)
        return problem

    def _has_turn(self, cid: str) -> bool:
        changes = self._changes.setdefault(cid, deque(maxlen=MOST_CHANGES))
        now = monotonic()
        if len(changes) == MOST_CHANGES and now - changes[0] < CHANGES_SECONDS:
            return False
        changes.append(now)
        return True


def _reaches_further(told: Candidate, known: Candidate) -> str:
    """Say that a manifest requires plugins that the one which is known does not: it may use them without a permission.

    Whose manifest is known has been read by its user, or required nothing more than one that was.
    """
    before = {one.canonical_id for one in known.manifest.requires} if known.manifest is not None else set()
    asked = told.manifest.requires if told.manifest is not None else ()
    more = ", ".join(one.id for one in asked if one.canonical_id not in before)
    return (
        f"requires more plugins than are known: {more} (jackfield keys new {told.id} --manifest FILE)" if more else ""
    )


def _slips_in(told: Candidate, known: Candidate) -> str:
    """Say that a manifest asks for more than the one of the same version that the user has read."""
    if told.manifest is None or known.manifest is None or told.manifest.version != known.manifest.version:
        return ""
    before = Grant(told.canonical_id, "external", None, known.manifest.permissions)
    more = decide(told.manifest.permissions, before).missing
    if not more:
        return ""
    asked = "; ".join(map(str, more))
    return f"asks for more than before, in the same version: {asked} (raise version in its manifest)"
