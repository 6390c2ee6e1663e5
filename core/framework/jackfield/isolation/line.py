"""The way to a plugin's process: awaited on the host's event loop, or waited for by whoever calls a hook without one.

While the loop runs, a `LoopConnection` drives the link. A synchronous call in the loop's own thread while the loop does
not run, as between two `run_until_complete`, takes the link over by waiting, which costs a fifth of a turn of the loop;
it goes back when the loop runs again, or when something that the plugin asks for has to be awaited.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from functools import lru_cache, partial
from time import monotonic
from typing import Any

from jackfield.errors import CallTimeout, LinkClosed, PluginError, UsageError
from jackfield.hooks import this_thread
from jackfield.isolation.own_time import OwnTime
from jackfield.rpc import BlockingConnection, CallCodec, Link, OpenCall, Served
from jackfield.rpc.loop import LoopConnection

QUIET_SECONDS = 0.002
"""How often it is looked whether a line is quiet."""

LOOK_SECONDS = 0.25
"""How often it is looked, while the loop runs for a plugin that is waited for, whether the wait is over."""

#: A call that somebody will wait for: over the link itself, or by way of the loop.
Waited = OpenCall | Future[Any]


class Line:
    """One plugin's link, for callers that await and for callers that wait. Made on the running event loop.

    Args:
        link: to the plugin's process.
        plugin: whose it is.
        call_seconds: what a call may take that says nothing else.

    Attributes:
        is_here: tells whether it is called in the loop's thread.
        is_taken: whether whoever waits drives the link, or did last.
        own_time: of the calls to the plugin.
        taken_down: why the host ends it, where nobody is to blame for that, in words before "meanwhile"; else empty.
        held: makes the function that calls one method again and again, while this thread drives the link by waiting.
        quick: makes the same for calls on the running loop.
    """

    def __init__(self, link: Link, *, plugin: str, call_seconds: float = 5.0) -> None:
        self.plugin = plugin
        self.call_seconds = call_seconds
        self._link = link
        self._loop = asyncio.get_running_loop()
        self.is_here = this_thread()
        self._serve = link.serve
        self._connection = LoopConnection(link)
        self._blocking = BlockingConnection(link)
        self.is_taken = False
        self.held = self._blocking.held
        self.quick = self._connection.quick
        self._returning = False
        self.taken_down = ""
        self._served_now: dict[str, tuple[Served, Served]] = {}  # as it is served, and as it is to who waits
        self.own_time = OwnTime(link.ledger.mine, self._connection.look_at_deadlines)

    @property
    def ended(self) -> LinkClosed | None:
        """Why the link has ended; None while it is alive."""
        return self._link.ended

    async def greet(self, *, timeout_seconds: float = 5.0) -> None:
        """Exchange greetings, the first thing on a link.

        Raises:
            CallTimeout: the other side did not greet in time.
            LinkClosed: it went away, or speaks another protocol.
        """
        await self._connection.greet(timeout_seconds=timeout_seconds)

    async def call(
        self, method: str, arguments: Mapping[str, Any], answer: Any = Any, *, timeout_seconds: float | None = None
    ) -> Any:
        """Call a method of the plugin.

        Args:
            method: its name, e.g. `handler.render`.
            arguments: by name; plain data, dataclasses or msgspec structs.
            answer: the type of what is answered.
            timeout_seconds: for all of it; None: `call_seconds`.

        Raises:
            CannotCross: an argument is no data, or too large; nothing was sent.
            CallTimeout: no answer in time.
            LinkClosed: the plugin's process is gone.
            Exception: what the method raised.
        """
        self._give_back()
        codec = codec_of(answer)
        return await self._connection.call(
            method, arguments, codec, timeout_seconds=timeout_seconds or self.call_seconds
        )

    def call_batch(
        self, method: str, many: Sequence[Mapping[str, Any]], codec: CallCodec, timeout_seconds: float
    ) -> Coroutine[Any, Any, list[Any]]:
        """Return the coroutine that calls one method many times with one message; to be awaited at once.

        A call that raised is answered by its error, in a `WithErrors`.
        """
        if self.is_taken:
            self._give_back()
        return self._connection.call_batch(method, many, codec, timeout_seconds=timeout_seconds)

    def begin(
        self, method: str, arguments: Mapping[str, Any], codec: CallCodec, timeout_seconds: float
    ) -> OpenCall | None:
        """Send a call, on the loop's thread while it runs, to be awaited by `finish`.

        Returns:
            OpenCall | None: None where so much waits to be sent that whoever can wait should; nothing was sent.
        """
        if self.is_taken:
            self._give_back()
        if self._connection.waiting_bytes:
            return None
        return self._connection.begin(method, arguments, codec, timeout_seconds=timeout_seconds)

    def look(self, call: OpenCall) -> bool:
        """Look whether a call that was begun is answered, before it is awaited."""
        return self._connection.look(call)

    def finish(self, call: OpenCall) -> Coroutine[Any, Any, Any]:
        """Return what is awaited for the answer to a call that was begun."""
        return self._connection.finish(call)

    def call_coded(
        self, method: str, arguments: Mapping[str, Any], codec: CallCodec, timeout_seconds: float
    ) -> Coroutine[Any, Any, Any]:
        """Return the coroutine that calls a method whose codec is known; to be awaited at once."""
        if self.is_taken:
            self._give_back()
        return self._connection.call(method, arguments, codec, timeout_seconds=timeout_seconds)

    def call_now(self, method: str, arguments: Mapping[str, Any], codec: CallCodec, timeout_seconds: float) -> Any:
        """Call a method and wait for its answer, in any thread but that of a loop that runs.

        Raises:
            UsageError: this is the thread of the loop, which runs and would stand still.
            PluginError: the loop has stopped, and this is not its thread.
            Exception: as `call` does.
        """
        if self._is_taken_here() or self._may_take():
            return self._blocking.call(method, arguments, codec, timeout_seconds=timeout_seconds)
        return self.finish_now(self.begin_now(method, arguments, codec, timeout_seconds))

    def begin_now(self, method: str, arguments: Mapping[str, Any], codec: CallCodec, timeout_seconds: float) -> Waited:
        """Send a call that is waited for by `finish_now`, in the same thread.

        Raises:
            Exception: as `call_now` does.
        """
        if self._is_taken_here() or self._may_take():
            return self._blocking.begin(method, arguments, codec, timeout_seconds=timeout_seconds)
        return self.begin_on_loop(method, partial(self._on_loop, method, arguments, codec, timeout_seconds))

    def begin_on_loop(self, method: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> Waited:
        """Begin what calls a method as whoever awaits does, for who waits for it by `finish_now` in the same thread.

        Args:
            method: its name.
            work: made here and run by the loop, in the context of this thread.

        Raises:
            UsageError, PluginError: as `call_now` does.
            Exception: what the work raises, where it is over at once.
        """
        self.require_elsewhere(method)
        if self._loop.is_running():
            return asyncio.run_coroutine_threadsafe(work(), self._loop)
        done: Future[Any] = Future()
        done.set_result(self._loop.run_until_complete(work()))
        return done

    def finish_now(self, call: Waited) -> Any:
        """Wait for a call that was begun."""
        if isinstance(call, Future):
            return call.result()
        if call.done or self._is_taken_here() or self._may_take():
            return self._blocking.finish(call)
        return self._loop.run_until_complete(self._connection.finish(call))

    async def until_quiet(self, methods: tuple[str, ...], seconds: float) -> None:
        """Wait until no call of a method that begins so waits for its answer, or until the time is over.

        Args:
            methods: the beginnings of the methods, e.g. `hook.`.
            seconds: the longest to wait.
        """
        quiet = 0
        for _ in range(round(seconds / QUIET_SECONDS)):
            waits = any(call.method.startswith(methods) for call in self._link.ledger.mine.values())
            quiet = 0 if waits else quiet + 1
            if quiet > 1:  # one that was to be sent at the first look has been by the second
                return
            await asyncio.sleep(QUIET_SECONDS)

    def close(self, reason: str = "it is not needed any more") -> None:
        """Say goodbye and end the link; on the loop's thread."""
        self._connection.close(reason)

    async def wait_closed(self) -> None:
        """Wait until the link has ended, for whatever reason."""
        await self._connection.wait_closed()

    # Who drives the link

    def _is_taken_here(self) -> bool:
        """Whether this thread drives the link already, as in a row of calls while the loop does not run."""
        return self._blocking.is_held and self.is_here() and not self._loop.is_running()

    def _may_take(self) -> bool:
        """Let this thread drive the link, if it is the loop's and the loop does not run."""
        if self._loop.is_running() or not self.is_here():
            return False
        if not self.is_taken:
            if not self._connection.pause():
                return False
            self.is_taken = True
            self._link.serve = self._serve_now
        if not self._returning and not self._loop.is_closed():
            self._returning = True
            self._loop.call_soon(self._loop_runs)
        if self._returning:
            self._blocking.is_held = True
        return True

    def _loop_runs(self) -> None:
        self._returning = False
        self._give_back()

    def _give_back(self) -> None:
        if self.is_taken:
            self.is_taken = False
            self._blocking.is_held = False
            self._link.serve = self._serve
            self._connection.resume()

    def _serve_now(self, method: str) -> Served | None:
        served = self._serve(method)
        if served is None or served.deferred:
            return served
        known = self._served_now.get(method)
        if known is None or known[0] is not served:
            now = Served(partial(self._run_now, served.function), served.codec)
            known = self._served_now[method] = served, now
        return known[1]

    def _run_now(self, function: Callable[..., Any], **arguments: Any) -> Any:
        """Run what the plugin calls while somebody waits for it; where it has to be awaited, the loop runs.

        Raises:
            CallTimeout: whoever waits has waited for long enough; a batch asks for thousands of calls at once.
        """
        call = self._blocking.read_for
        if call is not None and call.deadline < monotonic():
            raise _nobody_waits(call)
        value = function(**arguments)
        if not inspect.isawaitable(value):
            return value
        self._give_back()
        try:
            return self._loop.run_until_complete(self._awaited(value, call))
        finally:
            # What waits to be sent has to leave first, and what the plugin asked for besides has to be answered. All
            # the while the loop reads, so that it may be the one that gets the answers for which somebody waits here.
            while not self._may_take() and (self._link.ledger.awaited or self._connection.waiting_bytes):
                self._loop.run_until_complete(asyncio.sleep(0.001))

    async def _awaited(self, value: Awaitable[Any], call: OpenCall | None) -> Any:
        """Await what a plugin asked for as long as somebody waits for the call within which it did.

        Else one that asks for what never comes keeps who called it for good.
        """
        if call is None:
            return await value
        task = asyncio.ensure_future(value)
        while (left := call.deadline - monotonic()) > 0 and self._link.ended is None:
            if (await asyncio.wait((task,), timeout=min(left, LOOK_SECONDS)))[0]:
                return task.result()
        task.cancel()
        task.add_done_callback(lambda _: task.cancelled() or task.exception())  # nobody is there to be told
        self._link.check()
        raise _nobody_waits(call)

    async def _on_loop(
        self, method: str, arguments: Mapping[str, Any], codec: CallCodec, timeout_seconds: float
    ) -> Any:
        """The same as `call_coded`, of which nothing happens before the loop runs it."""
        return await self.call_coded(method, arguments, codec, timeout_seconds)

    def require_elsewhere(self, method: str) -> None:
        """Return if this thread may wait for the answer to a method.

        Raises:
            UsageError: it is that of the loop, which runs.
            PluginError: the loop does not run, and this is not its thread.
        """
        here = self.is_here()
        if here and self._loop.is_running():
            name = method.removeprefix("hook.")
            raise UsageError(
                f"{name} was called synchronously on the event loop's thread, and {self.plugin} implements it in "
                "another process: the loop would stand still",
                plugin=self.plugin,
                hint=f"await host.call.{name}(...)",
            )
        if not here and not self._loop.is_running():
            raise PluginError(f"{self.plugin} cannot be called: the event loop of its host does not run")


def _nobody_waits(call: OpenCall) -> CallTimeout:
    return CallTimeout(f"nobody waits any more for {call.method}, within which this was asked for")


@lru_cache(maxsize=512)
def codec_of(answer: Any) -> CallCodec:
    """Return what reads answers of one type, for calls whose arguments are not read here."""
    return CallCodec(inspect.Signature(return_annotation=answer))
