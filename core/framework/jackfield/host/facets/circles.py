"""Services that call each other without end: noticed by how deep a call lies, and in processes by how many wait."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from jackfield.errors import UsageError

MOST_LEVELS = 100
"""Calls one inside of the other, where a call is there before; Python ends a recursion at about 230, after seconds."""

MOST_WAITING = 150
"""Calls from one plugin to another that wait at a time, where the other waits as often for the first, in processes.

What a process asks for does not tell which call has led to it: many calls side by side, each of which calls back, look
like a circle. A process waits for 200 of its calls at a time, and a circle has to be noticed before.
"""


class _Level:
    """A call that waits, or has waited: what it began may go on without it."""

    __slots__ = ("edge", "waits")

    def __init__(self, edge: tuple[str, str]) -> None:
        self.edge = edge
        self.waits = True


_LEVELS: ContextVar[tuple[_Level, ...]] = ContextVar("calls of services that have led here", default=())


class Underway:
    """Calls of services that have no answer yet: who waits for whom, and how often."""

    def __init__(self) -> None:
        self._waiting: Counter[tuple[str, str]] = Counter()
        self._apart: set[str] = set()

    def require_end(self, consumer: str, provider: str, what: str) -> None:
        """Return if a call is not one more of a circle.

        Args:
            consumer: the id of who calls.
            provider: the id of who answers.
            what: the service and its method, for the sentence.

        Raises:
            UsageError: it is.
        """
        if consumer == provider:
            return
        edge = (consumer, provider)
        circle: list[str] = []
        if len(_LEVELS.get()) >= MOST_LEVELS:
            circle = _last_round(edge)
        if not circle and self._waiting[edge] >= MOST_WAITING:
            circle = self._way(provider, consumer)
        if circle:
            names = " → ".join([consumer, *circle])
            raise UsageError(f"{what} of {provider} is called in a circle that does not end: {names}", plugin=consumer)

    @contextmanager
    def begun(self, consumer: str, provider: str, *, apart: bool) -> Iterator[None]:
        """Remember a call for as long as it waits.

        Args:
            consumer: the id of who calls.
            provider: the id of who answers.
            apart: whether that runs in a process of its own.
        """
        edge = (consumer, provider)
        self._waiting[edge] += 1
        (self._apart.add if apart else self._apart.discard)(provider)
        level = _Level(edge)
        token = _LEVELS.set((*(one for one in _LEVELS.get() if one.waits), level))
        try:
            yield
        finally:
            level.waits = False
            with suppress(ValueError):  # a coroutine that nobody awaits any more is closed wherever that is noticed
                _LEVELS.reset(token)
            self._waiting[edge] -= 1
            if not self._waiting[edge]:
                del self._waiting[edge]

    def _way(self, start: str, goal: str) -> list[str]:
        """Return a way of plugins of which each waits as often for the next, both ends included; empty for none.

        Where none of them is in another process, their levels tell.
        """
        ways, seen = [[start]], {start}
        for way in ways:
            if way[-1] == goal:
                return way if self._apart.intersection(way) else []
            for (one, following), times in self._waiting.items():
                if one == way[-1] and times >= MOST_WAITING - 1 and following not in seen:
                    seen.add(following)
                    ways.append([*way, following])
        return []


def _last_round(edge: tuple[str, str]) -> list[str]:
    """Return who was called from one call to the same once more, both ends included; empty where it is the first."""
    waiting = [one.edge for one in _LEVELS.get() if one.waits]
    if len(waiting) < MOST_LEVELS or edge not in waiting:
        return []
    since = len(waiting) - 1 - waiting[::-1].index(edge)
    return [provider for _, provider in waiting[since:]]
