"""Whose turn it is to call the host, and within which call of a service: a circle of waiting never closes."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from itertools import count
from typing import NamedTuple

from jackfield.errors import UsageError

AT_ONCE = 170
"""Calls of coroutines that wait for the host at one time, further ones wait for their turn: a link carries 256."""

MOST_ROUNDS = 50
"""For each time that a call of a service can have come back to this plugin, within another one, there is one turn more,
which no call further out can take: so the innermost get on, and with them those that wait for them. It comes back at
every second level at most, and the host ends a circle at the hundredth."""

WAIT_SECONDS = 2.5
"""How long a call within one of a service waits for its turn: half of what the call has that it is made for. Who does
not say within which call it makes another one, and is waited for, can take all turns of who does."""


class Within(NamedTuple):
    """A call of a service of this plugin, at which the running code is at work.

    Args:
        call: the host's number of it; 0: none.
        level: how many calls of services it is the last of; 0: none.
    """

    call: int = 0
    level: int = 0


_WITHIN: ContextVar[Within] = ContextVar("the call of a service that has led here", default=Within())  # noqa: B039  # a tuple


def led_by() -> Within:
    """Return the call of a service that the running code is at work on."""
    return _WITHIN.get()


@contextmanager
def at_work_on(within: Within) -> Iterator[None]:
    """Have what is called in this block count as called for a call of a service."""
    token = _WITHIN.set(within)
    try:
        yield
    finally:
        _WITHIN.reset(token)


class Turns:
    """Lets so many coroutines of one event loop go on at a time, those within others first.

    Args:
        at_once: how many that are within no call of a service.
        wait_seconds: how long one that is within one waits.
    """

    def __init__(self, at_once: int = AT_ONCE, wait_seconds: float = WAIT_SECONDS) -> None:
        self._at_once = at_once
        self._wait_seconds = wait_seconds
        self._taken = 0
        self._arrivals = count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a turn, which lasts as long as this block.

        Raises:
            UsageError: none came, for what is within a call of a service.
        """
        within = led_by()
        rounds = min(within.level // 2, MOST_ROUNDS)
        if self._may(rounds) and not (self._waiting and -self._waiting[0][0] >= rounds):
            self._taken += 1
        else:
            await self._turn(rounds, self._wait_seconds if within.call else None)
        try:
            yield
        finally:
            self._taken -= 1
            self._pass_on()

    def _may(self, rounds: int) -> bool:
        return self._taken < self._at_once + rounds

    async def _turn(self, rounds: int, seconds: float | None) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (-rounds, next(self._arrivals), turn))
        try:
            async with asyncio.timeout(seconds):
                await turn
        except TimeoutError:
            self._give_up(turn)
            raise UsageError(
                f"a call within a call of a service gets no turn: {self._taken} calls to the host wait, and none of "
                f"them has ended for {seconds:g} s"
            ) from None
        except asyncio.CancelledError:
            self._give_up(turn)
            raise

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        if turn.cancelled() or not turn.done():
            turn.cancel()
            return
        self._taken -= 1  # it came at the same moment
        self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting and (self._waiting[0][2].done() or self._may(-self._waiting[0][0])):
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():
                self._taken += 1
                turn.set_result(None)
