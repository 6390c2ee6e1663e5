"""Services that call each other without end: noticed by how many calls wait, in whatever process they wait."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from jackfield.errors import UsageError

MOST_WAITING = 50
"""Calls from one plugin to another that wait at a time, where the other waits as often for the first.

Each level of a circle leaves one. Python's recursion ends at about 230 levels of inline plugins, after seconds, and one
over processes when their time is over: both are blamed then as often as there are levels.
"""


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
        if consumer == provider or self._waiting[consumer, provider] < MOST_WAITING:
            return
        if circle := self._way(provider, consumer):
            names = " → ".join([consumer, *circle])
            raise UsageError(f"{what} of {provider} is called in a circle that does not end: {names}", plugin=consumer)

    @contextmanager
    def begun(self, consumer: str, provider: str) -> Iterator[None]:
        """Remember a call for as long as it waits."""
        edge = (consumer, provider)
        self._waiting[edge] += 1
        try:
            yield
        finally:
            self._waiting[edge] -= 1
            if not self._waiting[edge]:
                del self._waiting[edge]

    def _way(self, start: str, goal: str) -> list[str]:
        """Return a way of plugins of which each waits as often for the next, both ends included; empty for none."""
        ways, seen = [[start]], {start}
        for way in ways:
            if way[-1] == goal:
                return way
            for (one, following), times in self._waiting.items():
                if one == way[-1] and times >= MOST_WAITING - 1 and following not in seen:
                    seen.add(following)
                    ways.append([*way, following])
        return []
