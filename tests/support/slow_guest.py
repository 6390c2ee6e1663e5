"""A program with a valid key that lets its host wait: it never answers, drips or is late, and comes again and again."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Literal

import msgspec
from jackfield.host import Host

from tests.support.guests import frame

#: How it lets wait: `mute` says nothing, `drips` answers byte by byte, `late` answers at once and late, `leaves` goes
#: instead of answering.
Manner = Literal["mute", "drips", "late", "leaves"]

_ANSWERS: dict[str, object] = {
    "plugin.load": {"callbacks": ["on_load", "on_enable"]},
    "plugin.callback": {},
    "scope.open": None,
    "scope.close": [],
    "plugin.health": None,
}


class SlowGuest:
    """Connects from a thread of its own until it is told to end.

    Args:
        host: to which it connects.
        key: by which it is let in.
        manner: how it lets wait.
        seconds: how long it takes for each answer.
        by_socket: by the unix socket, and not by TCP.

    Attributes:
        asked: what its host asked of it, over all its connections, in order.
        starts: for each of its starts, when it began and when its connection ended, on the clock `time.monotonic`.
    """

    def __init__(self, host: Host, key: str, manner: Manner, seconds: float, *, by_socket: bool = False) -> None:
        self._host = host
        self._key = key
        self._manner = manner
        self._seconds = seconds
        self._by_socket = by_socket
        self._over = threading.Event()
        self.asked: list[str] = []
        self.starts: list[tuple[float, float]] = []
        self._thread = threading.Thread(target=self._come_again, daemon=True)

    def begin(self) -> None:
        """Connect from now on."""
        self._thread.start()

    def end(self) -> None:
        """Connect no more."""
        self._over.set()
        self._thread.join(10)

    def _come_again(self) -> None:
        while not self._over.is_set():
            began = len(self.asked)
            with contextlib.suppress(OSError), self._connection() as connection:  # the host may have stopped
                self._serve(connection)
            if len(self.asked) > began:
                self.starts[-1] = self.starts[-1][0], time.monotonic()
            self._over.wait(0.02)

    def _connection(self) -> socket.socket:
        if not self._by_socket:
            return socket.create_connection(("127.0.0.1", self._host.gate.port or 0), timeout=20)
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(self._host.layout.plugin_socket))
        except OSError:
            connection.close()
            raise
        return connection

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(0.05)
        connection.sendall(frame(0, "jackfield", 1, 1, 1 << 20, {"key": self._key}))
        held = b""
        while not self._over.is_set():
            try:
                portion = connection.recv(4096)
            except TimeoutError:
                continue
            if not portion:
                return
            held += portion
            while len(held) >= 4 and len(held) >= 4 + (size := int.from_bytes(held[:4], "little")):
                message, held = msgspec.msgpack.decode(held[4 : 4 + size]), held[4 + size :]
                if message[0] == 1:
                    self._answer(connection, message[1], message[2])

    def _answer(self, connection: socket.socket, number: int, method: str) -> None:
        self.asked.append(method)
        if method == "plugin.load":
            self.starts.append((time.monotonic(), time.monotonic()))
        answer = frame(2, number, _ANSWERS[method])
        if self._manner == "mute":
            return
        if self._manner == "drips":
            for place in range(len(answer)):
                self._wait(connection, self._seconds / len(answer))
                connection.sendall(answer[place : place + 1])
            return
        self._wait(connection, self._seconds)
        if self._manner == "leaves":
            raise ConnectionResetError("it goes")
        connection.sendall(answer)

    def _wait(self, connection: socket.socket, seconds: float) -> None:
        """Wait, but not once its host has ended the connection or says why it is about to."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._over.wait(0.01):
            with contextlib.suppress(TimeoutError, BlockingIOError):
                connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
                raise ConnectionResetError("the host has said goodbye")


@contextlib.contextmanager
def slow_guest(host: Host, key: str, manner: Manner, seconds: float, *, by_socket: bool = False) -> Iterator[SlowGuest]:
    """One that connects within the block."""
    guest = SlowGuest(host, key, manner, seconds, by_socket=by_socket)
    guest.begin()
    try:
        yield guest
    finally:
        guest.end()
