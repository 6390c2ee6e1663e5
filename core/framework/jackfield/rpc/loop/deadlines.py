"""When the open calls of one link are late: one timer for all of them."""

from __future__ import annotations

from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable
from time import monotonic

from jackfield.errors import CallTimeout
from jackfield.rpc.ledger import OpenCall
from jackfield.rpc.link import Link
from jackfield.rpc.wire import FOREVER


class Deadlines:
    """Ends calls whose time is over. To make and cancel a timer for each costs more than the call.

    Args:
        link: whose calls.
        loop: the event loop that drives it.
        give_up: is given a call that is late, before its caller is told.

    Attributes:
        nearest: when the timer rings, in seconds of `time.monotonic()`; infinity while there is none.
    """

    __slots__ = ("_give_up", "_link", "_loop", "_timer", "nearest")

    def __init__(self, link: Link, loop: AbstractEventLoop, give_up: Callable[[OpenCall], None]) -> None:
        self._link = link
        self._loop = loop
        self._give_up = give_up
        self._timer: TimerHandle | None = None
        self.nearest = FOREVER

    def watch(self, deadline: float) -> None:
        """Let the timer ring at a deadline that is nearer than the nearest."""
        if self._timer is not None:
            self._timer.cancel()
        self.nearest = deadline
        self._timer = self._loop.call_later(max(deadline - monotonic(), 0.0), self._time_is_over)

    def resume(self) -> None:
        """Look at calls that were made while another driver had the link."""
        if (deadline := self._link.ledger.nearest_deadline()) < self.nearest:
            self.watch(deadline)

    def stop(self) -> None:
        """Let nothing ring any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self.nearest = None, FOREVER

    def _time_is_over(self) -> None:
        self._timer, self.nearest = None, FOREVER
        for call in self._link.ledger.overdue(monotonic()):
            self._give_up(call)
            call.settle(None, CallTimeout(f"{self._link.peer} did not answer {call.method} in time"))
        self.resume()
