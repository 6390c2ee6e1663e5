"""How much of one plugin is at other plugins' processes at a time: the rest waits for its turn in the host.

A process does one plain thing after the other, and has some seconds for each that it is asked. Who asks it for hundreds
at once would have it stopped for being late, though it answers each of them in a moment.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from jackfield.host.facets import Underway
from jackfield.host.remote.asking import asking

AT_ONCE: Final = 8

WITHIN: Final = 2
"""Events at once that are sent by who hears one, for each number of events that have led there."""

GIVEN_UP_SECONDS: Final = 5.0
"""How long what nobody waits for any more has its turn: a plain function goes on with it all the same."""


class Turns:
    """So many at a time, in the order in which they came.

    Args:
        most: that have their turn.
    """

    def __init__(self, most: int) -> None:
        self._turns = asyncio.Semaphore(most)

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Do within the block what it is the turn of; for who waits for it, its own time stands still."""
        waiting = asking.get()
        if waiting is not None:
            waiting.begin()
        try:
            await self._turns.acquire()
        finally:
            if waiting is not None:
                waiting.end()
        is_given_up = False
        try:
            yield
        except asyncio.CancelledError:
            is_given_up = True
            raise
        finally:
            if is_given_up:
                asyncio.get_running_loop().call_later(GIVEN_UP_SECONDS, self._turns.release)
            else:
                self._turns.release()


class TurnsOfCalls:
    """The turns of calls of services at one process.

    Args:
        underway: knows which call is being made.
    """

    def __init__(self, underway: Underway) -> None:
        self._underway = underway
        self._turns: dict[tuple[str, str], Turns] = {}

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Make a call within the block, when it is its turn."""
        edge = self._underway.turn_of_made()
        if edge is None:
            yield
            return
        async with self._turns.setdefault(edge, Turns(AT_ONCE)).taken():
            yield


class TurnsOfEvents:
    """The turns of the events that one plugin sends.

    An event that others have led to has its turn among those that as many have led to. So it never waits for one that
    waits for it: that has led to others, and they to more than this one has before it.
    """

    def __init__(self) -> None:
        self._turns: dict[int, Turns] = {}

    @asynccontextmanager
    async def taken(self, led_by: int) -> AsyncIterator[None]:
        """Send an event within the block, when it is its turn.

        Args:
            led_by: how many events have led to it.
        """
        async with self._turns.setdefault(led_by, Turns(WITHIN if led_by else AT_ONCE)).taken():
            yield
