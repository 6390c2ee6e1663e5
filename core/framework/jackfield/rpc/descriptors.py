"""Open files and sockets that go to another process, over a socket of their own.

The calls' socket is read without control messages, so that a hostile worker cannot fill its host with descriptors. It
refuses them where the system can: one that nobody else holds any more is closed by who was sent it, which can take as
long as its sender likes. The host only sends here and never receives; the worker receives one where it was told of one,
by a number.
"""

from __future__ import annotations

import array
import os
import select
import socket
import struct
import sys
from contextlib import suppress
from threading import Lock
from time import monotonic

from jackfield.errors import CallTimeout, LinkClosed

_NUMBER = struct.Struct("<Q")
_DESCRIPTOR_BYTES = array.array("i").itemsize

MOST_ON_THEIR_WAY = 64
"""That were sent and not received. A user has as many on their way as one process may have open, in all processes
together (unix(7), ETOOMANYREFS): a few workers that receive none would have all, and no other could be forked."""

_PACKET_BYTES = 768  # of a socket's buffer, for a few bytes with their descriptor
_SO_PASSRIGHTS = 83  # Linux 6.16; Python has no name for it


def refuse_descriptors(connection: socket.socket) -> None:
    """Let nobody send descriptors to this end: the system refuses them who tries, where it knows how to."""
    if sys.platform.startswith("linux") and connection.family == socket.AF_UNIX:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, _SO_PASSRIGHTS, 0)


class DescriptorSender:
    """The host's end.

    Args:
        connection: a stream socket of the family AF_UNIX, used for nothing else.
        peer: what the other side is called in sentences.
    """

    def __init__(self, connection: socket.socket, *, peer: str) -> None:
        self._socket = connection
        self._peer = peer
        self._number = 0
        # The kernel doubles what it is told (socket(7)).
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MOST_ON_THEIR_WAY * _PACKET_BYTES // 2)

    def send(self, descriptor: int) -> int:
        """Send a descriptor, at once or not at all; the caller closes its own.

        Returns:
            int: the number under which the other side finds it.

        Raises:
            LinkClosed: the other side is gone, or has not taken those that were sent before.
        """
        number = self._number + 1
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
        try:
            self._socket.sendmsg([_NUMBER.pack(number)], rights, socket.MSG_DONTWAIT)
        except OSError as error:
            raise LinkClosed(f"{self._peer} cannot be sent a descriptor: {error}") from error
        self._number = number
        return number

    def close(self) -> None:
        """Close this end."""
        self._socket.close()


class DescriptorReceiver:
    """The worker's end; its host is trusted.

    Args:
        connection: the other end of the sender's socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._lock = Lock()
        self._come: dict[int, int] = {}

    def receive(self, number: int, *, timeout_seconds: float = 5.0) -> int:
        """Take the descriptor of that number; it is the caller's to close.

        Raises:
            CallTimeout: it did not come within so many seconds.
            LinkClosed: the other side is gone.
        """
        deadline = monotonic() + timeout_seconds
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        with self._lock:  # one thread reads; what belongs to another is kept for it
            while number not in self._come:
                left = deadline - monotonic()
                if left <= 0 or not poll.poll(left * 1000):
                    raise CallTimeout(f"descriptor {number} did not come within {timeout_seconds:g} s")
                self._take()
            return self._come.pop(number)

    def close(self) -> None:
        """Close this end, and the descriptors that nobody took."""
        self._socket.close()
        while self._come:
            with suppress(OSError):
                os.close(self._come.popitem()[1])

    def _take(self) -> None:
        room = socket.CMSG_SPACE(_DESCRIPTOR_BYTES)
        data, control, _flags, _address = self._socket.recvmsg(_NUMBER.size, room, socket.MSG_CMSG_CLOEXEC)
        descriptors = array.array("i")
        for level, kind, content in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(content[: len(content) - len(content) % _DESCRIPTOR_BYTES])
        if len(data) != _NUMBER.size or len(descriptors) != 1:
            for one in descriptors:
                os.close(one)
            raise LinkClosed("the host sends no descriptors any more")
        self._come[_NUMBER.unpack(data)[0]] = descriptors[0]
