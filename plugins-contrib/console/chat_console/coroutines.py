"""The thread of asynchronous scripts: one event loop for all, which nothing of the console waits for."""

import asyncio
import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any

from chat_console.calls import ExecutorError
from chat_console.current import as_script

MOST_UNFINISHED = 1024
"""Coroutines of one script that have not ended; further ones are refused."""


class Coroutines:
    """An event loop on a thread of its own, started when it is first needed.

    Args:
        prepare: called first on its thread.
        on_failure: told of what ended a task of the loop that no script stands for.
    """

    def __init__(self, prepare: Callable[[], Any], on_failure: Callable[[BaseException], None]) -> None:
        self._prepare = prepare
        self._on_failure = on_failure
        self._guard = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._ended = False
        self._unfinished: Counter[int] = Counter()
        self._asked: float | None = None  # when the loop was asked whether it is there, and has not answered

    @property
    def is_here(self) -> bool:
        """Whether this is its thread."""
        return threading.current_thread() is self._thread

    @property
    def thread(self) -> int | None:
        """The number of its thread."""
        return self._thread.ident if self._thread is not None else None

    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop.

        Raises:
            ExecutorError: the console has ended.
        """
        with self._guard:
            if self._ended:
                raise ExecutorError("the console has ended: no coroutine is run")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._serve, args=(self._loop,), name="console: loop", daemon=True
                )
                self._thread.start()
            return self._loop

    def begin(
        self, coroutine: Coroutine[Any, Any, Any], script: Any, failed: Callable[[BaseException], None]
    ) -> "Future[Any]":
        """Run a coroutine; nobody waits for it.

        Args:
            coroutine: of a script.
            script: whose.
            failed: told of what it raised.

        Raises:
            ExecutorError: too many of that script have not ended, or the console has.
        """
        if self._unfinished[id(script)] >= MOST_UNFINISHED:
            coroutine.close()
            raise ExecutorError(f"{MOST_UNFINISHED} coroutines of it have not ended: no further one is begun")
        try:
            loop = self.loop()
        except ExecutorError:
            coroutine.close()
            raise
        self._unfinished[id(script)] += 1
        begun = asyncio.run_coroutine_threadsafe(_awaited(coroutine, script, failed), loop)
        begun.add_done_callback(lambda _: self._unfinished.subtract([id(script)]))
        return begun

    def blocked_seconds(self, now: float) -> float:
        """Return for how long the loop has not answered; ask it anew where it has."""
        with self._guard:
            loop = self._loop
            if loop is None or self._ended:
                return 0.0
            asked = self._asked  # the loop takes it away when it answers, at any time
            if asked is None:
                asked = self._asked = now
                with contextlib.suppress(RuntimeError):  # it was closed meanwhile
                    loop.call_soon_threadsafe(self._answered)
            return now - asked

    def stop(self, timeout_seconds: float) -> bool:
        """Cancel what runs, and end; False where it did not in time."""
        with self._guard:
            loop, thread, self._ended = self._loop, self._thread, True
        if loop is None or thread is None:
            return True
        end = time.monotonic() + timeout_seconds
        with contextlib.suppress(RuntimeError):
            asyncio.run_coroutine_threadsafe(_cancel_all(loop, timeout_seconds / 2), loop)
        thread.join(max(0.0, end - time.monotonic()))
        return not thread.is_alive()

    def _answered(self) -> None:
        self._asked = None

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        self._prepare()
        asyncio.set_event_loop(loop)
        while True:
            try:
                loop.run_forever()
            except BaseException as error:  # noqa: BLE001 (SystemExit in a task that a script began by itself)
                self._on_failure(error)
            if self._ended:
                break
        loop.close()


async def _awaited(coroutine: Coroutine[Any, Any, Any], script: Any, failed: Callable[[BaseException], None]) -> Any:
    with as_script(script):
        try:
            return await coroutine
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            failed(error)
            if isinstance(error, Exception):
                raise
            raise RuntimeError(f"a coroutine raised {type(error).__name__}") from error  # the loop would end of it


async def _cancel_all(loop: asyncio.AbstractEventLoop, grace_seconds: float) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=grace_seconds)
    loop.stop()
