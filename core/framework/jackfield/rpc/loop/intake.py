"""What an event loop receives on one link: in portions, and not while the other side does not read."""

from __future__ import annotations

import socket
from asyncio import AbstractEventLoop
from collections.abc import Callable

from jackfield.errors import LinkClosed, ProtocolViolation
from jackfield.rpc.link import Link
from jackfield.rpc.messages import Message

#: The messages of one link that are taken before others have their turn.
MESSAGES_A_TURN = 100


class Intake:
    """Watches the socket of one link.

    Args:
        link: the link.
        loop: the event loop that drives it.
        take: is given each message.
        is_held: whether nothing is to be taken now.
        refuse: is given what the other side has broken.
    """

    __slots__ = ("_continuing", "_descriptor", "_is_held", "_link", "_loop", "_refuse", "_socket", "_take", "_watching")

    def __init__(
        self,
        link: Link,
        loop: AbstractEventLoop,
        take: Callable[[Message], None],
        is_held: Callable[[], bool],
        refuse: Callable[[ProtocolViolation], None],
    ) -> None:
        self._link = link
        self._loop = loop
        self._take = take
        self._is_held = is_held
        self._refuse = refuse
        self._socket = link.socket
        self._descriptor = link.socket.fileno()
        self._watching = False
        self._continuing = False

    def start(self) -> None:
        """Watch the socket, and take what was received before."""
        if self._watching or self._continuing or self._link.ended is not None:
            return
        if self._link.reader.waiting_bytes:  # left when reading was stopped, or by another driver
            self._continuing = True
            self._loop.call_soon(self._go_on)
        else:
            self._watch()

    def stop(self) -> None:
        """Receive nothing more until `start`."""
        if self._watching:
            self._watching = False
            self._loop.remove_reader(self._descriptor)

    def _watch(self) -> None:
        self._watching = True
        self._loop.add_reader(self._descriptor, self._readable)

    def _readable(self) -> None:
        link = self._link
        try:
            count = self._socket.recv_into(link.reader.room(), 0, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError as error:
            link.lose(error, may_read=False)
            return
        if not count:
            link.lose(None, may_read=False)
            return
        link.reader.received(count)
        self._take_messages()

    def _take_messages(self) -> None:
        link, take = self._link, self._take
        try:
            for _ in range(MESSAGES_A_TURN):
                message = link.next_message()
                if message is None:
                    return
                take(message)
                if link.ended is not None:
                    return
                if self._is_held():
                    self.stop()
                    return
        except ProtocolViolation as error:
            self._refuse(error)
            return
        except LinkClosed:
            return  # whoever ended it has said why
        self.stop()
        self.start()  # after the others' turn, and before more is received

    def _go_on(self) -> None:
        self._continuing = False
        if self._link.ended is None and not self._is_held():
            self._watch()
            self._take_messages()
