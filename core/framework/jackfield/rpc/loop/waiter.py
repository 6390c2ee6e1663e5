"""What a task that waits for one answer stands still at, and how it goes on."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any

from jackfield.rpc.ledger import OpenCall


class Waiter:
    """Stands for the answer to a call where a task awaits it.

    To a task it is a future: it has what `asyncio.isfuture` looks for and what a task asks of one. A future wakes its
    task by way of the loop, which costs a turn of it with a system call, about as much as the whole call. Who reads the
    answer is itself called by the loop and in no task's step, and so may let the task go on at once.

    Args:
        call: what is waited for.
        loop: on which.
    """

    __slots__ = ("_asyncio_future_blocking", "_call", "_cancelled", "_context", "_loop", "_wakeup")

    def __init__(self, call: OpenCall, loop: AbstractEventLoop) -> None:
        self._asyncio_future_blocking = False
        self._call = call
        self._loop = loop
        self._wakeup: Callable[[Any], object] | None = None
        self._context: Context | None = None
        self._cancelled = False

    def __await__(self) -> Generator[Waiter, None, None]:
        if not self._call.done:
            self._asyncio_future_blocking = True
            yield self

    def go_on(self) -> None:
        """Let the task go on now, from a callback of the loop that is no step of a task."""
        wakeup, self._wakeup = self._wakeup, None
        if wakeup is not None and self._context is not None:
            self._context.run(wakeup, self)

    def go_on_soon(self, _: object = None) -> None:
        """Let the task go on in a turn of the loop."""
        wakeup, self._wakeup = self._wakeup, None
        if wakeup is not None:
            self._loop.call_soon(wakeup, self, context=self._context)

    # What a task asks of a future

    def get_loop(self) -> AbstractEventLoop:
        """The loop of the task."""
        return self._loop

    def add_done_callback(self, wakeup: Callable[[Any], object], *, context: Context | None = None) -> None:
        """Take what lets the task go on."""
        self._wakeup, self._context = wakeup, context
        if self._call.done:
            self.go_on_soon()

    def cancel(self, msg: object = None) -> bool:  # the task knows why
        """Let the task go on with a cancellation; False where it goes on already."""
        if self._wakeup is None:
            return False
        self._cancelled = True
        self.go_on_soon()
        return True

    def result(self) -> None:
        """Return when the call is answered.

        Raises:
            CancelledError: the task was cancelled before.
        """
        if self._cancelled:
            raise asyncio.CancelledError
