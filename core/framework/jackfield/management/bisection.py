"""Which plugin is to blame: the enabled ones halved again and again, dependencies always along.

The plugins stand in a row, dependencies first, so that the first so many of them are always a set that can run. Without
any, all is well; with all of them it is not. So somewhere in the row stands the one with which it begins, and each
question halves where that can be. That also finds a plugin that breaks things only beside another one: of such two it
names the one that stands later.

Where every answer was that all is well, nobody has seen it happen: then it is asked with all of them, so that no plugin
is blamed for what did not happen.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jackfield.errors import DependencyLoop, UsageError
from jackfield.management.inventory import Inventory
from jackfield.manifest import canonical_id
from jackfield.resolution import load_order
from jackfield.storage import BISECT_KEY, State


class Bisection:
    """A search, as a pure function of the answers.

    Args:
        order: the suspects, dependencies first.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self.order = tuple(order)
        self._good = -1
        """With so many it is well; -1: not known even without any."""
        self._bad = len(self.order)
        self._seen = False
        """Whether it was seen to happen at all."""

    @property
    def question(self) -> tuple[str, ...] | None:
        """The plugins to run with now; None where the answer is known."""
        if self._good < 0:
            return ()
        if self._bad - self._good <= 1:
            return None if self._seen or self._bad == self._good else self.order
        return self.order[: (self._good + self._bad) // 2]

    @property
    def questions_left(self) -> int:
        """How many more there are at most."""
        if self._good < 0:
            return 2 + math.ceil(math.log2(max(1, len(self.order))))
        unseen = not self._seen and self._bad != self._good
        return math.ceil(math.log2(max(1, self._bad - self._good))) + unseen

    def answer(self, *, bad: bool) -> None:
        """Take the answer to the question: whether it happens with these plugins."""
        asked = self.question
        if asked is None:
            return
        self._seen = self._seen or bad
        if bad:
            self._bad = len(asked)
        else:
            self._good = len(asked)
        if bad and not asked:
            self._good = 0

    @property
    def culprit(self) -> str | None:
        """The plugin with which it begins; None while it is searched, where it happens without any, or not at all."""
        return self.order[self._bad - 1] if self.question is None and self._bad != self._good else None


@dataclass(frozen=True, slots=True)
class Tried:
    """One question and its answer.

    Args:
        enabled: the plugins that ran.
        bad: whether it happened.
    """

    enabled: tuple[str, ...]
    bad: bool

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"enabled": list(self.enabled), "bad": self.bad}


@dataclass(slots=True)
class Trial:
    """The search on a profile: each question changes the wishes, and at the end they are as they were.

    Args:
        state: where wishes are kept.
        suspects: the enabled plugins that can run, dependencies first.
        by: who searches.
        needs: for each suspect, the suspects that it requires.
        tried: what was asked so far.
    """

    state: State
    suspects: tuple[str, ...]
    by: str
    needs: Mapping[str, Collection[str]] = field(default_factory=dict)
    tried: list[Tried] = field(default_factory=list)

    @classmethod
    def of(cls, inventory: Inventory, state: State, *, by: str) -> Trial:
        """Make one of the plugins that are enabled.

        Raises:
            UsageError: none is, or another search has not ended.
        """
        if state.get(BISECT_KEY) is not None:
            raise UsageError(
                "another search has not ended: it changed which plugins are enabled",
                hint="jackfield bisect --restore enables them again",
            )
        needs = _needs_of(inventory)
        if not needs:
            raise UsageError("no plugin is enabled, so none can be to blame")
        try:
            order = load_order(needs)
        except DependencyLoop:  # optional ones may close a circle, which is no reason to give up
            order = sorted(needs, key=lambda cid: len(needs[cid]))
        return cls(state, tuple(order), by, needs)

    def with_needs(self, plugin: str) -> tuple[str, ...]:
        """Return a suspect and all that it requires, in the order of the suspects."""
        found, waiting = {plugin}, [plugin]
        while waiting:
            for need in self.needs.get(waiting.pop(), ()):
                if need in self.suspects and need not in found:
                    found.add(need)
                    waiting.append(need)
        return tuple(cid for cid in self.suspects if cid in found)

    def begin(self) -> None:
        """Keep the wishes as they are now: they come back even if this process is killed."""
        before = {cid: self.state.get(f"wish/{cid}") for cid in self.suspects}
        self.state.change({BISECT_KEY: before}, by=self.by, why="begin to search who is to blame")

    def run_with(self, plugins: Collection[str]) -> None:
        """Have these suspects enabled and the others not; a running application follows.

        Raises:
            UsageError: somebody ended the search meanwhile: what it would change now nobody would change back.
        """
        if self.state.get(BISECT_KEY) is None:
            raise UsageError(
                "this search was ended elsewhere; the plugins are enabled as they were",
                hint="to begin anew: jackfield bisect",
            )
        wishes = {f"wish/{cid}": cid in plugins for cid in self.suspects}
        self.state.change(wishes, by=self.by, why=f"search who is to blame: {len(plugins)} of {len(self.suspects)}")

    def note(self, plugins: Sequence[str], *, bad: bool) -> None:
        """Keep an answer for the report."""
        self.tried.append(Tried(tuple(plugins), bad))

    def restore(self, *, disabled: str | None = None) -> bool:
        """Have the wishes as they were before the search, but for one plugin that stays disabled."""
        return restore(self.state, by=self.by, disabled=disabled)


def restore(state: State, *, by: str, disabled: str | None = None) -> bool:
    """Give the wishes back that a search changed; returns whether one had.

    Args:
        state: where wishes are kept.
        by: who ends the search.
        disabled: a canonical id: it is not enabled again, not even for a moment.
    """
    before = state.get(BISECT_KEY)
    if not isinstance(before, Mapping):
        return False
    wishes = {f"wish/{cid}": wish if cid != disabled else False for cid, wish in before.items()}
    why = "end the search who is to blame" + (f"; disable {disabled}" if disabled else "")
    state.change({**wishes, BISECT_KEY: None}, by=by, why=why)
    return True


def _needs_of(inventory: Inventory) -> dict[str, list[str]]:
    """Return what each plugin that is enabled and can run requires, by canonical id."""
    enabled = {canonical_id(row.id) for row in inventory.rows() if row.state == "enabled"}
    manifests = inventory.manifests
    return {
        cid: [need.canonical_id for need in manifests[cid].requires if need.canonical_id in enabled]
        if cid in manifests
        else []
        for cid in sorted(enabled)
    }
