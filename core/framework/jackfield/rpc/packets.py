"""Sockets that keep packets apart, which Linux passes from one process to another at less cost than a stream.

Frames are the same there. Most of them are one packet, and come alone; larger ones are sent in several, none of which
is larger than the least room that a receiver has for the next bytes, for what finds no room is lost.
"""

import socket
import sys
from collections.abc import Callable

from jackfield.rpc.framing import LEAST_ROOM_BYTES

_ANY_BYTES = 1 << 62


def connected_pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends of the quickest way for frames between two processes of this machine.

    Raises:
        OSError: this process has too many descriptors open.
    """
    kind = socket.SOCK_SEQPACKET if sys.platform.startswith("linux") else socket.SOCK_STREAM
    return socket.socketpair(socket.AF_UNIX, kind)


def most_at_once(connection: socket.socket) -> int:
    """Return how many bytes may be sent over a socket in one call."""
    return LEAST_ROOM_BYTES if connection.type == socket.SOCK_SEQPACKET else _ANY_BYTES


def send_in_packets(send: Callable[[memoryview, int], int], frame: bytes, packet_bytes: int) -> int:
    """Send of a frame what leaves at once and return how many bytes that was.

    Args:
        send: of the socket.
        frame: the whole frame.
        packet_bytes: of each packet, at most.

    Raises:
        OSError: the other side is gone.
    """
    sent = 0
    with memoryview(frame) as whole:
        try:
            while sent < len(frame):
                with whole[sent : sent + packet_bytes] as part:
                    sent += send(part, socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass
    return sent
