"""When a worker that ended is started again, and when no more: backoff and a circuit breaker, without a clock (J25).

The rules:

1. The first time it is started again at once, then after 0.1 s, and each time after twice as long, up to 30 s.
2. A worker that ran for a minute makes all before it forgotten.
3. Five ends within one minute open the circuit: no worker is started any more.
4. An open circuit closes when the user enables or reloads the plugin. After five minutes it is half open: one worker is
   started on trial. If that one ends within a minute, the circuit is open again, for twice as long, up to an hour.
5. A worker that ended together with the process that forks all workers counts for none of this: its plugin did nothing
   for it. It is started again with the same patience, which a worker that ran for a minute makes forgotten as well.
"""

from dataclasses import dataclass, replace
from typing import Final

FIRST_SECONDS: Final = 0.1
LONGEST_SECONDS: Final = 30.0
QUIET_SECONDS: Final = 60.0
MOST_ENDS: Final = 5
WITHIN_SECONDS: Final = 60.0
OPEN_SECONDS: Final = 300.0
LONGEST_OPEN_SECONDS: Final = 3600.0
_MOST_DOUBLINGS: Final = 16  # beyond it the longest pause holds anyway, and a float would overflow at last


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is remembered of the ends of one plugin's workers. All times are of one clock that never goes back.

    Args:
        ends: when workers ended, the last `MOST_ENDS` at most, oldest first.
        again: how often one was started again since the last that ran for a minute.
        opened: how often the circuit was opened since then.
        started_at: when the worker that runs was started; None while none runs.
        next_at: when the next one may be started; None while one runs, and before the first.
        lost_before: how often one ended with the process that forks all since then, for which no plugin is to blame.
    """

    ends: tuple[float, ...] = ()
    again: int = 0
    opened: int = 0
    started_at: float | None = None
    next_at: float | None = None
    lost_before: int = 0

    @property
    def is_open(self) -> bool:
        """Whether workers ended too often, so that the plugin waits for its user or for a later trial."""
        return self.opened > 0 and self.next_at is not None

    def started(self, now: float) -> "Circuit":
        """Return what holds when a worker was started."""
        return replace(self, started_at=now, next_at=None)

    def ended(self, now: float) -> "Circuit":
        """Return what holds when a worker ended that nobody wanted to end; `next_at` says when to start another."""
        known = self._known(now)
        ends = (*known.ends, now)[-MOST_ENDS:]
        if known.opened or (len(ends) == MOST_ENDS and now - ends[0] < WITHIN_SECONDS):
            pause = min(OPEN_SECONDS * 2.0 ** min(known.opened, _MOST_DOUBLINGS), LONGEST_OPEN_SECONDS)
            return Circuit(ends, known.again, known.opened + 1, None, now + pause, known.lost_before)
        return Circuit(ends, known.again + 1, 0, None, now + _backoff(known.again), known.lost_before)

    def lost(self, now: float) -> "Circuit":
        """Return what holds when a worker ended together with the process that forks all."""
        known = self._known(now)
        pause = _backoff(known.lost_before)
        return replace(known, started_at=None, next_at=now + pause, lost_before=known.lost_before + 1)

    def _known(self, now: float) -> "Circuit":
        """What is still remembered when a worker ends."""
        long = self.started_at is not None and now - self.started_at >= QUIET_SECONDS
        return Circuit() if long else self


def _backoff(again: int) -> float:
    """The pause in seconds before a worker is started again that was started again so often before."""
    return min(FIRST_SECONDS * 2.0 ** min(again - 1, _MOST_DOUBLINGS), LONGEST_SECONDS) if again else 0.0
