"""Services that call each other without end: noticed by the calls that have led to a call, across processes too."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TypeAlias

from jackfield.errors import UsageError

MOST_ROUNDS = 30
"""Calls from one plugin to one other that lie within each other. Plain methods in a process lie on one stack, which
ends at 32 calls of its host; the sentence that names the circle has to come before."""

MOST_LEVELS = 100
"""Calls within each other, of whomever, where one is there before; Python ends a recursion at about 230, after
seconds."""

MOST_WAITING = 100
"""Calls from one plugin to another that wait at a time, where the other waits as often for the first, and what has
asked does not say which call has led to it, as plugins in processes need not. A guess: many calls side by side, each
of which calls back, look the same. A process waits for 256 of its calls at most, and a circle is noticed before."""


class _Level:
    """A call that waits, or has waited: what it began may go on without it."""

    __slots__ = ("edge", "waits")

    def __init__(self, edge: tuple[str, str]) -> None:
        self.edge = edge
        self.waits = True


#: The calls that have led to something, the first one first; None: what has asked does not say.
_Chain: TypeAlias = tuple[_Level, ...] | None

_CHAIN: ContextVar[_Chain] = ContextVar("calls of services that have led here", default=())


class Underway:
    """Calls of services that have no answer yet: who waits for whom, and how often."""

    def __init__(self) -> None:
        self._waiting: Counter[tuple[str, str]] = Counter()

    def require_end(self, consumer: str, provider: str, what: str) -> None:
        """Return if a call is not one more of a circle.

        Args:
            consumer: the id of who calls.
            provider: the id of who answers.
            what: the service and its method, for the sentence.

        Raises:
            UsageError: it is.
        """
        edge = (consumer, provider)
        chain = _CHAIN.get()
        circle = self._guessed(edge) if chain is None else _last_round(chain, edge)
        if circle:
            names = " → ".join([consumer, *circle])
            raise UsageError(f"{what} of {provider} is called in a circle that does not end: {names}", plugin=consumer)

    @contextmanager
    def begun(self, consumer: str, provider: str) -> Iterator[None]:
        """Remember a call for as long as it waits.

        Args:
            consumer: the id of who calls.
            provider: the id of who answers.
        """
        edge = (consumer, provider)
        self._waiting[edge] += 1
        level = _Level(edge)
        token = _CHAIN.set((*_open(_CHAIN.get() or ()), level))
        try:
            yield
        finally:
            level.waits = False
            with suppress(ValueError):  # a coroutine that nobody awaits any more is closed wherever that is noticed
                _CHAIN.reset(token)
            self._waiting[edge] -= 1
            if not self._waiting[edge]:
                del self._waiting[edge]

    def _guessed(self, edge: tuple[str, str]) -> list[str]:
        """Return a way of plugins of which each waits as often for the next, without who calls; empty for none."""
        goal, start = edge
        if self._waiting[edge] < MOST_WAITING or start == goal:
            return []
        ways, seen = [[start]], {start}
        for way in ways:
            if way[-1] == goal:
                return way
            for (one, following), times in self._waiting.items():
                if one == way[-1] and times >= MOST_WAITING - 1 and following not in seen:
                    seen.add(following)
                    ways.append([*way, following])
        return []


class Passed:
    """The calls of services that one plugin in another process is at work on, each under a number.

    It is told the number, and says it with each call that it makes within. Only the number crosses, and only one of its
    own calls is found by it: what has led there is known here, and nobody can make it up.
    """

    def __init__(self) -> None:
        self._chains: dict[int, tuple[_Level, ...]] = {}
        self._last = 0

    @contextmanager
    def told(self) -> Iterator[tuple[int, int]]:
        """Give the call that is made in this block a number, and say how many calls it is the last of."""
        self._last = number = self._last + 1
        chain = self._chains[number] = _CHAIN.get() or ()
        try:
            yield number, len(chain)
        finally:
            del self._chains[number]

    @contextmanager
    def within(self, number: int | None) -> Iterator[None]:
        """Have what is called in this block count as led to by a call.

        Args:
            number: what the plugin says: its number; 0, or one that has its answer: nobody waits for it within a call;
                None: it says nothing.
        """
        token = _CHAIN.set(self._chains.get(number, ()) if number is not None else None)
        try:
            yield
        finally:
            _CHAIN.reset(token)


def made_by() -> str:
    """Return the id of who makes the call of a service that is being made; empty where that is not known."""
    chain = _CHAIN.get()
    return chain[-1].edge[0] if chain else ""


def _open(chain: tuple[_Level, ...]) -> list[_Level]:
    return [one for one in chain if one.waits]


def _last_round(chain: tuple[_Level, ...], edge: tuple[str, str]) -> list[str]:
    """Return who was called from one call to the same once more, without who calls; empty where it may be made."""
    if len(chain) < MOST_ROUNDS:
        return []
    edges = [one.edge for one in _open(chain)]
    rounds = edges.count(edge)
    if rounds < (1 if len(edges) >= MOST_LEVELS else MOST_ROUNDS):
        return []
    since = len(edges) - 1 - edges[::-1].index(edge)
    return [provider for _, provider in edges[since:]]
