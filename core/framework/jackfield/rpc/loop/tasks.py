"""What runs asynchronously for the other side of one link."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from jackfield.rpc.replies import Reply
from jackfield.rpc.serving import Cancelled


class Tasks:
    """Runs what served methods return to be awaited.

    Args:
        loop: the event loop.
    """

    __slots__ = ("_loop", "_running")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._running: set[asyncio.Task[None]] = set()

    def __bool__(self) -> bool:
        """Whether something runs."""
        return bool(self._running)

    def run(self, awaitable: Any, reply: Reply) -> None:
        """Await what a method returned; its outcome goes to the reply."""
        task = self._loop.create_task(_run(awaitable, reply))
        self._running.add(task)

        def done(_: asyncio.Task[None]) -> None:
            self._running.discard(task)
            if inspect.iscoroutine(awaitable):
                awaitable.close()  # it never began, if the task was cancelled before its first step
            reply.fail(Cancelled("nobody waits for the answer any more"))  # unless it has answered

        task.add_done_callback(done)
        reply.on_cancel(task.cancel)


async def _run(awaitable: Any, reply: Reply) -> None:
    try:
        reply.give(await awaitable)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a method raises belongs to who called it
        reply.fail(error)
