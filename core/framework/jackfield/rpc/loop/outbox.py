"""What an event loop sends: at once where the socket takes it, else when it does, in order and within bounds."""

from __future__ import annotations

import socket
from asyncio import AbstractEventLoop, Future, TimerHandle
from collections import deque
from collections.abc import Callable

from jackfield.errors import ProtocolViolation
from jackfield.rpc.framing import ENCODING_ERRORS, SHORT_BYTES, SHORT_LENGTHS
from jackfield.rpc.link import Link
from jackfield.rpc.packets import send_in_packets

_DONTWAIT = socket.MSG_DONTWAIT


class Outbox:
    """The frames of one link that have not left yet.

    Args:
        link: the link.
        loop: the event loop that drives it.
        moved: told when there is room again.
    """

    __slots__ = (
        "_descriptor",
        "_frames",
        "_full_bytes",
        "_link",
        "_loop",
        "_most_bytes",
        "_moved",
        "_packet_bytes",
        "_send",
        "_timer",
        "_waiters",
        "_writer",
        "waiting_bytes",
    )

    def __init__(self, link: Link, loop: AbstractEventLoop, moved: Callable[[], None]) -> None:
        self._link = link
        self._loop = loop
        self._moved = moved
        self._packet_bytes = link.packet_bytes
        self._most_bytes = link.packet_bytes  # of a frame that leaves in one packet
        self._send, self._writer = link.socket.send, link.writer
        self._descriptor = link.socket.fileno()
        self._frames: deque[memoryview] = deque()
        self._timer: TimerHandle | None = None
        self._waiters: list[Future[None]] = []
        self._full_bytes = link.limits.backlog_bytes // 4
        self.waiting_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether more waits than should; senders that can wait do."""
        return self.waiting_bytes > self._full_bytes

    def send(self, message: object) -> None:
        """Send a message, or put it in line.

        Raises:
            CannotCross: it is no data, or too large; nothing was sent.
            LinkClosed: the other side is gone, or so much waits already that it cannot be reading.
        """
        writer = self._writer
        try:
            body = writer.encode(message)
        except ENCODING_ERRORS as error:
            raise writer.no_data(error) from error
        frame = SHORT_LENGTHS[len(body)] + body if len(body) <= SHORT_BYTES else writer.long(body)
        length = len(frame)
        if self._frames:
            if self.waiting_bytes + len(frame) > self._link.limits.backlog_bytes:
                self._overdue()
                self._link.check()
            self._queue(memoryview(frame))
            return
        try:
            if length < self._most_bytes:
                sent = self._send(frame, _DONTWAIT)
            else:
                sent = send_in_packets(self._send, frame, self._packet_bytes)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._link.lose(error, may_read=True)
            self._link.check()
        if sent != length:
            self.put_in_line(frame, sent)

    def put_in_line(self, frame: bytes, sent: int) -> None:
        """Put what has not left of a frame in line, which is empty.

        Args:
            frame: the whole frame.
            sent: how many bytes have left.
        """
        self._queue(memoryview(frame)[sent:])
        self._loop.add_writer(self._descriptor, self._writable)
        self._restart_timer()

    async def room(self) -> None:
        """Wait until there is room again, or the link has ended."""
        while self.is_full and self._link.ended is None:
            waiter: Future[None] = self._loop.create_future()
            self._waiters.append(waiter)
            await waiter

    def stop(self) -> None:
        """Forget what waits; the socket is not watched any more."""
        if self._frames:
            self._loop.remove_writer(self._descriptor)
        self._frames.clear()
        self.waiting_bytes = 0
        if self._timer is not None:
            self._timer.cancel()
        self._wake()

    def _queue(self, frame: memoryview) -> None:
        self._frames.append(frame)
        self.waiting_bytes += len(frame)

    def _writable(self) -> None:
        was_full = self.is_full
        try:
            while self._frames:
                frame = self._frames[0]
                sent = self._send(frame[: self._packet_bytes], _DONTWAIT)
                self.waiting_bytes -= sent
                if sent < len(frame):
                    self._frames[0] = frame[sent:]
                    continue
                self._frames.popleft()
                self._restart_timer()
        except BlockingIOError:
            pass
        except OSError as error:
            self._link.lose(error, may_read=True)
            return
        if not self._frames:
            self._loop.remove_writer(self._descriptor)
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        if was_full and not self.is_full:
            self._wake()
            self._moved()

    def _restart_timer(self) -> None:
        """Give the frame that is first in line its time; a byte now and then does not prolong it."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(self._link.limits.send_seconds, self._overdue)

    def _overdue(self) -> None:
        self._link.close(ProtocolViolation(f"{self._link.peer} does not read what it is sent"))

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
