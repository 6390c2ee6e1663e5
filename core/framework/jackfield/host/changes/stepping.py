"""A coroutine run from plain code: to its end where it need not wait, else as far as it comes and on in a task."""

import asyncio
from collections.abc import Coroutine, Generator
from contextvars import copy_context
from functools import partial
from types import coroutine
from typing import Any


def run_now(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None] | None":
    """Run a coroutine on the event loop's thread without awaiting it.

    What of it belongs to the caller's task (`asyncio.timeout`, `current_task`) must not be used before its first wait.

    Args:
        work: what to run; in a copy of the caller's context variables.

    Returns:
        None where it came to its end; else the task in which it goes on, as soon as what it waits for is there.

    Raises:
        Exception: what it raised before it had to wait.
    """
    variables = copy_context()
    try:
        waits_for = variables.run(work.send, None)
    except StopIteration:
        return None
    return asyncio.get_running_loop().create_task(_rest_of(work, waits_for), context=variables)


@coroutine
def _rest_of(work: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    while True:
        try:
            answer = yield waits_for
        except BaseException as error:  # noqa: BLE001 (handed on: cancelling, above all)
            step = partial(work.throw, error)
        else:
            step = partial(work.send, answer)
        try:
            waits_for = step()
        except StopIteration:
            return
