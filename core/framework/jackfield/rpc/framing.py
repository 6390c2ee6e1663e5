"""Frames of a byte stream: a length of four bytes, little-endian, and as many bytes of body.

Nothing here reads or writes; a connection lends the reader's buffer to `recv_into`, a test lends it to Hypothesis. A
frame beyond the limit is refused when its length is known, before its body is read, and the buffer grows with what has
come, not with what was announced: four bytes never cost the receiver a megabyte.
"""

import struct
from typing import Any

import msgspec

from jackfield.errors import CannotCross, ProtocolViolation

LENGTH = struct.Struct("<I")
HEADER_BYTES = LENGTH.size
_pack_into, _unpack_from = LENGTH.pack_into, LENGTH.unpack_from
#: The largest body by default. A megabyte of empty lists costs the one who decodes it about 70 MiB.
FRAME_BYTES = 1 << 20
#: What is read at once, and what a reader keeps while nothing is on its way.
BUFFER_BYTES = 1 << 16
LEAST_ROOM_BYTES = 4096


class FrameReader:
    """Cuts a stream of bytes into frames, however the bytes arrive.

    Args:
        limit_bytes: the largest body that is taken.

    Attributes:
        waiting_bytes: what has come and has not been taken as a frame.
    """

    __slots__ = ("_buffer", "_end", "_start", "_view", "limit_bytes", "waiting_bytes")

    def __init__(self, limit_bytes: int = FRAME_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0
        self.waiting_bytes = 0

    @property
    def held_bytes(self) -> int:
        """What the buffer occupies: `BUFFER_BYTES`, or about twice what has come and has not been taken."""
        return len(self._buffer)

    def room(self) -> memoryview:
        """The part of the buffer where the next bytes belong, never empty; frames taken before are void from here."""
        waiting = self.waiting_bytes
        if not waiting:
            self._start = self._end = 0
            if len(self._buffer) > BUFFER_BYTES:  # a large frame was an exception; do not keep its room
                self._exchange(BUFFER_BYTES)
        elif len(self._buffer) - self._end < LEAST_ROOM_BYTES:
            if self._start:
                self._view[:waiting] = bytes(self._view[self._start : self._end])
                self._start, self._end = 0, waiting
            else:
                self._exchange(len(self._buffer) * 2)
        return self._view[self._end :]

    def received(self, count: int) -> None:
        """Count bytes that were written into `room()`."""
        self._end += count
        self.waiting_bytes += count

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
        return self._view[begin:end]

    def _exchange(self, size: int) -> None:
        """Go on in a buffer of another size: the old one cannot change while views of it are alive."""
        waiting = self.waiting_bytes
        buffer = bytearray(size)
        buffer[:waiting] = self._view[self._start : self._end]
        self._buffer, self._view = buffer, memoryview(buffer)
        self._start, self._end = 0, waiting


class FrameWriter:
    """Encodes messages into frames, in one buffer that is kept.

    Args:
        limit_bytes: the largest body that the other side takes.
    """

    __slots__ = ("_buffer", "_encode_into", "limit_bytes")

    def __init__(self, limit_bytes: int = FRAME_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self._buffer = bytearray(BUFFER_BYTES)
        self._encode_into = msgspec.msgpack.Encoder().encode_into

    def frame(self, message: Any) -> bytearray:
        """One frame with this message; valid until the next call.

        Raises:
            CannotCross: a value in it is no data, or the message is beyond the limit.
        """
        buffer = self._buffer
        try:
            self._encode_into(message, buffer, HEADER_BYTES)
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError, UnicodeError) as error:
            raise CannotCross(
                f"a value cannot go to another process: {error}",
                hint="what crosses is data: builtins, dataclasses, msgspec structs, enums, dates, bytes",
            ) from error
        length = len(buffer) - HEADER_BYTES
        if length > self.limit_bytes:
            del buffer[BUFFER_BYTES:]
            raise CannotCross(
                f"a message of {length} bytes is beyond the {self.limit_bytes} that the other side takes",
                hint="send it in parts",
            )
        _pack_into(buffer, 0, length)
        return buffer
