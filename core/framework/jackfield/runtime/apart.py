"""What waits for the disk or for another process, done beside the event loop and never left half way."""

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def done_apart(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Do in a thread what has to come to its end, and return what it returns.

    Whoever is cancelled meanwhile is so once it has: as `asyncio.to_thread` would have it, a change of what a profile
    keeps would be made behind the back of who believes that it was broken off, also after the host has stopped.

    Args:
        work: ends within a bound of its own.
        arguments: for it.
        named: for it.

    Raises:
        Exception: what the work raises.
    """
    run = partial(copy_context().run, partial(work, *arguments, **named))
    doing = asyncio.get_running_loop().run_in_executor(None, run)
    cancelled: asyncio.CancelledError | None = None
    while not doing.done():
        try:
            await asyncio.wait({doing})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        doing.exception()  # nobody asks for it any more
        raise cancelled
    return doing.result()
