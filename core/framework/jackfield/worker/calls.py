"""What a plugin asks of its host: awaited on the plugin's event loop, or waited for in any thread."""

from __future__ import annotations

import asyncio
import inspect
import socket
from collections.abc import Mapping
from concurrent.futures import Future
from functools import lru_cache
from time import monotonic
from typing import Any

from jackfield.rpc import BlockingConnection, CallCodec, Limits
from jackfield.runtime import Crossing
from jackfield.worker.looping import LoopThread
from jackfield.worker.turns import Turns

FROM_HOST = Limits(open_calls=100_000, held_bytes=1 << 40)
"""A plugin's side of a link: its host is trusted, and may have any number of commands and hooks run in it at once."""

WAIT_SECONDS = 30.0
"""How long a thread waits for the host before it is told that nothing came; a coroutine until it is cancelled."""


class HostCalls:
    """Calls methods of the host.

    Args:
        connection: to the host; the main thread reads it.
    """

    def __init__(self, connection: BlockingConnection) -> None:
        self._connection = connection
        self._turns = Turns()
        self._woken, self._wake = socket.socketpair()
        self._wake.setblocking(False)

    async def call(self, method: str, arguments: Mapping[str, Any], answer: Any = Any) -> Any:
        """Call a method and await its answer, on the plugin's event loop.

        Args:
            method: its name at the host, e.g. `storage.get`.
            arguments: by name; plain data, dataclasses or msgspec structs.
            answer: the type of what is answered.

        Raises:
            CannotCross: an argument is no data, or too large.
            LinkClosed: the host is gone.
            UsageError: within a call of a service, it did not get its turn.
            Exception: what the method raised.
        """
        async with self._turns.one():
            return await self._call(method, arguments, answer)

    async def _call(self, method: str, arguments: Mapping[str, Any], answer: Any) -> Any:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        call = self._connection.begin(method, arguments, codec_of(answer))

        def wake() -> None:
            if not waiter.done():
                waiter.set_result(None)

        # The main thread settles it. Whether it did so before this line is asked after it.
        call.settled = lambda _: loop.call_soon_threadsafe(wake)
        if not call.done:
            try:
                await waiter
            except asyncio.CancelledError:
                self._connection.give_up(call)
                raise
        return call.result()

    def call_now(
        self,
        method: str,
        arguments: Mapping[str, Any],
        answer: Any = Any,
        *,
        timeout_seconds: float = WAIT_SECONDS,
    ) -> Any:
        """Call a method and wait for its answer; the main thread serves what its host calls meanwhile.

        It blocks whoever calls, on the plugin's event loop too: for facets that are plain.

        Args:
            method: its name at the host.
            arguments: by name.
            answer: the type of what is answered.
            timeout_seconds: for all of it.

        Raises:
            CallTimeout: no answer within that time.
            Exception: as `call` does.
        """
        return self._connection.call(method, arguments, codec_of(answer), timeout_seconds=timeout_seconds)

    def notify(self, method: str, arguments: Mapping[str, Any]) -> None:
        """Tell the host something that needs no answer.

        Raises:
            CannotCross: an argument is no data, or too large.
            LinkClosed: the host is gone.
        """
        self._connection.notify(method, arguments)

    def wait_for(self, future: Future[Any], timeout_seconds: float = WAIT_SECONDS) -> Any:
        """Wait in this thread for work of another one, which may itself ask the host; return its result.

        Raises:
            TimeoutError: it took longer.
            Exception: what the work raised.
        """
        deadline = monotonic() + timeout_seconds
        future.add_done_callback(self._tell)
        self._connection.wait_for(future.done, self._woken, deadline)
        return future.result(max(0.0, deadline - monotonic()))

    def _tell(self, _: object) -> None:
        try:
            self._wake.send(b"\0")
        except OSError:
            return  # so many bytes wait that whoever reads them is on its way

    def close(self) -> None:
        """Let go of what is kept beside the connection."""
        self._woken.close()
        self._wake.close()


class HostCrossing(Crossing):
    """The way from any thread of the plugin to the plugin's own event loop, started when it is first needed.

    Args:
        plugin: named in errors.
        looping: the event loop.
        calls: through which the main thread reads while it waits.
    """

    def __init__(self, plugin: str, looping: LoopThread, calls: HostCalls) -> None:
        self.plugin = plugin
        self._looping = looping
        self._calls = calls

    @property
    def loop(self) -> asyncio.AbstractEventLoop:  # type: ignore[override]  # an attribute in the host, where it runs
        """The plugin's event loop."""
        return self._looping.loop

    def result_of(self, waited: Future[Any], seconds: float) -> Any:
        """Wait in this thread, and serve what the host calls meanwhile if nobody else does."""
        return self._calls.wait_for(waited, seconds)


@lru_cache(maxsize=512)
def codec_of(answer: Any) -> CallCodec:
    """Return what reads answers of one type."""
    return CallCodec(inspect.Signature(return_annotation=answer))
