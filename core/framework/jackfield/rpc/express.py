"""The usual request, from its bytes to the bytes of its answer, as one function.

Python's own function calls cost two processes as much as the kernel does, for after each switch from one to the other
they find nothing of theirs in the caches; so there are as few here as the rules allow. Usual is: a short frame
that comes alone, a method that answers by returning, and an answer of a type that fits for certain. Whatever is not is
left to the general way. The rules that are kept here stand in `Ledger` and `Server` as well, and the tests hold both.
"""

from __future__ import annotations

import socket

from jackfield.rpc.framing import ENCODING_ERRORS, HEADER_BYTES, SHORT_BYTES
from jackfield.rpc.link import Link
from jackfield.rpc.messages import DECODING_ERRORS, RESPONSE, Message, Request, decode_message
from jackfield.rpc.serving import Server
from jackfield.rpc.turns import never
from jackfield.rpc.wire import FOREVER, Wire

_DONTWAIT = socket.MSG_DONTWAIT


def serve_usual(link: Link, wire: Wire, server: Server) -> Message | None:  # noqa: C901  # one function on purpose
    """Answer usual requests until something else comes.

    Args:
        link: where they come from; it has been greeted, and the turn to read is this thread's.
        wire: its socket.
        server: runs what is not usual.

    Returns:
        Message | None: what came instead, not taken yet; None where `Wire.receive` is to be asked.

    Raises:
        LinkClosed: the other side is gone, or has sent what is no message.
    """
    reader, ledger, serve, nesting = link.reader, link.ledger, link.serve, link.limits.nesting
    recv_into, send, sending, free = link.socket.recv_into, link.socket.send, wire.sending, wire.sending.free
    writer = link.writer
    encode_into, frame = writer.encode_into, writer.buffer
    while not reader.waiting_bytes and reader.is_small:
        try:
            count = recv_into(reader.view)
        except BlockingIOError:  # a limit that was set for another
            return None
        except OSError as error:
            wire.gone(error)
        length = count - HEADER_BYTES
        if not (0 < length <= SHORT_BYTES and reader.first[0] == length <= reader.limit_bytes):
            if not count:
                wire.gone(None)
            reader.begin(count)
            return None
        body = reader.bodies[length] or reader.body(length)
        try:
            message = decode_message(body)
        except DECODING_ERRORS:
            return wire.read(body)  # says what is wrong with it
        if type(message) is not Request:
            return message
        number = message.id
        if number <= ledger.last_asked or len(ledger.theirs) >= ledger.open_calls:
            return message
        try:
            served = serve(message.method)
            if served is None or served.deferred or server.depth >= nesting:
                return message
            codec = served.codec
            arguments = codec.decode_arguments(message.arguments)
        except (Exception, SystemExit):  # noqa: BLE001  # it is tried again, and told to who called
            return message
        ledger.last_asked = number
        server.depth += 1
        try:
            value = served.function(**arguments)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a method raises belongs to who called it
            server.fail(number, error)
            continue
        finally:
            server.depth -= 1
        if type(value) not in codec.certain or link.ended is not None:
            server.give(number, served, value)
            continue
        try:
            free.pop()
        except IndexError:
            sending.take(never, FOREVER)
        try:
            encode_into((RESPONSE, number, value), frame, HEADER_BYTES)
            length = len(frame) - HEADER_BYTES
            if length <= writer.short_bytes:
                frame[0] = length
                if (sent := send(frame, _DONTWAIT)) != length + HEADER_BYTES:
                    wire.send_rest(frame, sent, FOREVER)
                continue
        except BlockingIOError:
            wire.send_rest(frame, 0, FOREVER)
            continue
        except OSError as error:
            wire.gone(error)
        except ENCODING_ERRORS:
            pass  # it is tried again, and told to who called
        finally:
            free.append(None)
            if sending.waiting:
                sending.wake()
        server.give(number, served, value)
    return None
