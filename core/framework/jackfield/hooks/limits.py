"""What an awaited call knows of time and cancellation; asyncio is imported by programs that await, and by no other."""

import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pluggy


def limiting(
    limit: float,
    late: Callable[[pluggy.HookImpl, float | None], Exception],
    implementations: Sequence[pluggy.HookImpl],
    blame: Callable[[int, BaseException], None] | None,
) -> dict[str, Any]:
    """Return what holds implementations to their time, by the names that generated calls use.

    Args:
        limit: seconds that one may take.
        late: makes the error for one that took longer: the implementation, seconds it took (None: it was stopped).
        implementations: in the order they are called.
        blame: told of one that could not be stopped: its place and the error.
    """

    async def within(place: int, answer: Awaitable[object]) -> object:
        import asyncio  # only a program that awaits pays for it

        begun = time.perf_counter_ns()
        try:
            async with asyncio.timeout(limit) as scope:
                found = await answer
        except TimeoutError as expired:
            if scope.expired():
                raise late(implementations[place], None) from expired
            raise
        if (took := time.perf_counter_ns() - begun) > limit * 1e9:  # it did not let itself be cancelled
            overrun(place, took)
        return found

    def overrun(place: int, nanoseconds: int) -> None:
        if blame is not None:
            blame(place, late(implementations[place], nanoseconds / 1e9))

    return {"_jf_limit": limit * 1e9, "_jf_within": within, "_jf_overrun": overrun}


def cancelling() -> dict[str, Any]:
    """Return what tells a call that is cancelled from a plugin that raises `CancelledError` by itself."""
    import asyncio

    def is_ending() -> bool:
        task = asyncio.current_task()
        return task is None or task.cancelling() > 0

    return {"_jf_cancelled": asyncio.CancelledError, "_jf_is_ending": is_ending}


def skipped(*, awaits: bool) -> tuple[type[BaseException], ...]:
    """Return what a plugin may raise without ending a host that goes on without failing plugins.

    `sys.exit()` is a failure like any other. In a call that awaits nothing so is what cancels a task: its own would be
    cancelled while it waits, and here nothing waits.

    Args:
        awaits: whether the call awaits implementations.
    """
    if awaits:
        return (Exception, SystemExit)
    asyncio = sys.modules.get("asyncio")  # where nobody loaded it, nobody raises its errors
    cancelled = (asyncio.CancelledError,) if asyncio is not None else ()
    return (Exception, SystemExit, GeneratorExit, *cancelled)


def passing(*, awaits: bool) -> tuple[type[BaseException], ...]:
    """Return what passes through a host that goes on without failing plugins, for it may be no plugin's doing.

    Everything else that is raised and `skipped` does not name, a plugin's own kind of `BaseException`, is skipped too.

    Args:
        awaits: whether the call awaits implementations: it may be cancelled or closed where it waits.
    """
    if not awaits:
        return (KeyboardInterrupt,)
    import asyncio

    return (KeyboardInterrupt, GeneratorExit, asyncio.CancelledError)


def interrupts(error: BaseException) -> bool:
    """Say whether somebody wants to end the process: `KeyboardInterrupt`, by itself or in a group with other errors."""
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(KeyboardInterrupt) is not None
    return isinstance(error, KeyboardInterrupt)
