"""A client that costs next to nothing: requests written out before, answers read and not understood."""

from __future__ import annotations

import re
import socket
from types import TracebackType
from typing import Self

JSON = "application/vnd.pypi.simple.v1+json"
TIMEOUT_SECONDS = 60

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


def page_request(path: str, accept: str = f"{JSON}, text/html;q=0.01") -> bytes:
    """A request for a page of the index, as an installer asks."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: pip/26.3\r\n"
        f"Accept: {accept}\r\nConnection: keep-alive\r\n\r\n"
    ).encode()


class Client:
    """One connection to a port of the loopback, opened again where the server closes it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def fetch(self, request: bytes) -> bytes:
        """Send a request and return the body of its answer, which must be 200.

        Raises:
            ValueError: it was not.
        """
        link = self._socket or self._open()
        received = _ask(link, request)
        if not received:  # it was closed meanwhile, for want of requests
            self.close()
            link = self._open()
            received = _ask(link, request)
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more(link)
        head = received[:end]
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
            raise ValueError(received[:300].decode(errors="replace"))
        body = received[end + 4 :]
        length = _LENGTH.search(head)
        if length:
            while len(body) < int(length[1]):
                body += self._more(link)
        elif _CHUNKED.search(head):
            while not body.endswith(b"0\r\n\r\n"):
                body += self._more(link)
        else:
            while piece := link.recv(65536):
                body += piece
        if not (length or _CHUNKED.search(head)) or _CLOSES.search(head) or head.startswith(b"HTTP/1.0"):
            self.close()
        return body

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self) -> socket.socket:
        self._socket = socket.create_connection(("127.0.0.1", self._port), TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _more(self, link: socket.socket) -> bytes:
        piece = link.recv(65536)
        if not piece:
            raise ValueError("the answer ends early")
        return piece

    def __enter__(self) -> Self:
        """Use it in a block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()


def _ask(link: socket.socket, request: bytes) -> bytes:
    """The first bytes of the answer; none where the connection is closed."""
    try:
        link.sendall(request)
        return link.recv(65536)
    except ConnectionError:
        return b""
