"""A client that goes away in the middle of what it sends."""

from __future__ import annotations

import socket
import struct
from urllib.parse import urlsplit


def break_off(address: str, head: str, body: bytes, *, reset: bool) -> None:
    """Send the head of a request and the beginning of its body, and be gone.

    Args:
        address: of the server.
        head: the request's line and headers of its own, a line each.
        body: less than the 1000 bytes that are announced.
        reset: whether the connection is reset, as when a program dies; else it is closed.
    """
    at = urlsplit(address)
    with socket.create_connection((at.hostname or "", at.port or 0), timeout=20) as connection:
        lines = [*head.splitlines(), f"Host: {at.netloc}", "Content-Length: 1000", "", ""]
        connection.sendall("\r\n".join(lines).encode() + body)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
