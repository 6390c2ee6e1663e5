"""What is used all the time while something else changes: each use has a number, so that none is lost unnoticed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.support.waiting import until

AT_ONCE = 3


class Load:
    """Uses things in several ways, three times at once each, until it is told to stop. Made on the running event loop.

    Args:
        ways: names to what uses a thing with a number; it returns what went wrong, None if nothing did.

    Attributes:
        given: by way, how many numbers were given: those from 0 on.
        wrong: what went wrong, and what was raised.
    """

    def __init__(self, ways: Mapping[str, Callable[[int], Awaitable[Any]]]) -> None:
        self.given = dict.fromkeys(ways, 0)
        self.wrong: list[Any] = []
        self._over = False
        self._tasks = [asyncio.ensure_future(self._use(name, way)) for name, way in ways.items()]

    async def _use(self, name: str, way: Callable[[int], Awaitable[Any]]) -> None:
        while not self._over:
            numbers = range(self.given[name], self.given[name] + AT_ONCE)
            self.given[name] += AT_ONCE
            found = await asyncio.gather(*map(way, numbers), return_exceptions=True)
            self.wrong += [(name, one) for one in found if one is not None]
            await asyncio.sleep(0.001)

    async def more(self) -> None:
        """Wait until some more of each was used."""
        before = dict(self.given)
        await until(lambda: all(self.given[name] > before[name] + 9 for name in before), timeout_seconds=20)

    async def stop(self) -> None:
        """Use nothing more, and wait for what was used."""
        self._over = True
        await asyncio.gather(*self._tasks)
