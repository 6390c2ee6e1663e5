"""Ctrl-C while a change is made: the first gives it up, and however often it comes, nothing is broken off halfway."""

import asyncio
import signal
import threading
from collections.abc import Coroutine
from types import FrameType
from typing import Any, TypeVar

from jackfield.cli.output import Output
from jackfield.cli.progress import ProgressLine

ResultT = TypeVar("ResultT")

STOPPING = "stopping: the step that runs is finished, and what was begun is cleared away"
"""Unpacking a large wheel is one step, and takes seconds."""


def run_change(work: Coroutine[Any, Any, ResultT], output: Output, progress: ProgressLine) -> ResultT:
    """Run a change to its end or, after Ctrl-C, until it is given up.

    `asyncio.run` breaks off at the second Ctrl-C whatever gives itself up, threads left at work.

    Args:
        work: the change; cancelled, it leaves everything as it was, or completes what cannot be left.
        output: says once that it stops to whoever presses Ctrl-C again and sees no progress.
        progress: the line on which it is said at once.

    Raises:
        KeyboardInterrupt: it was given up.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        return asyncio.run(work)
    presses = 0
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(work)

        def give_up() -> None:
            nonlocal presses
            presses += 1
            task.cancel()
            progress(STOPPING)
            if presses == 2 and not progress.shows:
                output.note(f"note: {STOPPING}")

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(give_up)  # a signal comes within anything, also within what would write this

        before = signal.signal(signal.SIGINT, on_signal)
        try:
            return runner.run(_awaited(task))
        except asyncio.CancelledError:
            if presses:
                raise KeyboardInterrupt from None
            raise
        finally:
            signal.signal(signal.SIGINT, before)


async def _awaited(task: "asyncio.Task[ResultT]") -> ResultT:
    return await task
