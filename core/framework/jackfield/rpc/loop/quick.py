"""The usual awaited call: one that is answered before a turn of the loop would be over, in one function."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from time import perf_counter_ns
from typing import Any, NoReturn

from jackfield.errors import LinkClosed
from jackfield.rpc.codec import CallCodec
from jackfield.rpc.framing import ENCODING_ERRORS, HEADER_BYTES, SHORT_BYTES, SHORT_LENGTHS
from jackfield.rpc.ledger import OpenCall
from jackfield.rpc.link import Link, whole_milliseconds
from jackfield.rpc.loop.intake import LOOK_MILLISECONDS, Intake
from jackfield.rpc.loop.outbox import Outbox
from jackfield.rpc.loop.patience import SLOW_NANOSECONDS
from jackfield.rpc.messages import DECODING_ERRORS, REQUEST

_DONTWAIT = socket.MSG_DONTWAIT
#: What leaves a call to the loop: it will see the same of the socket; another message, or another answer than declared.
_NOT_ANSWERED = (OSError, *DECODING_ERRORS)

#: Calls one method: its arguments by name, and when the call began on the clock of `time.perf_counter_ns`.
QuickCall = Callable[[Mapping[str, Any], int], Any]


class Never:
    """Stands for an intake that is never looked into."""

    look_until = 0


NEVER = Never()


class QuickCalls(ABC):
    """Calls that are awaited; what is not answered at once is left to the loop.

    Args:
        link: the link.
        intake: receives on it.
        outbox: sends on it.
    """

    def __init__(self, link: Link, intake: Intake, outbox: Outbox) -> None:
        self._link, self._intake, self._outbox = link, intake, outbox

    async def call(
        self, method: str, arguments: Mapping[str, Any], codec: CallCodec, timeout_seconds: float | None = None
    ) -> Any:
        """Call a method of the other side; a task that is cancelled meanwhile cancels the call there.

        Args:
            method: its name there.
            arguments: by name; values are encoded as what they are.
            codec: reads the answer.
            timeout_seconds: for all of it, from the first byte sent to the last byte of the answer; None for no limit.

        Raises:
            CannotCross: an argument is no data, or too large; nothing was sent.
            CallTimeout: the time is over. The other side is told, and may go on all the same.
            LinkClosed: the connection has ended, before or during the call.
            Exception: what the method raised: the framework's and Python's plain errors, else `RemoteError`.
        """
        if self._outbox.waiting_bytes:
            await self._outbox.room()
        link, ledger = self._link, self._link.ledger
        if link.ended is not None:
            link.check()
        ledger.last_number = number = ledger.last_number + 1
        milliseconds = link.milliseconds(timeout_seconds) if timeout_seconds else 0
        began = perf_counter_ns()
        self._outbox.send((REQUEST, number, method, arguments, milliseconds))
        try:
            body = self._intake.look(began)
        except BaseException:  # whoever interrupts it does not wait for the answer, which comes all the same
            self._give_up(self._noted(number, method, codec, timeout_seconds))
            raise
        if body is not None:
            try:
                _, answered, answer = codec.response(body)
                if answered == number:  # it is taken without a note in the ledger
                    return answer
            except DECODING_ERRORS:
                pass  # another message, or another answer than was declared
        call = self._noted(number, method, codec, timeout_seconds)
        if body is not None:
            self._intake.leave(len(body) + HEADER_BYTES)
        return await self._wait(call)

    def quick(  # noqa: C901  # its function is one on purpose
        self,
        method: str,
        codec: CallCodec,
        seconds: float,
        otherwise: Callable[[Mapping[str, Any]], Any],
        later: Callable[[OpenCall], Any],
        told: Callable[[LinkClosed], Exception],
    ) -> tuple[QuickCall, Callable[[bool], None]]:
        """Make the function that calls one method again and again, on the loop's thread.

        All that a call needs is a variable of its function, and while answers are quick it makes no coroutine.

        Args:
            method: its name on the other side.
            codec: reads its answers.
            seconds: for each call.
            otherwise: returns what calls it in another way; nothing was sent.
            later: returns what stands for a call that was sent and not answered at once.
            told: makes what the caller is told when the link has ended.

        Returns:
            tuple: the function, and one that says whether it may go this way, as it may at first. The function returns
                the answer, or what `otherwise` and `later` return.
        """
        link, intake, outbox = self._link, self._intake, self._outbox
        ledger, reader, writer, most_bytes = link.ledger, link.reader, link.writer, link.packet_bytes
        encode = writer.encode
        send, recv_into, poll = link.socket.send, link.socket.recv_into, intake.poll
        response, milliseconds = codec.response, whole_milliseconds(seconds)
        guard: Intake | Never = intake

        def call(given: Mapping[str, Any], began: int) -> Any:  # noqa: C901  # one function on purpose
            if began > guard.look_until or outbox.waiting_bytes:
                return otherwise(given)
            ledger.last_number = number = ledger.last_number + 1
            try:
                encoded = encode((REQUEST, number, method, given, milliseconds))
            except ENCODING_ERRORS as error:
                raise writer.no_data(error) from error
            length = len(encoded)
            frame = SHORT_LENGTHS[length] + encoded if length <= SHORT_BYTES else writer.long(encoded)
            length += HEADER_BYTES
            if length >= most_bytes:
                outbox.send((REQUEST, number, method, given, milliseconds))  # in several packets
                return later(self._noted(number, method, codec, seconds))
            try:
                sent = send(frame, _DONTWAIT)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                return lost(error)
            count = 0
            if sent != length:
                outbox.put_in_line(frame, sent)
            else:
                try:
                    if poll(LOOK_MILLISECONDS):
                        if perf_counter_ns() - began > SLOW_NANOSECONDS:
                            intake.waited(began)
                        count = recv_into(reader.view, 0, _DONTWAIT)
                        length = count - HEADER_BYTES
                        if 0 < length <= SHORT_BYTES and reader.first[0] == length:
                            _, answered, answer = response(reader.bodies[length] or reader.body(length))
                            if answered == number:  # it is taken without a note in the ledger
                                return answer
                    else:
                        intake.missed(began)
                except _NOT_ANSWERED:
                    pass
                except BaseException:  # interrupted, as above
                    self._give_up(self._noted(number, method, codec, seconds))
                    raise
            noted = self._noted(number, method, codec, seconds)
            if count:
                intake.leave(count)
            return later(noted)

        def lost(error: OSError) -> NoReturn:
            link.lose(error, may_read=True)
            try:
                link.check()
            except LinkClosed as closed:
                raise told(closed) from closed
            raise AssertionError("a link that has ended knows why")

        def direct(may: bool) -> None:
            nonlocal guard
            guard = intake if may else NEVER

        return call, direct

    @abstractmethod
    def _noted(self, number: int, method: str, codec: CallCodec, timeout_seconds: float | None) -> OpenCall:
        """Note a call that has just been sent; nothing is received in between."""

    @abstractmethod
    def _give_up(self, call: OpenCall) -> None:
        """Tell the other side that nobody waits for a call any more."""

    @abstractmethod
    async def _wait(self, call: OpenCall) -> Any:
        """Wait for the answer to a call, by turns of the loop."""
