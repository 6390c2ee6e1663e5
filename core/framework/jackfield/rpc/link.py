"""One socket with all that belongs to it, whoever drives it: frames, open calls, what is served, how it ended.

A `BlockingConnection` and a `LoopConnection` drive a link, one of them at a time. What both do alike stands here: the
handshake, the reading of messages, the making of answers.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import msgspec

from jackfield.errors import CannotCross, LinkClosed, ProtocolViolation, TakenDown
from jackfield.rpc.codec import CallCodec
from jackfield.rpc.descriptors import refuse_descriptors
from jackfield.rpc.failures import Told, in_one_line, tell
from jackfield.rpc.framing import FRAME_BYTES, FrameReader, FrameWriter
from jackfield.rpc.ledger import Ledger, OpenCall
from jackfield.rpc.messages import (
    BATCH_CALLS,
    OLDEST_PROTOCOL_VERSION,
    PROTOCOL_VERSION,
    Batch,
    BatchFailure,
    BatchResponse,
    Failure,
    Goodbye,
    Hello,
    Message,
    Response,
    raw,
    read_message,
)
from jackfield.rpc.packets import most_at_once

#: The first frame of somebody who is not known yet.
HELLO_BYTES = 4096
_LONGEST_MILLISECONDS = 2**31 - 1

#: What comes on one link may take an event loop's time for so long; after more of it the link rests for so many times
#: as long, so that no other side, whatever it sends, has more than a part of that time.
REST_AFTER_SECONDS = 0.01
RESTS = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """What the other side may cost.

    Args:
        frame_bytes: the largest body of a frame, in both directions.
        send_seconds: how long a message may wait for the other side to read, before the link is ended.
        open_calls: requests of the other side that may wait for an answer.
        backlog_bytes: what may wait to be read, or to be sent, in memory.
        nesting: how often a call may lead to a call back which leads to a call.
        held_bytes: what the arguments of its requests may take in memory that wait for an answer.
    """

    frame_bytes: int = FRAME_BYTES
    send_seconds: float = 5.0
    open_calls: int = 256
    backlog_bytes: int = 4 << 20
    nesting: int = 32
    held_bytes: int = 64 << 20


@dataclass(frozen=True, slots=True)
class Served:
    """A method that the other side may call.

    Args:
        function: what runs; over an event loop it may be asynchronous.
        codec: of its signature.
        deferred: whether the function takes a `Reply` before its arguments and answers through it, later and from any
            thread, instead of by returning.
    """

    function: Callable[..., Any]
    codec: CallCodec
    deferred: bool = False


Serve = Callable[[str], Served | None]


class Link:
    """A stream socket to another process.

    Args:
        connection: a connected stream socket; the link owns it from here.
        serve: finds the method that the other side calls by its name.
        peer: what the other side is called in sentences, e.g. "the worker of weather".
        limits: what the other side may cost.
        tell_tracebacks: whether the other side may read where an error was raised here.
    """

    def __init__(
        self,
        connection: socket.socket,
        serve: Serve,
        *,
        peer: str,
        limits: Limits | None = None,
        tell_tracebacks: bool = False,
    ) -> None:
        connection.setblocking(True)  # so that one side's view of the socket is that of both drivers
        refuse_descriptors(connection)
        self.socket = connection
        self.serve = serve
        self.peer = peer
        self.limits = limits or Limits()
        self.tell_tracebacks = tell_tracebacks
        self.reader = FrameReader(HELLO_BYTES)
        self.writer = FrameWriter(HELLO_BYTES)
        self.packet_bytes = most_at_once(connection)
        self.ledger = Ledger(peer, self.limits.open_calls)
        self.ended: LinkClosed | None = None
        self.on_end: Callable[[], None] | None = None  # a driver's, called before the socket is closed
        self.went_away = False  # the other side closed its end, and has broken nothing
        self._usual_seconds, self._usual_milliseconds = 0.0, 0
        self.hello: Hello | None = None
        self.version = 0

    def hello_of_ours(self, details: Mapping[str, str]) -> Hello:
        """The first message of this side."""
        return Hello(frame_bytes=self.limits.frame_bytes, details=dict(details))

    def greeted(self, hello: Message) -> Hello:
        """Take the first message of the other side, and agree on version and limits.

        Raises:
            ProtocolViolation: it is no greeting, or there is no version that both speak.
        """
        if not isinstance(hello, Hello) or hello.protocol != "jackfield" or self.hello is not None:
            raise ProtocolViolation(f"{self.peer} did not begin with one greeting of this protocol")
        if hello.oldest > PROTOCOL_VERSION or hello.newest < OLDEST_PROTOCOL_VERSION or hello.oldest > hello.newest:
            raise ProtocolViolation(
                f"{self.peer} speaks the versions {hello.oldest} to {hello.newest} of the protocol, and this side "
                f"{OLDEST_PROTOCOL_VERSION} to {PROTOCOL_VERSION}",
                hint="update the older of the two",
            )
        self.hello = hello
        self.version = min(hello.newest, PROTOCOL_VERSION)
        self.reader.limit_bytes = self.limits.frame_bytes
        self.writer.limit_bytes = min(hello.frame_bytes, self.limits.frame_bytes)
        return hello

    def check(self) -> None:
        """Go on only while the link is alive.

        Raises:
            LinkClosed: it has ended.
        """
        if self.ended is not None:
            raise type(self.ended)(self.ended.message, hint=self.ended.hint)

    def next_message(self) -> Message | None:
        """The next message that has come; what it carries is void when more is received.

        Raises:
            ProtocolViolation: it is none, or comes before the greeting.
        """
        try:
            frame = self.reader.next_frame()
        except ProtocolViolation as error:
            raise ProtocolViolation(f"{self.peer}: {error.message}") from error
        return None if frame is None else self.message(frame)

    def message(self, body: memoryview) -> Message:
        """The message in a frame; what it carries is void when more is received.

        Raises:
            ProtocolViolation: it is none, or comes before the greeting.
        """
        try:
            message = read_message(body)
        except ProtocolViolation as error:
            raise ProtocolViolation(f"{self.peer}: {error.message}") from error
        if self.hello is None and not isinstance(message, Hello):
            raise ProtocolViolation(f"{self.peer} sent a {type(message).__name__} before its greeting")
        return message

    def milliseconds(self, timeout_seconds: float) -> int:
        """What goes on the wire for a timeout, most often the same as the last."""
        if timeout_seconds != self._usual_seconds:
            self._usual_seconds, self._usual_milliseconds = timeout_seconds, whole_milliseconds(timeout_seconds)
        return self._usual_milliseconds

    def batch(
        self, method: str, many: list[Mapping[str, Any]], codec: CallCodec, timeout_seconds: float | None
    ) -> tuple[OpenCall, Batch]:
        """Note a batch and make its message.

        Raises:
            CannotCross: it has more calls than one batch may.
        """
        if len(many) > BATCH_CALLS:
            raise CannotCross(f"{len(many)} calls are more than the {BATCH_CALLS} of one batch", hint="send several")
        call = self.ledger.open(
            method, codec, len(many), monotonic() + timeout_seconds if timeout_seconds else float("inf")
        )
        return call, Batch(call.number, method, raw(many), whole_milliseconds(timeout_seconds))

    def response(self, number: int, served: Served, value: Any) -> Response | Failure:
        """The message that answers a request; a value which is not what was declared is answered by that error."""
        try:
            encoded = encode(value)
            served.codec.answer(encoded)
        except CannotCross as error:
            return self.failure(number, self._wrong_answer(served, error))
        return Response(number, msgspec.Raw(encoded))

    def failure(self, number: int, error: BaseException) -> Failure:
        """The message that tells of an error."""
        return Failure(number, *self._told(error))

    def _told(self, error: BaseException) -> Told:
        if isinstance(error, TakenDown):
            self.ledger.told_of_end(error)
        return tell(error, with_traceback=self.tell_tracebacks)

    def batch_response(self, number: int, served: Served, answers: list[Any]) -> BatchResponse:
        """The message that answers a batch.

        Args:
            number: its id.
            served: what was called.
            answers: of each call, what it returned, or a `Raised` with the error.
        """
        try:  # nothing raised, most often; a `Raised` is no data either
            encoded = encode(answers)
            served.codec.many_answers(encoded)
            return BatchResponse(number, msgspec.Raw(encoded), [])
        except CannotCross:
            answers = [self._checked(served, one) for one in answers]
        failures = [
            BatchFailure(place, *self._told(one.error)) for place, one in enumerate(answers) if isinstance(one, Raised)
        ]
        encoded = encode([None if isinstance(one, Raised) else one for one in answers])
        return BatchResponse(number, msgspec.Raw(encoded), failures)

    def _checked(self, served: Served, answer: Any) -> Any:
        if isinstance(answer, Raised):
            return answer
        try:
            served.codec.answer(encode(answer))
        except CannotCross as error:
            return Raised(self._wrong_answer(served, error))
        return answer

    @staticmethod
    def _wrong_answer(served: Served, error: CannotCross) -> CannotCross:
        # Who wrote a plugin has never heard of the functions in jackfield that lead to theirs.
        own = getattr(served.function, "__module__", "").startswith("jackfield.")
        name = "it" if own else getattr(served.function, "__qualname__", "the method")
        return CannotCross(f"what {name} returned {error.message}", hint="return what its annotation says")

    def lose(self, error: OSError | None, *, may_read: bool) -> None:
        """End the link because the other side has closed it; if it has said why, that is the reason.

        Args:
            error: what the socket said; None at the end of the stream.
            may_read: whether nobody else reads, so that its last words can be looked for.
        """
        if self.ended is not None:
            return
        self.went_away = True
        words = self._last_words() if may_read and error is not None else ""
        why = f" and said: {words}" if words else f": {error}" if error else ""
        self.close(LinkClosed(f"{self.peer} went away{why}"))

    def _last_words(self) -> str:
        """The reason of the goodbye among what was received and not taken."""
        with suppress(OSError, LinkClosed):
            for _ in range(64):
                while (message := self.next_message()) is not None:
                    if isinstance(message, Goodbye):
                        return in_one_line(message.reason)
                if not (count := self.socket.recv_into(self.reader.room(), 0, socket.MSG_DONTWAIT)):
                    break
                self.reader.received(count)
        return ""

    def part(self, goodbye: Goodbye) -> None:
        """End the link as the other side has said it would."""
        self.went_away = True
        self.close(LinkClosed(f"{self.peer} ended the connection: {in_one_line(goodbye.reason)}"))

    def close(self, reason: LinkClosed) -> None:
        """End the link: the socket is closed and every open call fails with this reason. The first reason stays."""
        if self.ended is None:
            self.ended = reason
            if self.on_end is not None:
                self.on_end()
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)  # wakes a thread that receives; closing alone does not
            self.socket.close()
            self.ledger.end(reason)


class Raised:
    """Stands for the answer of a call that raised. It is no dataclass, for those are data."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


_encode = msgspec.msgpack.Encoder().encode


def encode(value: Any) -> bytes:
    """Encode an answer.

    Raises:
        CannotCross: it is no data.
    """
    try:
        return _encode(value)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise CannotCross(f"is no data: {error}") from error


def whole_milliseconds(timeout_seconds: float | None) -> int:
    """What goes on the wire; a limit below a millisecond is still a limit."""
    if not timeout_seconds:
        return 0
    milliseconds = int(timeout_seconds * 1000)
    return milliseconds if 0 < milliseconds <= _LONGEST_MILLISECONDS else _LONGEST_MILLISECONDS if milliseconds else 1
