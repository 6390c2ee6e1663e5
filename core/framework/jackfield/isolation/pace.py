"""How fast a worker's requests are answered: at once as long as they are few, then at a pace that the host can bear."""

from typing import Final

BURST_SECONDS: Final = 5.0
"""After a quiet time so many seconds' requests are answered at once: of a plugin that reads its rows, for example."""


class Pace:
    """A bucket that fills with time and is emptied by requests; below its bottom they have to wait.

    Args:
        per_second: the pace at which requests are answered in the long run.
        now: the time, in seconds, never going back.
    """

    __slots__ = ("_at", "_left", "_most", "per_second")

    def __init__(self, per_second: int, now: float) -> None:
        self.per_second = per_second
        self._most = self._left = per_second * BURST_SECONDS
        self._at = now

    def take(self, now: float) -> float:
        """Count one request; return for how many seconds it has to wait, most often for none.

        Args:
            now: the time, not before that of the request before.
        """
        left = self._left + (now - self._at) * self.per_second
        self._left = left = min(left, self._most) - 1
        self._at = now
        return 0.0 if left >= 0 else -left / self.per_second
