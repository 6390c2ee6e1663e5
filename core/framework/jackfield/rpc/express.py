"""The usual call and the usual request, each in one or two functions.

Python's own function calls cost two processes as much as the kernel does, for after each switch from one to the other
they find nothing of theirs in the caches; so there are as few here as the rules allow. Usual is: a short frame that
comes alone, a method that answers by returning, and an answer of a type that fits for certain. Whatever is not is left
to the general way. The rules that are kept here stand in `Ledger` and `Server` as well, and the tests hold both.
"""

from __future__ import annotations

import socket
from inspect import Signature
from time import monotonic

from jackfield.rpc.applying import Applied
from jackfield.rpc.codec import CallCodec
from jackfield.rpc.framing import ENCODING_ERRORS, HEADER_BYTES, SHORT_BYTES, SHORT_LENGTHS
from jackfield.rpc.ledger import OpenCall
from jackfield.rpc.link import Link, Served, whole_milliseconds
from jackfield.rpc.messages import DECODING_ERRORS, REQUEST, RESPONSE, Message, Request, decode_message
from jackfield.rpc.serving import Server
from jackfield.rpc.turns import Turn, never
from jackfield.rpc.wire import FOREVER, NEAR_SECONDS, Wire

_DONTWAIT = socket.MSG_DONTWAIT
#: After so many requests of one method the next is read at once, envelope and arguments, as one of that method. That
#: costs a third of a microsecond less, and two more where it is none.
ROW = 16
#: Stands for the method of no request.
NOTHING = Applied("", Served(lambda: None, CallCodec(Signature(return_annotation=None))))


