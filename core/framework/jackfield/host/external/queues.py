"""The connections of one plugin that have shown its key: they are looked at one after the other, and not too often."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final

MOST_WAITING: Final = 4
"""Of one plugin, connections that wait to be let in at the same time."""

BETWEEN_SECONDS: Final = 0.25
"""Between two that are looked at."""


class Queue:
    """Those of one plugin, in the order in which they came."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting = 0
        self._last = float("-inf")

    @property
    def is_full(self) -> bool:
        """Whether nobody else may wait."""
        return self._waiting >= MOST_WAITING

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Look at one of them within the block, when it is its turn."""
        self._waiting += 1
        try:
            async with self._lock:
                await asyncio.sleep(self._last + BETWEEN_SECONDS - monotonic())
                self._last = monotonic()
                yield
        finally:
            self._waiting -= 1
