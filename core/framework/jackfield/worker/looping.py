"""The plugin's event loop: one thread, started when the first asynchronous work comes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from concurrent.futures import Future
from typing import Any


class LoopThread:
    """Runs what is asynchronous beside the main thread, which reads and runs the rest.

    Args:
        plugin: whose it is; part of the thread's name.
    """

    def __init__(self, plugin: str) -> None:
        self._plugin = plugin
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def started(self) -> bool:
        """Whether anything asynchronous has come so far."""
        return self._loop is not None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop, running."""
        if self._loop is None:
            self._start()
        assert self._loop is not None  # noqa: S101 (started in the line above)
        return self._loop

    def submit(self, awaitable: Awaitable[Any]) -> Future[Any]:
        """Await something on the loop; the future is cancelled to cancel it."""
        return asyncio.run_coroutine_threadsafe(_awaited(awaitable), self.loop)

    def _start(self) -> None:
        with self._starting:
            if self._loop is not None:
                return
            loop = asyncio.new_event_loop()
            running = threading.Event()
            loop.call_soon(running.set)
            # A daemon: the process ends when its main thread has no host any more, whatever still runs here.
            threading.Thread(target=self._run, args=(loop,), name=f"{self._plugin}: event loop", daemon=True).start()
            running.wait()
            self._loop = loop

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
