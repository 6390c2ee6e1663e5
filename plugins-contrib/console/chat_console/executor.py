"""The one thread on which scripts are called, in order, in the console's folder."""

import asyncio
import ctypes
import inspect
import os
import queue
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from chat_console.current import as_script, current_script

_CLONE_FS = 0x00000200  # linux/sched.h: whether threads share the working directory


class Executor:
    """A thread with a queue.

    Scripts name their files relative to the folder that the console runs in. On Linux the thread, and each that it
    starts, has a working directory of its own; elsewhere the application's stays as it is.

    Args:
        folder: that directory.
        on_failure: told of what a task raised.
    """

    def __init__(self, folder: Path, on_failure: Callable[[BaseException], None]) -> None:
        self._folder = folder
        self._on_failure = on_failure
        self._tasks: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="console: scripts", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._coroutines: threading.Thread | None = None
        self.in_folder = False

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_seconds: float) -> bool:
        """End after what is queued; False where it did not in time."""
        self._tasks.put(None)
        self._thread.join(timeout_seconds)
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)
        return not self._thread.is_alive()

    @property
    def is_here(self) -> bool:
        """Whether this is its thread."""
        return threading.current_thread() is self._thread

    def submit(self, task: Callable[[], Any]) -> "Future[Any]":
        """Have a function called in its turn."""
        future: Future[Any] = Future()
        self._tasks.put((task, future))
        return future

    def run(self, task: Callable[[], Any]) -> Any:
        """Call a function on the thread and return what it returns; at once where this is the thread.

        Raises:
            RuntimeError: this is the thread of coroutines: each would wait for the other without end.
        """
        if self.is_here:
            return task()
        if threading.current_thread() is self._coroutines:
            raise RuntimeError("a coroutine would wait for itself: call it from a function of its own, by @new_thread")
        return self.submit(task).result()

    def finish(self, result: Any) -> Any:
        """Return a result; of a coroutine, what it returns."""
        if not inspect.iscoroutine(result):
            return result
        return asyncio.run_coroutine_threadsafe(_awaited(result, current_script()), self.loop()).result()

    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop of asynchronous scripts, on a thread of its own; started when first needed."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            served = threading.Thread(target=self._serve, args=(self._loop,), name="console: loop", daemon=True)
            self._coroutines = served
            served.start()
        return self._loop

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        loop.close()

    def _run(self) -> None:
        self.in_folder = _move_to(self._folder)
        while (taken := self._tasks.get()) is not None:
            task, future = taken
            if not future.set_running_or_notify_cancel():  # from here on nobody can cancel it, and so no end is refused
                continue
            try:
                future.set_result(task())
            except BaseException as error:  # noqa: BLE001 (a script may raise anything; the thread lives on)
                self._on_failure(error)
                future.set_exception(error)


async def _awaited(coroutine: Coroutine[Any, Any, Any], script: Any) -> Any:
    with as_script(script):
        return await coroutine


def _move_to(folder: Path) -> bool:
    """Give this thread a working directory of its own; False where the system does not know such a thing."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        unshare = ctypes.CDLL(None, use_errno=True).unshare
    except (AttributeError, OSError, TypeError):
        return False
    if unshare(_CLONE_FS) != 0:
        return False
    os.chdir(folder)
    return True
