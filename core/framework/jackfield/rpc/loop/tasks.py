"""What runs asynchronously for the other side of one link, in its part of the event loop's time.

A request is read in a moment, and what it begins can keep the loop for much longer, a thousand times a second. So the
time of each step is counted, and after much of it what was not begun yet waits.
"""

from __future__ import annotations

import asyncio
import inspect
from time import monotonic
from typing import Any, Final

from jackfield.rpc.link import REST_AFTER_SECONDS, RESTS
from jackfield.rpc.replies import Reply
from jackfield.rpc.serving import Cancelled
from jackfield.rpc.steps import InSteps

LONGEST_REST_SECONDS: Final = 0.25
"""After one step: what takes longer is work of others that the request led to, and who asked has a time of its own."""


class Tasks:
    """Runs what served methods return to be awaited.

    Args:
        loop: the event loop.
    """

    __slots__ = ("_loop", "_rest_until", "_running")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._running: set[asyncio.Task[None]] = set()
        self._rest_until = 0.0

    def __bool__(self) -> bool:
        """Whether something runs."""
        return bool(self._running)

    def run(self, awaitable: Any, reply: Reply) -> None:
        """Await what a method returned; its outcome goes to the reply."""
        task = self._loop.create_task(self._run(awaitable, reply))
        self._running.add(task)

        def done(_: asyncio.Task[None]) -> None:
            self._running.discard(task)
            if inspect.iscoroutine(awaitable):
                awaitable.close()  # it never began, if the task was cancelled before its first step
            reply.fail(Cancelled("nobody waits for the answer any more"))  # unless it has answered

        task.add_done_callback(done)
        reply.on_cancel(task.cancel)

    async def _run(self, awaitable: Any, reply: Reply) -> None:
        while (rest := self._rest_until - monotonic()) > REST_AFTER_SECONDS:  # noqa: ASYNC110 (it is time that is waited for)
            await asyncio.sleep(rest)
        await InSteps(_answered(awaitable, reply), self._took)

    def _took(self, began: float) -> None:
        """Note that a step has ended, which began then."""
        now = monotonic()
        self._rest_until = max(self._rest_until, now) + min((now - began) * RESTS, LONGEST_REST_SECONDS)


async def _answered(awaitable: Any, reply: Reply) -> None:
    try:
        reply.give(await awaitable)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a method raises belongs to who called it
        reply.fail(error)
