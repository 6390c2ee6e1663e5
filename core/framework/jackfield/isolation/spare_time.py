"""How much of one plugin's processor time others may have it use: so that nobody has it stopped by asking it for much.

What a plugin does for other plugins counts as its own, as it must: whoever offers a service chooses what that costs.
But one that is called without end used up its share, was stopped, and was blamed for it. So calls that others make wait
where they would take the last of it, which stays for what the application itself asks.
"""

from collections.abc import Callable
from time import monotonic
from typing import Final

from jackfield.isolation.limits import CPU_WINDOW_SECONDS

BURST_SHARE: Final = 0.2
"""Of what a plugin may use over the window, so much is used for others at once after some rest."""

LASTING_SHARE: Final = 0.7
"""And so much all the time: together they leave a tenth."""

MOST_DEBT_SECONDS: Final = 1.0
"""Of a processor. What was used beyond that is no concern of who asks now: the plugin did it for itself."""


class SpareTime:
    """A bucket that fills with time, and is emptied by the processor time that the plugin uses, for whom ever.

    Belongs to the event loop.

    Args:
        used: gives the processor time in seconds that was used so far, as it was last looked at.
        cpu_share: what the plugin may use of one processor core.
        clock: in seconds, never going back.
    """

    __slots__ = ("_at", "_clock", "_left", "_most", "_per_second", "_seen", "_used")

    def __init__(self, used: Callable[[], float], cpu_share: float, *, clock: Callable[[], float] = monotonic) -> None:
        self._used = used
        self._clock = clock
        self._most = self._left = BURST_SHARE * cpu_share * CPU_WINDOW_SECONDS
        self._per_second = LASTING_SHARE * cpu_share
        self._at = clock()
        self._seen = used()

    def wait_seconds(self) -> float:
        """Return for how long what others ask has to wait; most often it need not."""
        now, used = self._clock(), self._used()
        left = min(self._left + (now - self._at) * self._per_second, self._most) - (used - self._seen)
        self._left = max(left, -MOST_DEBT_SECONDS)
        self._at, self._seen = now, used
        return max(-self._left / self._per_second, 0.0)
