"""The control socket of a running host: takes orders of its own user, in threads beside the event loop.

Beside it, because a host whose loop is stuck is the one that has to be asked; and because nobody who asks slowly, or
not at all, may hold up the loop.
"""

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jackfield.application.control import (
    MOST_REQUEST_BYTES,
    PROTOCOL,
    REQUEST_SECONDS,
    error_to_mapping,
    lines_of,
    send,
)
from jackfield.errors import HostUnreachable, JackfieldError, UsageError
from jackfield.isolation import is_of_this_user, listen_for_user
from jackfield.store import Layout

MOST_CLIENTS = 16
"""At the same time; one that follows a log stays."""

SEND_SECONDS = 10.0
"""How long a client may leave what was sent unread."""

_log = logging.getLogger("jackfield.application")

Answers = Callable[[Mapping[str, Any], Callable[[], bool]], Iterator[dict[str, Any]]]
"""Answers a request; asked from time to time whether to go on."""


class ControlSocket:
    """Listens while a host runs. Where it cannot, the host runs all the same and says so in its log.

    Whoever makes one holds the profile's host lock: a socket that is there already was left by a host that is gone.

    Args:
        layout: the profile.
        answers: called with each request, in a thread of its own.
    """

    def __init__(self, layout: Layout, answers: Answers) -> None:
        self._path = layout.control
        self._answers = answers
        self._stopping = threading.Event()
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._free = threading.BoundedSemaphore(MOST_CLIENTS)
        self._clients: set[threading.Thread] = set()

    def start(self) -> None:
        """Listen, in place of whatever a dead host left."""
        try:
            listener = listen_for_user(self._path, MOST_CLIENTS)
        except OSError as error:
            _log.warning("no orders are taken from other terminals: %s: %s", self._path, error)
            return
        if listener is None:
            return
        self._stopping.clear()
        self._listener = listener
        self._thread = threading.Thread(target=self._listen, args=(listener,), name="jackfield: control", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close, take the socket away, and wait a moment for who is being answered."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        self._stopping.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for clients
        listener.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
        for thread in (self._thread, *tuple(self._clients)):
            if thread is not None:
                thread.join(2.0)

    def _listen(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                if self._stopping.wait(0.1):  # too many open files, say: it may pass
                    return
                continue
            if not is_of_this_user(connection):
                connection.close()
                continue
            if not self._free.acquire(blocking=False):
                _refuse(connection)
                continue
            thread = threading.Thread(target=self._serve, args=(connection,), name="jackfield: order", daemon=True)
            self._clients.add(thread)
            try:
                thread.start()
            except RuntimeError:  # the system has no thread left just now: this order is lost, later ones are taken
                self._clients.discard(thread)
                self._free.release()
                connection.close()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with contextlib.closing(connection), contextlib.suppress(OSError):
                self._answer(connection)
        finally:
            self._free.release()
            self._clients.discard(threading.current_thread())

    def _answer(self, connection: socket.socket) -> None:
        try:
            lines = lines_of(connection, most_bytes=MOST_REQUEST_BYTES, seconds=REQUEST_SECONDS)
            request = next(lines, None)
            if request is None:
                return
            _require_protocol(request)
            connection.settimeout(SEND_SECONDS)
            for answer in self._answers(request, lambda: self._goes_on(connection)):
                send(connection, {"answer": answer})
        except JackfieldError as error:
            connection.settimeout(SEND_SECONDS)
            send(connection, {"error": error_to_mapping(error)})
            _drain(connection)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever an order ran into is told to who gave it)
            _log.exception("an order could not be carried out")
            send(connection, {"error": {"kind": "JackfieldError", "message": f"{type(error).__name__}: {error}"}})

    def _goes_on(self, connection: socket.socket) -> bool:
        """Whether the host runs on and the client is still there."""
        if self._stopping.is_set():
            return False
        connection.setblocking(False)
        try:
            return connection.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        finally:
            connection.settimeout(SEND_SECONDS)


def _refuse(connection: socket.socket) -> None:
    """Say why it is not answered, without waiting for who asks: others are to be heard."""
    busy = HostUnreachable(
        f"the running host answers {MOST_CLIENTS} others already", hint="end one of them, as a jackfield logs --follow"
    )
    with contextlib.closing(connection), contextlib.suppress(OSError):
        connection.setblocking(False)
        send(connection, {"error": error_to_mapping(busy)})
        connection.shutdown(socket.SHUT_WR)


def _drain(connection: socket.socket) -> None:
    """Read on a little: closed with something unread, a connection is reset, and the answer with it."""
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(1.0)
    for _ in range(64):
        if not connection.recv(1 << 16):
            return


def _require_protocol(request: Mapping[str, Any]) -> None:
    if request.get("jackfield") != PROTOCOL:
        raise UsageError(f"the host speaks protocol {PROTOCOL}", hint="use the jackfield of its environment")
