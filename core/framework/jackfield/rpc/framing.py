"""Frames of a byte stream: a length of four bytes, little-endian, and as many bytes of body.

Nothing here reads or writes; a connection lends the reader's buffer to `recv_into`, a test lends it to Hypothesis. A
frame beyond the limit is refused when its length is known, before its body is read, and the buffer grows with what has
come, not with what was announced: four bytes never cost the receiver a megabyte.
"""

import struct
import sys
from typing import Any

import msgspec

from jackfield.errors import CannotCross, NotSent, ProtocolViolation

LENGTH = struct.Struct("<I")
HEADER_BYTES = LENGTH.size
_unpack_from = LENGTH.unpack_from
#: The largest body by default. A megabyte of empty lists costs the one who decodes it about 70 MiB.
FRAME_BYTES = 1 << 20
#: What is read at once, and what a reader keeps while nothing is on its way.
BUFFER_BYTES = 1 << 16
LEAST_ROOM_BYTES = 1 << 14
#: What encoding raises for a value that is no data, is too deep, or cannot be written.
ENCODING_ERRORS = (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError)
#: Frames up to this are most of them, and below every limit (a greeting names 1024 bytes at least); the parts of the
#: buffer where their bodies lie are made once.
SHORT_BYTES = 512
#: What is written before each short body, by its length.
SHORT_LENGTHS = tuple(LENGTH.pack(length) for length in range(SHORT_BYTES + 1))
#: A length is read as the processor reads it, where that is the order of the frames.
_LITTLE = sys.byteorder == "little"


class FrameReader:
    """Cuts a stream of bytes into frames, however the bytes arrive.

    Args:
        limit_bytes: the largest body that is taken.

    Attributes:
        waiting_bytes: what has come and has not been taken as a frame.
        received_bytes: what has come since the beginning; another thread may look.
        ready: where the next bytes belong, the whole buffer; None while something waits, or a large frame has not been
            forgotten yet: then `room()` is to be asked.
        is_small: whether the buffer is as large as it is most often.
        first: its first four bytes as a number, the length of a frame that begins there.
        bodies: the parts of it where short frames' bodies lie, by their length, as far as they were needed.
    """

    __slots__ = (
        "_buffer",
        "_end",
        "_start",
        "bodies",
        "first",
        "is_small",
        "limit_bytes",
        "ready",
        "received_bytes",
        "view",
        "waiting_bytes",
    )

    def __init__(self, limit_bytes: int = FRAME_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.ready: memoryview | None = None
        self.waiting_bytes = self.received_bytes = self._start = self._end = 0
        self._use(bytearray(BUFFER_BYTES))

    def room(self) -> memoryview:
        """The part of the buffer where the next bytes belong, never empty; frames taken before are void from here."""
        waiting = self.waiting_bytes
        if not waiting:
            self._start = self._end = 0
            if not self.is_small:  # a large frame was an exception; do not keep its room
                self._exchange(BUFFER_BYTES)
            return self.view
        if len(self._buffer) - self._end < LEAST_ROOM_BYTES:
            if self._start:
                self.view[:waiting] = bytes(self.view[self._start : self._end])
                self._start, self._end = 0, waiting
            else:
                self._exchange(len(self._buffer) * 2)
        return self.view[self._end :]

    def received(self, count: int) -> None:
        """Count bytes that were written into `room()`."""
        self._end += count
        self.waiting_bytes += count
        self.received_bytes += count
        self.ready = None

    def begin(self, count: int) -> None:
        """Count bytes that were written into `ready`."""
        self._start, self._end = 0, count
        self.waiting_bytes = count
        self.received_bytes += count
        self.ready = None

    def next_frame(self) -> memoryview | None:
        """The body of the next whole frame, valid until `room()` is asked for; None while there is none.

        Raises:
            ProtocolViolation: its length is nothing, or beyond the limit.
        """
        waiting = self.waiting_bytes - HEADER_BYTES
        if waiting < 0:
            return None
        (length,) = _unpack_from(self._buffer, self._start)
        if not 0 < length <= self.limit_bytes:
            raise ProtocolViolation(
                f"a frame of {length} bytes is beyond the {self.limit_bytes} that are taken"
                if length
                else "an empty frame"
            )
        if length > waiting:
            return None
        begin = self._start + HEADER_BYTES
        self._start = end = begin + length
        self.waiting_bytes = waiting - length
        if waiting == length and self.is_small:
            self.ready = self.view
        return self.view[begin:end]

    def _exchange(self, size: int) -> None:
        """Go on in a buffer of another size: the old one cannot change while views of it are alive."""
        waiting = self.waiting_bytes
        buffer = bytearray(size)
        buffer[:waiting] = self.view[self._start : self._end]
        self._use(buffer)
        self._start, self._end = 0, waiting

    def _use(self, buffer: bytearray) -> None:
        self._buffer, self.view = buffer, memoryview(buffer)
        self.is_small = len(buffer) == BUFFER_BYTES
        self.ready = self.view if self.is_small and not self.waiting_bytes else None
        self.first = self.view[:HEADER_BYTES].cast("I") if _LITTLE else (0,)  # the length, if a frame begins there
        self.bodies: list[memoryview | None] = [None] * (SHORT_BYTES + 1)

    def body(self, length: int) -> memoryview:
        """The part of the buffer for a short body that lies at its beginning; made once, kept in `bodies`."""
        body = self.bodies[length] = self.view[HEADER_BYTES : HEADER_BYTES + length]
        return body


class FrameWriter:
    """Encodes messages into frames.

    The encoder could write behind a length that is there already, into a buffer that is kept. But it makes that buffer
    small first, and larger again in five or six steps, which costs half as much again as to put two texts together.

    Args:
        limit_bytes: the largest body that the other side takes, `SHORT_BYTES` at least.

    Attributes:
        limit_bytes: the same; a greeting may change it.
        encode: makes the body of a message; raises `ENCODING_ERRORS`. A short one stands behind one of `SHORT_LENGTHS`,
            for every other one there is `long`.
    """

    __slots__ = ("encode", "limit_bytes")

    def __init__(self, limit_bytes: int = FRAME_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.encode = msgspec.msgpack.Encoder().encode

    def frame(self, message: Any) -> bytes:
        """One frame with this message.

        Raises:
            CannotCross: a value in it is no data, or the message is beyond the limit.
        """
        try:
            body = self.encode(message)
        except ENCODING_ERRORS as error:
            raise self.no_data(error) from error
        return SHORT_LENGTHS[len(body)] + body if len(body) <= SHORT_BYTES else self.long(body)

    @staticmethod
    def no_data(error: Exception) -> CannotCross:
        """What is said of a value that could not be encoded."""
        return NotSent(
            f"a value cannot go to another process: {error}",
            hint="what crosses is data: builtins, dataclasses, msgspec structs, enums, dates, bytes",
        )

    def long(self, body: bytes) -> bytes:
        """One frame with this body, of whatever length.

        Raises:
            CannotCross: it is beyond the limit.
        """
        length = len(body)
        if length > self.limit_bytes:
            raise NotSent(
                f"a message of {length} bytes is beyond the {self.limit_bytes} that the other side takes",
                hint="send it in parts",
            )
        return LENGTH.pack(length) + body
