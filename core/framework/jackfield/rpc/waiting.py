"""Waiting for something in this process and for messages at once, in one thread."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from time import monotonic

from jackfield.rpc.link import Link
from jackfield.rpc.messages import Message
from jackfield.rpc.wire import FOREVER, Wire


def wait_beside(
    link: Link,
    wire: Wire,
    take: Callable[[Message], None],
    done: Callable[[], bool],
    woken: socket.socket,
    deadline: float,
) -> None:
    """Take what comes until something else is there; the turn to read is this thread's.

    Args:
        link: where messages come from.
        wire: its socket.
        take: is given each message.
        done: whether what is waited for is there.
        woken: receives a byte when `done` is to be asked again.
        deadline: when to give up, in seconds of `time.monotonic()`.

    Raises:
        LinkClosed: the connection has ended.
    """
    poll = select.poll()
    poll.register(link.socket, select.POLLIN)
    poll.register(woken, select.POLLIN)
    while not done() and (left := deadline - monotonic()) > 0:
        link.check()
        if link.reader.waiting_bytes and (message := wire.waiting()) is not None:
            take(message)
            continue
        for descriptor, _ in poll.poll(min(left, 3600) * 1000):
            if descriptor == woken.fileno():
                woken.recv(64)
            else:
                take(wire.receive(FOREVER))
