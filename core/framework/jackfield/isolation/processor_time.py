"""What the processes of one plugin, one after the other, used of a processor lately, and when there is room for more.

What a process used is not forgotten with its end: else a plugin whose processes end again and again would begin anew
each time. So the next one goes on from there. It needs some time itself to come up, so it is not started before a part
of what the plugin may use is free again: it waits, and is not stopped for what the one before it used.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from jackfield.isolation.limits import CPU_WINDOW_SECONDS

EVERY_SECONDS: Final = 1.0
"""Between two samples that are kept."""

FREE_SHARE: Final = 0.5
"""Of what a plugin may use so much has to be free when its next process starts: it imports, and takes up its work."""


class ProcessorTime:
    """The processor time that a plugin used over `CPU_WINDOW_SECONDS`. From any thread.

    All times are of one clock that never goes back.

    Args:
        before: of the plugin's process before this one, which has ended; None: there was none that counts.
    """

    def __init__(self, before: ProcessorTime | None = None) -> None:
        self._guard = threading.Lock()
        self._seen: deque[tuple[float, float]] = deque()
        self._before_seconds = self._all_seconds = 0.0
        if before is not None:
            with before._guard:
                self._seen.extend(before._seen)
                self._before_seconds = self._all_seconds = before._all_seconds
                if before._seen:  # what it used since its last sample was used by the time of its last look
                    self._seen.append((before._looked_at, before._all_seconds))
        self._looked_at: float = self._seen[-1][0] if self._seen else float("-inf")

    def note(self, now: float, cpu_seconds: float) -> float:
        """Note what the process has used since it was started; return the seconds that the plugin used in the window.

        Args:
            now: the time of the look.
            cpu_seconds: of all its threads.
        """
        with self._guard:
            self._looked_at, self._all_seconds = now, self._before_seconds + cpu_seconds
            seen = self._seen
            while len(seen) > 1 and seen[1][0] <= now - CPU_WINDOW_SECONDS:
                seen.popleft()
            if not seen or now - seen[-1][0] >= EVERY_SECONDS:
                seen.append((now, self._all_seconds))
            return self._all_seconds - seen[0][1]

    @property
    def all_seconds(self) -> float:
        """What was used so far, as it was last looked at, the plugin's processes before this one included."""
        return self._all_seconds

    def rest_seconds(self, now: float, cpu_share: float) -> float:
        """Return for how long a next process has to wait until there is room for it; 0.0: there is.

        Args:
            now: the time.
            cpu_share: what the plugin may use of one processor core.
        """
        most = cpu_share * CPU_WINDOW_SECONDS * (1.0 - FREE_SHARE)
        with self._guard:
            enough = (at for at, used in self._seen if self._all_seconds - used <= most)
            since = next(enough, self._looked_at)  # there is room when the window begins here
            if not self._seen or since == self._seen[0][0]:
                return 0.0
            return max(since + CPU_WINDOW_SECONDS - now, 0.0)
