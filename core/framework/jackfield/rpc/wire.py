"""Receiving and sending messages by waiting, each within a deadline.

A deadline is one for the whole: who sends a byte a second does not move it. Nothing is received with control messages,
so descriptors that somebody sends are closed by the kernel.
"""

from __future__ import annotations

import select
import socket
import struct
from time import monotonic
from typing import NoReturn

from jackfield.errors import LinkClosed, ProtocolViolation
from jackfield.rpc.link import Link
from jackfield.rpc.messages import Goodbye, Message
from jackfield.rpc.turns import Turn, never

FOREVER = float("inf")
_DONTWAIT = socket.MSG_DONTWAIT
_TIMEVAL = struct.Struct("ll")
#: A receive timeout that is set already is kept while it is this near: setting it is a system call.
NEAR_SECONDS = 0.001


class ReceiveTimeout(Exception):
    """No whole message before the deadline."""


class Wire:
    """The socket of a link, for threads that may wait.

    Args:
        link: the link.
        turn: whose turn it is to read.

    Attributes:
        receive_seconds: after which a receive ends, as the socket has it; infinity never equals it.
        sending: whose turn it is to send: frames leave whole, and ids in their order.
    """

    __slots__ = (
        "_link",
        "_packet_bytes",
        "_recv_into",
        "_send",
        "_socket",
        "_turn",
        "receive_seconds",
        "sending",
    )

    def __init__(self, link: Link, turn: Turn) -> None:
        self._link = link
        self._socket = link.socket
        self._send, self._recv_into = link.socket.send, link.socket.recv_into
        self._packet_bytes = link.packet_bytes
        self._turn = turn
        self.receive_seconds = -1.0  # as the socket has it: not known yet, for another driver may have set it
        self.sending = Turn()

    def answer(self, message: object) -> None:
        """Send a message when it is this thread's turn; nothing is sent where the link has ended.

        Raises:
            CannotCross: it is no data, or too large; nothing was sent.
            LinkClosed: the other side is gone, or did not read for too long.
        """
        if self._link.ended is None:
            with self.sending:
                self.write(message, FOREVER)

    def read(self, body: memoryview) -> Message:
        """The message in a frame.

        Raises:
            LinkClosed: it is none.
        """
        try:
            return self._link.message(body)
        except ProtocolViolation as error:
            self.refuse(error)

    def receive(self, deadline: float) -> Message:
        """The next message.

        Args:
            deadline: in seconds of `time.monotonic()`.

        Raises:
            ReceiveTimeout: it has not come whole before the deadline.
            LinkClosed: the other side is gone, or has sent what is no message.
        """
        link, reader = self._link, self._link.reader
        while True:
            if link.ended is not None:
                link.check()
            if reader.waiting_bytes:
                try:
                    message = link.next_message()
                except ProtocolViolation as error:
                    self.refuse(error)
                if message is not None:
                    return message
            if deadline != FOREVER:  # who has for ever may be woken in between, by a limit that was set for another
                self._limit_receiving_until(deadline)
            try:
                count = self._recv_into(reader.room())
            except BlockingIOError:
                if deadline != FOREVER:
                    raise ReceiveTimeout from None
                self.limit_receiving(0)
                continue
            except OSError as error:
                self.gone(error)
            if not count:
                self.gone(None)
            reader.received(count)

    def waiting(self) -> Message | None:
        """The next message, if it has been received whole.

        Raises:
            LinkClosed: the other side has sent what is no message.
        """
        try:
            return self._link.next_message()
        except ProtocolViolation as error:
            self.refuse(error)

    def write(self, message: object, deadline: float) -> None:
        """Send a message; `sending` must be held, for a frame leaves whole.

        Raises:
            CannotCross: it is no data, or too large; nothing was sent.
            LinkClosed: the other side is gone, or did not read for too long.
        """
        frame = self._link.writer.frame(message)
        try:
            sent = self._send(frame, _DONTWAIT) if len(frame) <= self._packet_bytes else 0
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self.gone(error)
        if sent != len(frame):
            self.send_rest(frame, sent, deadline)

    def whisper(self, message: object, *, wait_seconds: float = 0.0) -> None:
        """Send a message if it leaves at once; one that does not is left out.

        Args:
            message: what to send.
            wait_seconds: how long another thread may take that sends at the moment.
        """
        if not self.sending.take_if_free() and not self._may_send(wait_seconds):
            return
        try:
            frame = self._link.writer.frame(message)
            sent = self._socket.send(frame, socket.MSG_DONTWAIT)
        except OSError:
            return
        finally:
            self.sending.leave()
        if sent < len(frame):
            self._link.close(LinkClosed(f"{self._link.peer} does not read what it is sent"))

    def _may_send(self, seconds: float) -> bool:
        if not seconds or self.sending.is_mine:  # by who was interrupted in it
            return False
        try:
            return self.sending.take(never, monotonic() + seconds)
        except TimeoutError:
            return False

    def end(self, reason: LinkClosed, *, wait_seconds: float = 0.0) -> None:
        """Tell the other side why, if it can be told at once, and end the link; see `whisper`."""
        if self._link.ended is None:
            self.whisper(Goodbye(reason.message[:1000]), wait_seconds=wait_seconds)
            self._link.close(reason)
        self._turn.wake()

    def refuse(self, violation: ProtocolViolation) -> NoReturn:
        """End the link for what the other side did.

        Raises:
            ProtocolViolation: always.
        """
        self.end(violation)
        raise violation

    def _limit_receiving_until(self, deadline: float) -> None:
        seconds = deadline - monotonic()
        if seconds <= 0:
            raise ReceiveTimeout
        if abs(seconds - self.receive_seconds) > NEAR_SECONDS:
            self.limit_receiving(seconds)

    def limit_receiving(self, seconds: float) -> None:
        """Let a receive end after so many seconds; 0 for never."""
        if seconds == self.receive_seconds:
            return
        whole = int(seconds)
        microseconds = int((seconds - whole) * 1e6)
        if seconds and not whole:
            microseconds = max(microseconds, 1)  # nothing would be no limit
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TIMEVAL.pack(whole, microseconds))
        except OSError as error:
            self.gone(error)
        self.receive_seconds = seconds

    def send_rest(self, frame: bytes, sent: int, deadline: float) -> None:
        """Send what of a frame has not left at once; the turn to send is held."""
        with memoryview(frame) as whole, whole[sent:] as rest:
            self._write_rest(rest, min(deadline, monotonic() + self._link.limits.send_seconds))

    def _write_rest(self, rest: memoryview, deadline: float) -> None:
        """Send what did not leave at once, and take in what comes meanwhile: the other side may be sending as well."""
        reader, backlog = self._link.reader, self._link.limits.backlog_bytes
        taken = not self._turn.is_mine and self._turn.take_if_free()
        may_read = taken or self._turn.is_mine
        poll = select.poll()
        sent = 0
        try:
            while sent < len(rest):
                left = deadline - monotonic()
                if left <= 0:
                    self._link.close(LinkClosed(f"{self._link.peer} does not read what it is sent"))
                    self._link.check()
                reads = may_read and reader.waiting_bytes < backlog
                poll.register(self._socket, select.POLLOUT | (select.POLLIN if reads else 0))
                for _, event in poll.poll(min(left, 3600) * 1000):
                    if event & select.POLLIN:
                        self._take_in()
                    if event & ~select.POLLIN:
                        sent += self._send_some(rest[sent : sent + self._packet_bytes])
        except OSError as error:
            self.gone(error)
        except ValueError as error:  # another thread has closed the socket, and so it has no number
            self.gone(OSError(str(error)))
        except BaseException:  # it was interrupted: what is sent next would be read as the rest of this
            if self._link.ended is None:
                self._link.close(LinkClosed(f"a message to {self._link.peer} was interrupted half way"))
            raise
        finally:
            if taken:
                self._turn.leave()

    def _take_in(self) -> None:
        reader = self._link.reader
        try:
            count = self._socket.recv_into(reader.room(), 0, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        if not count:
            self.gone(None)
        reader.received(count)

    def _send_some(self, part: memoryview) -> int:
        try:
            return self._socket.send(part, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        finally:
            part.release()

    def gone(self, error: OSError | None) -> NoReturn:
        """End the link because its other end is closed.

        Raises:
            LinkClosed: always.
        """
        free = not self._turn.is_mine and self._turn.take_if_free()
        try:
            self._link.lose(error, may_read=free or self._turn.is_mine)
        finally:
            if free:
                self._turn.leave()
        self._turn.wake()
        self._link.check()
        raise AssertionError("a link that has ended knows why")
