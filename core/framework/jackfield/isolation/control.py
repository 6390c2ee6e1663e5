"""What host, zygote and a new worker say to each other before the worker serves; none of them is a plugin yet.

Two ways lead there. Between host and zygote there is a socket of whole packets (SOCK_SEQPACKET): the host sends `Fork`
with three descriptors, the zygote tells `Ready`, `Forked` with a descriptor of the process, `NotForked` and `Ended`.
And on the worker's second socket the host sends its spec, which the zygote never reads, and the worker answers
`Confined` or `NotConfined`; from then on that socket carries descriptors to the worker and nothing else.
"""

import array
import asyncio
import socket
import struct
from typing import Any, Final

import msgspec

from jackfield.errors import LinkClosed
from jackfield.sandbox import Grade

MOST_CONTROL_BYTES: Final = 4096
"""Of one packet of the zygote's."""

MOST_SPEC_BYTES: Final = 4 << 20
"""Of one spec as it crosses: what bounds its parts allow is less."""

MOST_ANSWER_BYTES: Final = 64 * 1024
"""Of what a new worker says of itself."""

_SIZE: Final = struct.Struct("<I")
_ITEM: Final = array.array("i").itemsize


class Fork(msgspec.Struct, tag=True, frozen=True):
    """Fork a worker; the descriptors of calls, of descriptors, and of its output come with it.

    Args:
        number: what the answer is told by.
    """

    number: int


class Ready(msgspec.Struct, tag=True, frozen=True):
    """The zygote has loaded what it should and waits.

    Args:
        grade: the best that it found this machine to give.
    """

    grade: Grade


class Forked(msgspec.Struct, tag=True, frozen=True):
    """A worker was forked; a descriptor of its process comes with it, so that no other can be taken for it."""

    number: int
    pid: int


class NotForked(msgspec.Struct, tag=True, frozen=True):
    """The system gave no process; `reason` is what it said."""

    number: int
    reason: str


class Ended(msgspec.Struct, tag=True, frozen=True):
    """A worker has ended; `code` is its exit code, or minus the number of the signal that killed it."""

    pid: int
    code: int


class Confined(msgspec.Struct, tag=True, frozen=True):
    """The worker holds itself in this grade and serves from now on."""

    grade: Grade


class NotConfined(msgspec.Struct, tag=True, frozen=True):
    """The worker could not be held as was asked, and ends."""

    message: str
    hint: str | None = None


Told = Ready | Forked | NotForked | Ended
Answer = Confined | NotConfined

_encoder: Final = msgspec.msgpack.Encoder()
read_fork: Final = msgspec.msgpack.Decoder(Fork).decode
read_told: Final = msgspec.msgpack.Decoder(Told).decode
read_answer: Final = msgspec.msgpack.Decoder(Answer).decode


def packet(message: Fork | Told) -> bytes:
    """Return a message between host and zygote as one packet."""
    return _encoder.encode(message)


def framed(message: Any) -> bytes:
    """Return a message on a worker's second socket, which is a stream: its size as `<u4`, then msgpack."""
    content = _encoder.encode(message)
    return _SIZE.pack(len(content)) + content


def receive_frame(connection: socket.socket, most_bytes: int) -> bytes:
    """Wait for one framed message and return its content.

    Raises:
        LinkClosed: the other side went away, or announced more bytes than that.
        OSError: the connection broke, or its timeout is over.
    """
    (size,) = _SIZE.unpack(_exactly(connection, _SIZE.size))
    if size > most_bytes:
        raise LinkClosed(f"a message of {size} bytes was announced, and at most {most_bytes} are taken")
    return _exactly(connection, size)


async def receive_frame_soon(connection: socket.socket, most_bytes: int) -> bytes:
    """As `receive_frame`, for a socket that does not block, on the running loop."""
    (size,) = _SIZE.unpack(await _exactly_soon(connection, _SIZE.size))
    if size > most_bytes:
        raise LinkClosed(f"a message of {size} bytes was announced, and at most {most_bytes} are taken")
    return await _exactly_soon(connection, size)


def descriptors_in(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    """Return the descriptors that came with a packet; they are the caller's to close."""
    found = array.array("i")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(content[: len(content) - len(content) % _ITEM])
    return list(found)


def with_descriptors(*descriptors: int) -> list[tuple[int, int, "array.array[int]"]]:
    """Return what `sendmsg` is given to send these descriptors."""
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]


def room_for(count: int) -> int:
    """Return how many bytes of ancillary data so many descriptors take."""
    return socket.CMSG_SPACE(count * _ITEM)


def _exactly(connection: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        more = connection.recv(size - len(received))
        if not more:
            raise LinkClosed("the other side went away")
        received += more
    return bytes(received)


async def _exactly_soon(connection: socket.socket, size: int) -> bytes:
    loop = asyncio.get_running_loop()
    received = bytearray()
    while len(received) < size:
        more = await loop.sock_recv(connection, size - len(received))
        if not more:
            raise LinkClosed("the other side went away")
        received += more
    return bytes(received)