class ExpressWire(Wire):
    """A wire whose usual ways are one function each."""

    __slots__ = ("_usual_milliseconds", "_usual_seconds")

    def __init__(self, link: Link, turn: Turn) -> None:
        super().__init__(link, turn)
        self._usual_seconds: float | None = None  # of the last call, and what it is on the wire
        self._usual_milliseconds = 0

    def ask(
        self,
        method: str,
        arguments: object,
        seconds: float | None,
        deadline: float,
        call: OpenCall | None = None,
    ) -> int:
        """Send a request and return its id.

        Args:
            method: what is called.
            arguments: by name.
            seconds: of the whole call; None for no limit.
            deadline: when they are over, in seconds of `time.monotonic()`.
            call: noted in the ledger before the request leaves, where another thread may read the answer; None: the
                turn to read is this thread's.

        Raises:
            CannotCross: an argument is no data, or too large; nothing was sent.
            LinkClosed: the other side is gone, or did not read for too long.
        """
        link, sending = self._link, self.sending
        ledger, writer = link.ledger, link.writer
        try:
            sending.free.pop()
        except IndexError:
            sending.take(never, FOREVER)
        try:
            ledger.last_number = number = ledger.last_number + 1
            if seconds != self._usual_seconds:
                self._usual_seconds, self._usual_milliseconds = seconds, whole_milliseconds(seconds)
            try:
                encoded = writer.encode((REQUEST, number, method, arguments, self._usual_milliseconds))
            except ENCODING_ERRORS as error:
                raise writer.no_data(error) from error
            length = len(encoded)
            frame = SHORT_LENGTHS[length] + encoded if length <= SHORT_BYTES else writer.long(encoded)
            length += HEADER_BYTES
            if call is not None:
                call.number = number
                ledger.mine[number] = call
            try:
                sent = self._send(frame, _DONTWAIT) if length < self._packet_bytes else 0
            except BlockingIOError:
                sent = 0
            except OSError as error:
                if call is None:
                    self._turn.mark()
                self.gone(error)
            if sent != length:
                if call is None:  # it is this thread that has the turn to read; else another one may be reading
                    self._turn.mark()
                self.send_rest(frame, sent, deadline)
        finally:
            sending.free.append(None)
            if sending.waiting:
                sending.wake()
        return number

    def body(self, seconds: float) -> memoryview | None:
        """The body of the next frame, if it is short, comes alone, and nothing waits to be read before it.

        Args:
            seconds: to wait for it; infinity for ever.

        Returns:
            memoryview: void when more is received. None where `receive` is to be asked instead, for what came or did
                not come.
        """
        reader = self._link.reader
        if (ready := reader.ready) is None:
            return None
        if seconds != self.receive_seconds and seconds != FOREVER:
            self.limit_receiving(seconds)
        try:
            count = self._recv_into(ready)
        except BlockingIOError:
            return None
        except OSError as error:
            self._turn.mark()
            self.gone(error)
        length = count - HEADER_BYTES
        if 0 < length <= SHORT_BYTES and reader.first[0] == length:
            return reader.bodies[length] or reader.body(length)
        if not count:
            self._turn.mark()
            self.gone(None)
        reader.begin(count)
        return None

    def body_until(self, deadline: float) -> memoryview | None:
        """As `body`, until a deadline; a limit that is set already is kept while it is near."""
        if deadline == FOREVER:
            return self.body(FOREVER)
        seconds = deadline - monotonic()
        if seconds <= 0:
            return None
        return self.body(self.receive_seconds if abs(seconds - self.receive_seconds) <= NEAR_SECONDS else seconds)

    def serve(self, server: Server) -> Message | None:
        """Answer usual requests until something else comes.

        Args:
            server: runs what is not usual. The link has been greeted, and the turn to read is this thread's.

        Returns:
            Message | None: what came instead, not taken yet; None where `Wire.receive` is to be asked.

        Raises:
            LinkClosed: the other side is gone, or has sent what is no message.
        """
        if server.depth >= self._link.limits.nesting:
            return None
        server.depth += 1
        try:
            return self._serve(server)
        finally:
            server.depth -= 1

    def _serve(self, server: Server) -> Message | None:  # noqa: C901  # one function on purpose
        link = self._link
        reader, ledger, theirs, serve, known = link.reader, link.ledger, link.ledger.theirs, link.serve, server.known
        recv_into, send, sending = self._recv_into, self._send, self.sending
        take, give = sending.free.pop, sending.free.append
        encode = link.writer.encode
        applied = last = NOTHING
        method, served, run = "", NOTHING.served, NOTHING.run  # of the last request
        usual: type | None = None  # of its last answer, which is certain
        row, request = 0, None  # how often the last method came in a row; what reads its next request, if often
        while (ready := reader.ready) is not None:
            try:
                count = recv_into(ready)
            except BlockingIOError:  # a limit that was set for another
                return None
            except OSError as error:
                self.gone(error)
            length = count - HEADER_BYTES
            if not (0 < length <= SHORT_BYTES and reader.first[0] == length):
                if not count:
                    self.gone(None)
                reader.begin(count)
                return None
            body = reader.bodies[length] or reader.body(length)
            if request is not None:
                try:
                    _, number, _, one, _ = request(body)
                except DECODING_ERRORS:
                    request = None  # most likely of another method
            if request is None:
                try:
                    message = decode_message(body)
                except DECODING_ERRORS:
                    return self.read(body)  # says what is wrong with it
                if type(message) is not Request:
                    return message
                number, method = message.id, message.method
                try:
                    found = serve(method)
                    if found is None or found.deferred:
                        return message
                    applied = known.get(method, NOTHING)
                    if applied.served is not found:
                        applied = server.applied(method, found)
                    one = applied.decode(message.arguments)
                except (Exception, SystemExit):  # noqa: BLE001  # it is tried again, and told to who called
                    return message
                if applied is not last:
                    last, served, run = applied, applied.served, applied.run
                    row, usual = 0, None
                elif row < ROW:
                    row += 1
                else:
                    row, request = 0, applied.request()
            elif serve(method) is not served:
                return decode_message(body)
            if number <= ledger.last_asked or (theirs and len(theirs) >= ledger.open_calls):
                return decode_message(body)  # refused where it is taken
            ledger.last_asked = number
            try:
                value = run(one)
            except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a method raises belongs to who called it
                server.fail(number, error)
                continue
            if type(value) is not usual:
                if type(value) not in applied.certain:
                    server.give(number, served, value)
                    continue
                usual = type(value)
            try:
                take()
            except IndexError:
                sending.take(never, FOREVER)
            try:
                encoded = encode((RESPONSE, number, value))
                length = len(encoded)
                if length <= SHORT_BYTES:
                    frame = SHORT_LENGTHS[length] + encoded
                    if (sent := send(frame, _DONTWAIT)) != length + HEADER_BYTES:
                        self.send_rest(frame, sent, FOREVER)
                    continue
            except BlockingIOError:
                self.send_rest(frame, 0, FOREVER)
                continue
            except OSError as error:
                self.gone(error)
            except ENCODING_ERRORS:
                pass  # it is tried again, and told to who called
            finally:
                give(None)
                if sending.waiting:
                    sending.wake()
            server.give(number, served, value)
        return None
