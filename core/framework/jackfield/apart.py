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
    doing = in_a_thread(partial(work, *arguments, **named))
    cancelled = await ended(doing)
    if cancelled is not None:
        doing.exception()  # nobody asks for it any more
        raise cancelled
    return doing.result()


def in_a_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    """Begin it. No task is made of it: a loop that ends cancels every task, and no thread ends by that."""
    return asyncio.get_running_loop().run_in_executor(None, partial(copy_context().run, work))


async def ended(running: asyncio.Future[T], halt: Callable[[], None] | None = None) -> asyncio.CancelledError | None:
    """Wait for the end of what runs in a thread, however often this is cancelled: Ctrl-C pressed twice does so twice.

    Args:
        running: what.
        halt: called at once where this is cancelled.

    Returns:
        the last time that it was cancelled; None where it was not.
    """
    cancelled = None
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError as error:
            cancelled = error
            if halt is not None:
                halt()
    return cancelled
