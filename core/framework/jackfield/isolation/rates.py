"""How often something may happen: lines of log that a worker writes, and what it asks of the host."""

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final

from jackfield.isolation.limits import REQUESTS_WINDOW_SECONDS

QUIET_SECONDS: Final = 2.0
"""Without a dropped line for so long, a flood is over."""


class LineRate:
    """Lets so many lines a second through. The rest is counted; one line says when a flood began, and one how it ended.

    Not for several threads at once.

    Args:
        plugin: whose lines they are.
        lines_per_second: gives what holds now.
        say: takes a sentence, to be logged where the lines go.
        clock: in seconds, never going back.
    """

    def __init__(
        self,
        plugin: str,
        lines_per_second: Callable[[], int],
        say: Callable[[str], object],
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._plugin = plugin
        self._most = lines_per_second
        self._say = say
        self._clock = clock
        self._second = clock()
        self._lines = 0
        self._dropped = 0
        self._last_dropped = 0.0

    def admit(self) -> bool:
        """Whether the next line is let through."""
        now = self._clock()
        if now - self._second >= 1.0:
            self._second, self._lines = now, 0
            if self._dropped and now - self._last_dropped >= QUIET_SECONDS:
                self.close()
        if self._lines < self._most():
            self._lines += 1
            return True
        if not self._dropped:
            self._say(f"{self._plugin} writes more than {self._most()} lines of log a second; the rest is dropped")
        self._dropped += 1
        self._last_dropped = now
        return False

    def close(self) -> None:
        """Say how many lines were dropped since that was said last."""
        if self._dropped:
            self._say(f"{self._dropped} lines of log of {self._plugin} were dropped")
            self._dropped = 0


class Flow:
    """Counts what a worker asks of its host. Counting is done in one thread, looking in another.

    Args:
        now: the time, on the clock of all looks.

    Attributes:
        requests: how much was asked, batches and notifications counted as one each.
    """

    __slots__ = ("_seen", "requests")

    def __init__(self, now: float) -> None:
        self.requests = 0
        self._seen: deque[tuple[float, int]] = deque([(now, 0)])

    def per_second(self, now: float) -> float:
        """Return the requests a second over the last `REQUESTS_WINDOW_SECONDS`; a shorter flood is spread over them.

        Args:
            now: the time of the look.
        """
        seen = self._seen
        while len(seen) > 1 and seen[1][0] <= now - REQUESTS_WINDOW_SECONDS:
            seen.popleft()
        count = self.requests
        seen.append((now, count))
        return (count - seen[0][1]) / max(now - seen[0][0], REQUESTS_WINDOW_SECONDS)
