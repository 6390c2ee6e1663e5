"""Waiting for a condition instead of for a time: the machine may be busy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


async def until(condition: Callable[[], Any], *, timeout_seconds: float = 30.0) -> Any:
    """Return what `condition` returns, as soon as it is true.

    Raises:
        TimeoutError: it was not true in time.
    """
    async with asyncio.timeout(timeout_seconds):
        while not (found := condition()):  # noqa: ASYNC110 (the condition may be another thread's or process's)
            await asyncio.sleep(0.005)
    return found
