"""The usual call of a connection whose caller waits, in one function; see `express`, whose reasons are the same."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from time import monotonic, perf_counter_ns
from typing import Any, NoReturn

from jackfield.errors import CallTimeout, CannotCross, LinkClosed
from jackfield.rpc.codec import CallCodec
from jackfield.rpc.express import ExpressWire
from jackfield.rpc.framing import ENCODING_ERRORS, HEADER_BYTES, SHORT_BYTES, SHORT_LENGTHS
from jackfield.rpc.ledger import OpenCall
from jackfield.rpc.link import Link, whole_milliseconds
from jackfield.rpc.messages import DECODING_ERRORS, REQUEST
from jackfield.rpc.turns import TAKEN, Turn, never
from jackfield.rpc.wire import FOREVER

_DONTWAIT = socket.MSG_DONTWAIT
_NO_DATA = (*ENCODING_ERRORS, *DECODING_ERRORS)

#: Calls one method: its arguments by name, when the call began on the clock of `time.perf_counter_ns`, and whether this
#: is the thread that holds the connection, and may wait.
HeldCall = Callable[[Mapping[str, Any], int, bool], Any]


class Nobody:
    """Stands for a connection that nobody has to himself."""

    is_held = False


NOBODY = Nobody()


class ExpressCalls(ABC):
    """Calls whose caller waits; whatever is not usual is left to `begin` and `finish`, or to `_read_on`.

    Args:
        link: the link.
        turn: whose turn it is to read.
        wire: the socket of the link.

    Attributes:
        is_held: whether one thread has the connection to itself, so that `held` need not look for others.
    """

    def __init__(self, link: Link, turn: Turn, wire: ExpressWire) -> None:
        self._link, self._turn, self._wire = link, turn, wire
        self._ledger, self._reader, self._writer = link.ledger, link.reader, link.writer
        self._most_bytes = link.packet_bytes  # of a frame that leaves in one packet
        self._encode = link.writer.encode
        self._socket_send, self._socket_recv_into = link.socket.send, link.socket.recv_into
        self._usual_seconds: float | None = None  # of the last call, and what it is on the wire
        self._usual_milliseconds = 0
        self.is_held = False

    def call(  # noqa: C901  # one function on purpose
        self, method: str, arguments: Mapping[str, Any], codec: CallCodec, timeout_seconds: float | None = None
    ) -> Any:
        """Call a method of the other side and wait for its answer; what it calls here runs meanwhile.

        Args:
            method: its name there.
            arguments: by name; values are encoded as what they are.
            codec: reads the answer.
            timeout_seconds: for all of it, from the first byte sent to the last byte of the answer; None for no limit.

        Raises:
            CannotCross: an argument is no data, or too large; nothing was sent.
            CallTimeout: the time is over. The call goes on there; the caller may end the process.
            LinkClosed: the connection has ended, before or during the call.
            Exception: what the method raised: the framework's and Python's plain errors, else `RemoteError`.
        """
        turn, wire, asked, reads = self._turn, self._wire, 0, True
        try:
            turn.free.pop()
        except IndexError:  # another thread reads, or this one further up
            reads = False
        # Not in the handler above: an error of the other side would be told with an IndexError of ours before it.
        if not reads:
            return self.finish(self.begin(method, arguments, codec, timeout_seconds=timeout_seconds))
        # Nobody else reads: the answer, if it is the next message, is taken without a note in the ledger.
        try:
            ledger, writer, sending = self._ledger, self._writer, wire.sending
            if self._link.ended is not None:
                self._link.check()
            deadline = monotonic() + timeout_seconds if timeout_seconds else FOREVER
            try:
                sending.free.pop()
            except IndexError:
                sending.take(never, FOREVER)
            try:
                ledger.last_number = number = ledger.last_number + 1
                if timeout_seconds != self._usual_seconds:
                    self._usual_seconds = timeout_seconds
                    self._usual_milliseconds = whole_milliseconds(timeout_seconds)
                try:
                    encoded = self._encode((REQUEST, number, method, arguments, self._usual_milliseconds))
                except ENCODING_ERRORS as error:
                    raise writer.no_data(error) from error
                length = len(encoded)
                frame = SHORT_LENGTHS[length] + encoded if length <= SHORT_BYTES else writer.long(encoded)
                length += HEADER_BYTES
                asked = number
                try:
                    sent = self._socket_send(frame, _DONTWAIT) if length < self._most_bytes else 0
                except BlockingIOError:
                    sent = 0
                except OSError as error:
                    turn.mark()
                    wire.gone(error)
                if sent != length:
                    turn.mark()
                    wire.send_rest(frame, sent, deadline)
            finally:
                sending.free.append(None)
                if sending.waiting:
                    sending.wake()
            reader = self._reader
            if timeout_seconds != wire.receive_seconds or reader.ready is None:
                body = wire.body(timeout_seconds or FOREVER)
            else:  # the same as `ExpressWire.body`
                body = None
                try:
                    count = self._socket_recv_into(reader.ready)
                    length = count - HEADER_BYTES
                    if 0 < length <= SHORT_BYTES and reader.first[0] == length:
                        body = reader.bodies[length] or reader.body(length)
                    elif count:
                        reader.begin(count)
                    else:
                        turn.mark()
                        wire.gone(None)
                except BlockingIOError:
                    pass  # not in time
                except OSError as error:
                    turn.mark()
                    wire.gone(error)
            if body is not None:
                try:
                    _, answered, answer = codec.response(body)
                    if answered == number:
                        return answer
                except DECODING_ERRORS:
                    pass  # another message, or another answer than was declared
            turn.mark()
            call = ledger.note(number, method, codec, deadline)
            asked = 0
            return self._read_on(call, body)
        except BaseException:  # whoever interrupts it does not wait for the answer, which comes all the same
            if asked and self._link.ended is None:
                self.give_up(ledger.note(asked, method, codec, FOREVER))
            raise
        finally:
            turn.holder = None
            turn.free.append(None)
            if turn.waiting:
                turn.wake()

    def held(  # noqa: C901  # its function is one on purpose
        self,
        method: str,
        codec: CallCodec,
        seconds: float,
        otherwise: Callable[[Mapping[str, Any]], Any],
        told: Callable[[CallTimeout | LinkClosed], Exception],
    ) -> tuple[HeldCall, Callable[[bool], None]]:
        """Make the function that calls one method again and again, for the thread that has the connection to itself.

        What is said of functions in `express` holds for attributes and locks as well. Here all that a call needs is a
        variable of its function, and nobody else sends or reads.

        Args:
            method: its name on the other side.
            codec: reads its answers.
            seconds: for each call.
            otherwise: calls it in another way, while nobody has the connection to himself.
            told: makes what the caller is told of the error of a call that was sent.

        Returns:
            tuple: the function, and one that says whether it may go this way, as it may at first.
        """
        turn, wire, ledger, reader, writer = self._turn, self._wire, self._ledger, self._reader, self._writer
        place = turn.place
        encode, most_bytes = self._encode, self._most_bytes
        send, recv_into = self._socket_send, self._socket_recv_into
        response, milliseconds = codec.response, whole_milliseconds(seconds)
        guard: ExpressCalls | Nobody = self

        def call(given: Mapping[str, Any], began: int, free: bool) -> Any:  # noqa: C901  # one function on purpose
            if not free or not guard.is_held:
                return otherwise(given)
            if not turn.free:  # this thread waits further up its stack
                return otherwise(given)
            turn.free = TAKEN
            sent = number = 0
            frame, body = b"", None
            try:
                ledger.last_number = number = ledger.last_number + 1
                encoded = encode((REQUEST, number, method, given, milliseconds))
                length = len(encoded)
                if length <= SHORT_BYTES:
                    frame = SHORT_LENGTHS[length] + encoded
                    sent = send(frame, _DONTWAIT)
                else:
                    frame = writer.long(encoded)
                    if len(frame) < most_bytes:
                        sent = send(frame, _DONTWAIT)
                if sent == length + HEADER_BYTES and (ready := reader.ready) is not None:
                    if wire.receive_seconds != seconds:
                        wire.limit_receiving(seconds)
                    count = recv_into(ready)
                    length = count - HEADER_BYTES
                    if 0 < length <= SHORT_BYTES and reader.first[0] == length:
                        body = reader.bodies[length] or reader.body(length)
                        _, answered, answer = response(body)
                        if answered == number:
                            turn.free = place
                            return answer
                    elif count:
                        reader.begin(count)
                    else:
                        return lost(None)
            except BlockingIOError:
                pass  # it did not leave at once, or the answer did not come in time
            except OSError as error:
                return lost(error)
            except _NO_DATA as error:
                if not frame:
                    turn.free = place
                    raise writer.no_data(error) from error
                # another message, or another answer than was declared
            except CannotCross:
                turn.free = place
                raise
            except LinkClosed as closed:
                turn.free = place
                raise told(closed) from closed
            except BaseException:  # whoever interrupts it does not wait for the answer
                if frame:  # it may have left, whatever is known of it
                    self.give_up(ledger.note(number, method, codec, FOREVER))
                turn.free = place
                raise
            return rest(number, began, frame, sent, body)

        def rest(number: int, began: int, frame: bytes, sent: int, body: memoryview | None) -> Any:
            keep()
            try:
                deadline = monotonic() + seconds - (perf_counter_ns() - began) / 1e9
                if sent < len(frame):
                    wire.send_rest(frame, sent, deadline)
                return self._read_on(ledger.note(number, method, codec, deadline), body)
            except (CallTimeout, LinkClosed) as error:
                raise told(error) from error
            finally:
                turn.leave()

        def lost(error: OSError | None) -> NoReturn:
            keep()
            try:
                wire.gone(error)
            except LinkClosed as closed:
                raise told(closed) from closed
            finally:
                turn.leave()

        def keep() -> None:
            """Take the turn as others do, for this takes longer."""
            place.pop()
            turn.free = place
            turn.mark()

        def direct(may: bool) -> None:
            nonlocal guard
            guard = self if may else NOBODY

        return call, direct

    @abstractmethod
    def begin(
        self, method: str, arguments: Mapping[str, Any], codec: CallCodec, *, timeout_seconds: float | None = None
    ) -> OpenCall:
        """Send a call and do not wait."""

    @abstractmethod
    def finish(self, call: OpenCall) -> Any:
        """Wait for the answer to a call that was begun."""

    @abstractmethod
    def give_up(self, call: OpenCall) -> None:
        """Tell the other side that nobody waits for a call any more."""

    @abstractmethod
    def _read_on(self, call: OpenCall, body: memoryview | None) -> Any:
        """Go on to wait for a call, when what came first was not its answer; `body` is of that message."""
