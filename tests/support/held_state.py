"""Another process that writes the state log for long, and an event loop that must not notice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from jackfield.locks import locked

LONG_SECONDS = 2.0
"""For which a loop does not stand still where nothing holds it up; who waits for the log does so for ten."""


@asynccontextmanager
async def held_state(folder: Path) -> AsyncIterator[None]:
    """Hold the state log for a block, in which the event loop goes on.

    Args:
        folder: where it lies.
    """
    async with going_on():
        with locked(folder / "lock", 1.0):
            yield


@asynccontextmanager
async def going_on() -> AsyncIterator[None]:
    """Have the event loop go on all the time within a block."""
    loop, longest = asyncio.get_running_loop(), 0.0

    async def look() -> None:
        nonlocal longest
        while True:
            began = loop.time()
            await asyncio.sleep(0.01)
            longest = max(longest, loop.time() - began)

    looking = loop.create_task(look())
    try:
        yield
        await asyncio.sleep(0.02)
    finally:
        looking.cancel()
    assert longest < LONG_SECONDS, f"the event loop stood still for {longest:.1f} s"
