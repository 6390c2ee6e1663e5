"""How long others wait while a plugin comes up that is started by somebody else.

An external plugin answers when it likes, and comes again when it was sent away. Its start is part of a change, of which
there is one at a time; so it could hold up all others for as long as each call of its start may take, again and again.

- While nobody waits for a change, its start has the time that each of its calls has.
- Once somebody has waited for `PATIENCE_SECONDS`, the start is broken off: its connection ends, and it may come again.
- After each start it stays away for as long as that took, however it ended: it never has more than half of the time.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import Context
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import Final

from jackfield.manifest import Candidate
from jackfield.permissions import Placement

PATIENCE_SECONDS: Final = 0.5
"""How long whoever wants a change waits for the start of an external plugin."""

LEAST_SECONDS: Final = 0.25
"""What each step of a start has, however long somebody waits already: one that is quick comes up all the same."""


@dataclass(slots=True)
class _Step:
    """A step of a start: load, or enable.

    Args:
        until: the least time that it has.
        is_broken_off: whether its connection was ended.
    """

    until: float
    is_broken_off: bool = False


class Patience:
    """Knows who waits for a change, and whose start may be broken off for them; on the event loop's thread.

    Attributes:
        break_off: ends the connection of a plugin, by its canonical id, so that whatever is asked of it fails at once.
    """

    def __init__(self) -> None:
        self.break_off: Callable[[str], None] = lambda _: None
        # Of each who waits: how long it is patient, and with whom for ever.
        self._until: dict[object, tuple[float, Collection[str]]] = {}
        self._steps: dict[str, _Step] = {}
        self._away_until: dict[str, float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_asked_for(self) -> bool:
        """Whether somebody waits for a change, or for the end of one."""
        return bool(self._until)

    @contextmanager
    def waited(self, wanted: Collection[str] = (), *, at_once: bool = False) -> Iterator[None]:
        """Wait for a change within this block, or carry it out for who does.

        Args:
            wanted: canonical ids of the plugins whose start is waited for, as long as it takes.
            at_once: have no patience, and let nobody begin meanwhile.
        """
        mark = object()
        self._until[mark] = -inf if at_once else monotonic() + PATIENCE_SECONDS, wanted
        self._look()
        try:
            yield
        finally:
            del self._until[mark]
            self._look()

    def step(self, candidate: Candidate, placement: Placement) -> AbstractContextManager[None]:
        """Return the block in which a plugin takes one step of its start; that of an external one may be broken off."""
        return self._step(candidate.canonical_id) if placement.isolation == "external" else nullcontext()

    @contextmanager
    def _step(self, cid: str) -> Iterator[None]:
        began = monotonic()
        self._steps[cid] = _Step(began + LEAST_SECONDS)
        with suppress(RuntimeError):  # it does not run, so that nothing can be asked of the plugin
            self._loop = asyncio.get_running_loop()
        self._look()
        try:
            yield
        finally:
            del self._steps[cid]
            # Twice: as long as it took, and as long again. What an earlier step took counts on.
            self._away_until[cid] = max(self._away_until.get(cid, began), began) + 2 * (monotonic() - began)

    def give_up(self, cid: str) -> None:
        """Break a plugin's start off at once, if it is under way: it is not wanted any more."""
        step = self._steps.get(cid)
        if step is not None:
            step.is_broken_off, step.until = True, monotonic() + LEAST_SECONDS  # it may come again before it is over
            self.break_off(cid)

    def is_broken_off(self, cid: str) -> bool:
        """Say whether the start of a plugin, which is under way, was broken off."""
        return cid in self._steps and self._steps[cid].is_broken_off

    def rest_seconds(self, cid: str) -> float:
        """Return how long a plugin stays away from now on, for the time that its last start took."""
        return max(0.0, self._away_until.get(cid, 0.0) - monotonic())

    def _look(self) -> None:
        """Have the next start broken off that others have waited for long enough."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._due()
        if due and self._loop is not None:
            seconds = max(0.0, min(due.values()) - monotonic())
            # In variables of its own: what follows from it is no part of the change that goes on.
            self._timer = self._loop.call_later(seconds, self._expire, context=Context())

    def _due(self) -> dict[str, float]:
        """When each start that is under way is broken off, of those that are at all."""
        due = {}
        for cid, step in self._steps.items():
            until = min((one for one, wanted in self._until.values() if cid not in wanted), default=inf)
            if until < inf:
                due[cid] = until if until == -inf and not step.is_broken_off else max(until, step.until)
        return due

    def _expire(self) -> None:
        now = monotonic()
        for cid in [cid for cid, at in self._due().items() if at <= now]:
            self.give_up(cid)
        self._look()
