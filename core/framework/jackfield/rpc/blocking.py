"""A connection whose caller waits: the child's main thread, and a host without an event loop.

Whoever waits for an answer reads the socket, and runs what the other side calls in the meantime: so a worker can call
back while its host waits, and the host again, and nobody waits for the other in a circle. Of several threads that wait,
one reads for all. While a message does not leave because the other side is sending too, what comes is taken in.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, NoReturn

from jackfield.errors import CallTimeout, CannotCross, LinkClosed, ProtocolViolation
from jackfield.rpc.calling import ExpressCalls
from jackfield.rpc.codec import CallCodec
from jackfield.rpc.express import ExpressWire
from jackfield.rpc.ledger import OpenCall
from jackfield.rpc.link import Link
from jackfield.rpc.messages import (
    ANSWERS,
    ASKED,
    DECODING_ERRORS,
    Cancel,
    Goodbye,
    Hello,
    Message,
    Notification,
    Request,
    raw,
)
from jackfield.rpc.serving import Server
from jackfield.rpc.turns import Turn
from jackfield.rpc.waiting import wait_beside
from jackfield.rpc.wire import FOREVER, ReceiveTimeout

STOPPED = "its program was stopped"
"""What the other side is told where Ctrl-C or the like ends what serves it."""
SENDING_SECONDS = 1.0
"""How long it is waited for another thread that sends, to tell that."""


class BlockingConnection(ExpressCalls):
    """Drives a link by waiting. Its methods may be called from any thread.

    Args:
        link: the link; nothing else drives it meanwhile.

    Attributes:
        read_for: the call that the reading thread waits for, while it runs what the other side calls.
    """

    def __init__(self, link: Link) -> None:
        turn = Turn()
        super().__init__(link, turn, ExpressWire(link, turn))
        self._server = Server(link, self._wire.answer)
        self.read_for: OpenCall | None = None
        self._deadline = FOREVER  # of the calls that the reading thread waits for, the nearest

    @property
    def ended(self) -> LinkClosed | None:
        """Why the connection has ended; None while it is alive."""
        return self._link.ended

    def greet(self, details: Mapping[str, str] | None = None, *, timeout_seconds: float = 5.0) -> Hello:
        """Exchange greetings, the first thing that both sides do.

        Args:
            details: what the other side is told, e.g. a key.
            timeout_seconds: to wait for its greeting.

        Raises:
            CallTimeout: it did not greet in time.
            LinkClosed: it went away, speaks another protocol or another version of it.
        """
        self.send_hello(details)
        return self.receive_hello(timeout_seconds=timeout_seconds)

    def send_hello(self, details: Mapping[str, str] | None = None) -> None:
        """Greet the other side; who is asked for a key greets first, who asks for it afterwards."""
        self._send(self._link.hello_of_ours(details or {}))

    def receive_hello(self, *, timeout_seconds: float = 5.0) -> Hello:
        """Read the greeting of the other side; `close` is the answer to one that is not welcome.

        Raises:
            CallTimeout: it did not greet in time.
            LinkClosed: it went away, speaks another protocol or another version of it.
        """
        try:
            message = self._wire.receive(monotonic() + timeout_seconds)
        except ReceiveTimeout:
            raise CallTimeout(f"{self._link.peer} did not greet within {timeout_seconds:g} s") from None
        if isinstance(message, Goodbye):
            self._part(message)
        try:
            return self._link.greeted(message)
        except ProtocolViolation as error:
            self._wire.refuse(error)

    def call_batch(
        self, method: str, many: Sequence[Mapping[str, Any]], codec: CallCodec, *, timeout_seconds: float | None = None
    ) -> list[Any]:
        """Call one method many times with one message in each direction.

        Returns:
            list: for each call its answer, or the error that it raised (not raised here).

        Raises:
            JackfieldError: as `call` does, where it concerns the whole batch.
        """
        link = self._link
        link.check()
        with self._wire.sending:
            call, message = link.batch(method, list(many), codec, timeout_seconds)
            self._dispatch(call, message)
        answers: list[Any] = self.finish(call)
        return answers

    def begin(
        self, method: str, arguments: Mapping[str, Any], codec: CallCodec, *, timeout_seconds: float | None = None
    ) -> OpenCall:
        """Send a call and do not wait: several processes are at work before the first answer is read.

        Raises:
            CannotCross: an argument is no data, or too large; nothing was sent.
            LinkClosed: the connection has ended.
        """
        self._link.check()
        deadline = monotonic() + timeout_seconds if timeout_seconds else FOREVER
        call = OpenCall(0, method, codec, None, deadline)
        self._wire.ask(method, arguments, timeout_seconds, deadline, call)
        return call

    def finish(self, call: OpenCall) -> Any:
        """Wait for the answer to a call that was begun.

        Raises:
            CallTimeout: its time is over.
            LinkClosed: the connection has ended.
            Exception: what the method raised.
        """
        if call.done:
            return call.result()
        turn, reads = self._turn, True
        try:
            turn.free.pop()
        except IndexError:
            reads = False
        if not reads:
            return self._await(call)
        try:
            body = self._wire.body_until(call.deadline) if call.count is None and not call.done else None
            if body is not None:
                try:
                    _, answered, answer = call.codec.response(body)
                    if answered == call.number:
                        del self._link.ledger.mine[answered]
                        call.value, call.done = answer, True
                        return answer
                except DECODING_ERRORS:
                    pass  # another message, or another answer than was declared
            turn.mark()
            return self._read_on(call, body)
        finally:
            turn.leave()

    def wait_for(self, done: Callable[[], bool], woken: socket.socket, deadline: float = FOREVER) -> bool:
        """Wait for something in this process, and run what the other side calls meanwhile.

        A thread that reads and waits for another thread, which waits for an answer, would wait for ever otherwise.

        Args:
            done: whether it is there.
            woken: receives a byte when `done` is to be asked again.
            deadline: when to give up, in seconds of `time.monotonic()`.

        Returns:
            bool: False at once where another thread reads, and this one may wait as it likes.

        Raises:
            LinkClosed: the connection has ended.
        """
        turn = self._turn
        mine = turn.is_mine
        if not mine and not turn.take_if_free():
            return False
        try:
            wait_beside(self._link, self._wire, self._take, done, woken, deadline)
        finally:
            if not mine:
                turn.leave()
        return True

    def notify(self, method: str, arguments: Mapping[str, Any]) -> None:
        """Call a method of the other side and want no answer.

        Raises:
            CannotCross: an argument is no data, or too large.
            LinkClosed: the connection has ended.
        """
        self._send(Notification(method, raw(arguments)))

    def serve(self) -> None:
        """Read and run what the other side calls until it goes away; that is the life of a worker's main thread.

        Raises:
            LinkClosed: the connection was ended for a reason; none if the other side just went away.
            KeyboardInterrupt, SystemExit: the program was stopped; the other side was told.
        """
        self._turn.take(lambda: False, FOREVER)
        try:
            while True:
                message = self._wire.serve(self._server)
                self._take(message or self._wire.receive(FOREVER))
        except LinkClosed:
            if not self._link.went_away:
                raise
        except (KeyboardInterrupt, SystemExit):
            # Before what is open is broken off, so that who waits for that is told why.
            self.close(STOPPED, wait_seconds=SENDING_SECONDS)
            raise
        finally:
            self._turn.leave()
            self._server.end()

    def close(self, reason: str = "it is not needed any more", *, wait_seconds: float = 0.0) -> None:
        """Say goodbye and end the connection; calls that are open fail with this reason.

        Args:
            reason: why.
            wait_seconds: how long another thread may take that sends at the moment; else nothing is said.
        """
        ended = LinkClosed(f"the connection to {self._link.peer} was closed: {reason}")
        self._wire.end(ended, wait_seconds=wait_seconds)
        self._server.end()

    def _await(self, call: OpenCall) -> Any:
        """Wait where another thread reads, or this one further up its stack."""
        if self._turn.is_mine:  # called by what the other side called
            return self._read_on(call, None)
        try:
            taken = self._turn.take(lambda: call.done, call.deadline)
        except TimeoutError:
            self._late(call)
        if not taken:
            return call.result()
        try:
            return self._read_on(call, None)
        finally:
            self._turn.leave()

    def _read_until(self, call: OpenCall, first: Message | None = None) -> None:
        """Read; a call within a call has no more time than the outer one."""
        outer, outer_call = self._deadline, self.read_for
        self._deadline = deadline = min(outer, call.deadline)
        self.read_for = call
        try:
            while True:
                self._take(first or self._wire.receive(deadline))
                first = None
                if call.done:
                    return
                deadline = min(outer, call.deadline)  # what ran meanwhile may have moved it on
                if deadline != FOREVER and monotonic() > deadline:  # each message was in time, all of them are not
                    raise ReceiveTimeout
        finally:
            self._deadline, self.read_for = outer, outer_call

    def _take(self, message: Message) -> None:
        try:
            if isinstance(message, Request):  # the two most frequent first
                self._server.request(message)
            elif isinstance(message, ANSWERS):
                self._link.ledger.settle(message)
                self._turn.wake()
            elif isinstance(message, ASKED):
                self._server.take(message)
            elif isinstance(message, Goodbye):
                self._part(message)
            else:
                self._link.greeted(message)  # refuses a second one
        except ProtocolViolation as error:
            self._wire.refuse(error)

    def _part(self, goodbye: Goodbye) -> None:
        self._link.part(goodbye)
        self._turn.wake()
        self._link.check()

    def _read_on(self, call: OpenCall, body: memoryview | None) -> Any:
        """Go on to wait for a call, when what came first was not its answer; `body` is of that message."""
        try:
            if body is not None or not call.done:
                self._read_until(call, None if body is None else self._wire.read(body))
        except ReceiveTimeout:
            self._late(call)
        return call.result()

    def _late(self, call: OpenCall) -> NoReturn:
        """Give a call up.

        Raises:
            CallTimeout: always.
        """
        self.give_up(call)
        raise CallTimeout(f"{self._link.peer} did not answer {call.method} in time") from None

    def give_up(self, call: OpenCall) -> None:
        """Tell the other side that nobody waits for a call any more."""
        if call.done:
            return
        try:
            self._link.ledger.abandon(call)
        except ProtocolViolation as error:
            self._wire.refuse(error)
        if self._link.ended is None:
            self._wire.whisper(Cancel(call.number))

    def _dispatch(self, call: OpenCall, message: object) -> None:
        """Send a request while the sending lock is held."""
        try:
            self._wire.write(message, call.deadline)
        except CannotCross:
            self._link.ledger.forget(call)
            raise

    def _send(self, message: object) -> None:
        self._link.check()
        with self._wire.sending:
            self._wire.write(message, FOREVER)
