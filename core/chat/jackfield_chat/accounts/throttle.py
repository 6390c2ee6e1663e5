"""How often something may fail before the next try has to wait."""

import time
from collections import deque
from collections.abc import Callable

MOST_KEYS = 10_000


class Throttle:
    """Counts events by key in a sliding window.

    Args:
        limit: how many events within the window are let through.
        window_seconds: the length of the window.
        clock: a monotonic clock in seconds.
    """

    def __init__(self, limit: int, window_seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self.window_seconds = window_seconds
        self._clock = clock
        self._events: dict[str, deque[float]] = {}

    def wait_seconds(self, key: str) -> int:
        """Return after how many whole seconds the next event of the key is let through; 0 is now."""
        events = self._recent(key)
        if len(events) < self.limit:
            return 0
        return max(1, round(events[0] + self.window_seconds - self._clock()))

    def count(self, key: str) -> None:
        """Note one event of the key."""
        events = self._events.pop(key, deque())
        events.append(self._clock())
        while len(self._events) >= MOST_KEYS:
            # A flood of made-up names must not fill the memory, nor wipe out what was counted of all others.
            del self._events[next(iter(self._events))]
        self._events[key] = events  # put back last: the first one is always the one that was quiet for longest

    def take_back(self, key: str) -> None:
        """Take back the newest event of the key: it was none after all."""
        events = self._events.get(key)
        if events:
            events.pop()

    def _recent(self, key: str) -> deque[float]:
        events = self._events.get(key, deque())
        start = self._clock() - self.window_seconds
        while events and events[0] <= start:
            events.popleft()
        return events
