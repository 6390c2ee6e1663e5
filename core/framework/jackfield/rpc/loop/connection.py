"""A connection driven by an event loop: many calls at once, answers in any order, and no thread.

The loop watches the socket and takes in what has come in portions, so that a flood on one connection leaves the others
and the rest of the program their turns. When the other side does not read, its requests are not read either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import monotonic, perf_counter_ns
from typing import Any

from jackfield.errors import CallTimeout, CannotCross, LinkClosed, ProtocolViolation
from jackfield.rpc.codec import CallCodec
from jackfield.rpc.framing import HEADER_BYTES
from jackfield.rpc.ledger import OpenCall
from jackfield.rpc.link import Link
from jackfield.rpc.loop.deadlines import Deadlines
from jackfield.rpc.loop.intake import Intake
from jackfield.rpc.loop.outbox import Outbox
from jackfield.rpc.loop.quick import QuickCalls
from jackfield.rpc.loop.tasks import Tasks
from jackfield.rpc.loop.waiter import Waiter
from jackfield.rpc.messages import (
    ANSWERS,
    ASKED,
    DECODING_ERRORS,
    REQUEST,
    Cancel,
    Goodbye,
    Hello,
    Message,
    Notification,
    Request,
    raw,
)
from jackfield.rpc.serving import Server
from jackfield.rpc.wire import FOREVER


class LoopConnection(QuickCalls):
    """Drives a link from the running event loop; all of its methods belong to the loop's thread.

    Args:
        link: the link; nothing else drives it meanwhile.

    Raises:
        RuntimeError: no event loop is running.
    """

    def __init__(self, link: Link) -> None:
        self._loop = asyncio.get_running_loop()
        intake = Intake(link, self._loop, self._take, self._is_held, self._end)
        super().__init__(link, intake, Outbox(link, self._loop, self._has_room))
        self._deadlines = Deadlines(link, self._loop, self._give_up)
        self._tasks = Tasks(self._loop)
        self._server = Server(link, self._send_answer, self._tasks.run)
        self._greeting: asyncio.Future[Hello] | None = None
        self._closed: asyncio.Future[None] = self._loop.create_future()
        link.on_end = self._ended
        self._intake.start()

    @property
    def ended(self) -> LinkClosed | None:
        """Why the connection has ended; None while it is alive."""
        return self._link.ended

    async def greet(self, details: Mapping[str, str] | None = None, *, timeout_seconds: float = 5.0) -> Hello:
        """Exchange greetings, the first thing that both sides do.

        Args:
            details: what the other side is told, e.g. a key.
            timeout_seconds: to wait for its greeting.

        Raises:
            CallTimeout: it did not greet in time.
            LinkClosed: it went away, speaks another protocol or another version of it.
        """
        self.send_hello(details)
        return await self.receive_hello(timeout_seconds=timeout_seconds)

    def send_hello(self, details: Mapping[str, str] | None = None) -> None:
        """Greet the other side; who is asked for a key greets first, who asks for it afterwards."""
        self._link.check()
        self._outbox.send(self._link.hello_of_ours(details or {}))

    async def receive_hello(self, *, timeout_seconds: float = 5.0) -> Hello:
        """Wait for the greeting of the other side; `close` is the answer to one that is not welcome.

        Raises:
            CallTimeout: it did not greet in time.
            LinkClosed: it went away, speaks another protocol or another version of it.
        """
        self._link.check()
        if self._link.hello is not None:
            return self._link.hello
        self._greeting = self._loop.create_future()
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._greeting
        except TimeoutError:
            raise CallTimeout(f"{self._link.peer} did not greet within {timeout_seconds:g} s") from None

    async def call_batch(
        self, method: str, many: Sequence[Mapping[str, Any]], codec: CallCodec, *, timeout_seconds: float | None = None
    ) -> list[Any]:
        """Call one method many times with one message in each direction.

        Returns:
            list: for each call its answer, or the error that it raised (not raised here).

        Raises:
            JackfieldError: as `call` does, where it concerns the whole batch.
        """
        if self._outbox.is_full:
            await self._outbox.room()
        self._link.check()
        began = perf_counter_ns()
        call = self._sent(*self._link.batch(method, list(many), codec, timeout_seconds))
        if self._intake.look_for(call):
            answers: list[Any] = call.result()
        else:
            answers = await self._wait(call)
            self._intake.answered_in(perf_counter_ns() - began)
        return answers

    def begin(
        self, method: str, arguments: Mapping[str, Any], codec: CallCodec, *, timeout_seconds: float | None = None
    ) -> OpenCall:
        """Send a call and do not wait: several processes are at work before the first answer is awaited.

        Raises:
            CannotCross: an argument is no data, or too large; nothing was sent.
            LinkClosed: the connection has ended.
        """
        link, ledger = self._link, self._link.ledger
        if link.ended is not None:
            link.check()
        ledger.last_number = number = ledger.last_number + 1
        milliseconds = link.milliseconds(timeout_seconds) if timeout_seconds else 0
        self._outbox.send((REQUEST, number, method, arguments, milliseconds))
        return self._noted(number, method, codec, timeout_seconds)

    async def finish(self, call: OpenCall) -> Any:
        """Wait for the answer to a call that was begun; its time runs while it is not awaited too.

        Raises:
            CallTimeout: its time is over.
            LinkClosed: the connection has ended.
            Exception: what the method raised.
        """
        if call.done or self.look(call):
            return call.result()
        return await self._wait(call)

    def look(self, call: OpenCall) -> bool:
        """Look whether a call that was begun is answered, which takes no turn of the loop where answers are quick."""
        body = self._intake.look(perf_counter_ns()) if call.count is None and not call.done else None
        if body is not None:
            try:
                _, number, answer = call.codec.response(body)
                if number == call.number:
                    del self._link.ledger.mine[number]
                    call.value, call.done = answer, True
                    return True
            except DECODING_ERRORS:
                pass  # another message, or another answer than was declared
            self._intake.leave(len(body) + HEADER_BYTES)
        return call.done

    async def _wait(self, call: OpenCall) -> Any:
        call.waiter = waiter = Waiter(call, self._loop)
        call.settled = waiter.go_on_soon
        try:
            await waiter
        except asyncio.CancelledError:
            self._give_up(call)
            raise
        return call.result()

    async def notify(self, method: str, arguments: Mapping[str, Any]) -> None:
        """Call a method of the other side and want no answer; waits only where the other side does not read.

        Raises:
            CannotCross: an argument is no data, or too large.
            LinkClosed: the connection has ended.
        """
        if self._outbox.is_full:
            await self._outbox.room()
        self._link.check()
        self._outbox.send(Notification(method, raw(arguments)))

    async def wait_closed(self) -> None:
        """Wait until the connection has ended, for whatever reason; `ended` tells which."""
        await asyncio.shield(self._closed)

    def close(self, reason: str = "it is not needed any more") -> None:
        """Say goodbye and end the connection; calls that are open fail with this reason."""
        self._end(LinkClosed(f"the connection to {self._link.peer} was closed: {reason}"))

    @property
    def waiting_bytes(self) -> int:
        """What waits to be sent; callers who can wait do, and nobody else may send meanwhile."""
        return self._outbox.waiting_bytes

    def pause(self) -> bool:
        """Receive nothing more, so that a thread which waits can drive the link while the loop does not run.

        Calls stay open, and whoever reads settles them.

        Returns:
            bool: False where something waits to be sent, or is at work for the other side, which needs the loop.
        """
        if self._outbox.waiting_bytes or self._tasks:
            return False
        self._intake.stop()
        return True

    def resume(self) -> None:
        """Receive again."""
        if self._link.ended is not None:
            return
        self._intake.start()
        self._deadlines.resume()

    def look_at_deadlines(self) -> None:
        """Note that deadlines of open calls are nearer than they were."""
        if self._link.ended is None:
            self._deadlines.resume()

    def release(self) -> Link:
        """Stop to drive the link and give it back alive, for another driver.

        Raises:
            RuntimeError: calls are open, or something waits to be sent.
        """
        if self._link.ledger.awaited or self._tasks or self._outbox.waiting_bytes:
            raise RuntimeError("the connection is in use")
        self._intake.stop()
        self._deadlines.stop()
        self._link.on_end = None
        return self._link

    def _noted(self, number: int, method: str, codec: CallCodec, timeout_seconds: float | None) -> OpenCall:
        """Note a call that has just been sent; nothing is received in between."""
        began = monotonic()
        deadline = began + timeout_seconds if timeout_seconds else FOREVER
        if deadline < self._deadlines.nearest:
            self._deadlines.watch(deadline)
        return self._link.ledger.note(number, method, codec, deadline, began)

    def _sent(self, call: OpenCall, message: object) -> OpenCall:
        try:
            self._outbox.send(message)
        except CannotCross:
            self._link.ledger.forget(call)
            raise
        if call.deadline < self._deadlines.nearest:
            self._deadlines.watch(call.deadline)
        return call

    def _give_up(self, call: OpenCall) -> None:
        if self._link.ended is not None or call.done:
            return
        try:
            self._link.ledger.abandon(call)
            self._outbox.send(Cancel(call.number))
        except ProtocolViolation as error:
            self._end(error)
        except LinkClosed:
            pass  # every call has been told

    def _send_answer(self, answer: object) -> None:
        if self._link.ended is not None:
            return
        self._outbox.send(answer)
        if self._outbox.is_full:
            self._intake.stop()

    def _is_held(self) -> bool:
        return self._outbox.is_full

    def _has_room(self) -> None:
        self._intake.start()

    def _take(self, message: Message) -> None:
        if isinstance(message, ANSWERS):
            self._link.ledger.settle(message)
        elif isinstance(message, Request):
            self._server.request(message)
        elif isinstance(message, ASKED):
            self._server.take(message)
        elif isinstance(message, Goodbye):
            self._link.part(message)
        else:
            hello = self._link.greeted(message)
            if self._greeting is not None and not self._greeting.done():
                self._greeting.set_result(hello)

    def _end(self, reason: LinkClosed) -> None:
        """Tell the other side why, if it can be told at once, and end the link."""
        if self._link.ended is None:
            if not self._outbox.waiting_bytes:
                with suppress(LinkClosed):
                    self._outbox.send(Goodbye(reason.message[:1000]))
            self._link.close(reason)

    def _ended(self) -> None:
        """Stop watching, before the socket is closed and its number used again."""
        self._intake.stop()
        self._outbox.stop()
        self._deadlines.stop()
        self._server.end()
        if self._greeting is not None and not self._greeting.done():
            self._greeting.set_exception(self._link.ended or LinkClosed("the connection has ended"))
        if not self._closed.done():
            self._closed.set_result(None)
