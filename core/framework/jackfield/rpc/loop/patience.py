"""How much of a loop's time goes to waiting for answers without a turn of it: a part, for each link and for all."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from weakref import WeakKeyDictionary

#: An answer that was waited for longer has to be paid for. Quick ones, for which it is done, take a quarter of that.
SLOW_NANOSECONDS = 200_000
#: The same for a batch of many calls.
SLOW_BATCH_NANOSECONDS = 1_000_000
#: For so many times as long the answers of that link are left to the loop: it holds the loop for a quarter of the time.
LINK_RESTS = 3
#: For so many times as long those of all other links are: together they hold it for half of the time.
LOOP_RESTS = 1


class Shared:
    """What the links of one loop share.

    Attributes:
        rest_until: before, on the clock of `time.perf_counter_ns`, none of them is waited for.
    """

    __slots__ = ("__weakref__", "rest_until")

    def __init__(self) -> None:
        self.rest_until = 0


_SHARED: WeakKeyDictionary[AbstractEventLoop, Shared] = WeakKeyDictionary()


class Patience:
    """Says whether the answers of one link may be waited for.

    A process that means harm can answer quickly until it is waited for, and then as late as is just waited for: without
    a bound it would have nearly all of the loop's time, in portions of milliseconds.

    Args:
        loop: the event loop that drives the link.
    """

    __slots__ = ("_rest_until", "_shared")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._shared = _SHARED.setdefault(loop, Shared())
        self._rest_until = 0

    def allows(self, now: int) -> bool:
        """Say whether an answer may be waited for now, in nanoseconds of `time.perf_counter_ns`."""
        return now >= self._rest_until and now >= self._shared.rest_until

    def spend(self, began: int, ended: int) -> None:
        """Note for how long the loop stood still for an answer, also for one that did not come."""
        took = ended - began
        self._rest_until = ended + LINK_RESTS * took
        self._shared.rest_until = max(self._shared.rest_until, ended + LOOP_RESTS * took)
