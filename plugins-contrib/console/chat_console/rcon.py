"""A client of Source RCON, by which game servers take commands over TCP."""

import socket
import struct
from itertools import count

MOST_BYTES = 4096 + 16
"""Of one packet; longer ones are no answers."""

_AUTHENTICATE, _EXECUTE, _ANSWER = 3, 2, 0


class RconConnection:
    """One connection.

    Args:
        address: of the server.
        port: of its RCON.
        password: of its RCON.
    """

    def __init__(self, address: str, port: int, password: str, *, logger: object = None) -> None:
        self._where = (address, port)
        self._password = password
        self._socket: socket.socket | None = None
        self._numbers = count(1)

    def connect(self, timeout: float = 5.0) -> bool:
        """Connect and log in; False where the password is wrong.

        Raises:
            OSError: nobody answers.
        """
        self.disconnect()
        self._socket = socket.create_connection(self._where, timeout=timeout)
        number = next(self._numbers)
        self._send(number, _AUTHENTICATE, self._password)
        answered, _, _ = self._receive()
        if answered != number:
            self.disconnect()
        return answered == number

    def disconnect(self) -> None:
        """Close the connection."""
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()

    def send_command(self, command: str, max_retry_time: int = 3) -> str | None:
        """Send a command and return its answer; None where the connection is lost."""
        try:
            number, end = next(self._numbers), next(self._numbers)
            self._send(number, _EXECUTE, command)
            self._send(end, _ANSWER, "")  # its echo comes after the last part of the answer
            parts: list[str] = []
            while True:
                answered, _, text = self._receive()
                if answered == end:
                    return "".join(parts)
                parts.append(text)
        except OSError:
            self.disconnect()
            return None

    def _send(self, number: int, kind: int, text: str) -> None:
        if self._socket is None:
            raise ConnectionError("not connected")
        body = struct.pack("<ii", number, kind) + text.encode() + b"\0\0"
        self._socket.sendall(struct.pack("<i", len(body)) + body)

    def _receive(self) -> tuple[int, int, str]:
        (size,) = struct.unpack("<i", self._exactly(4))
        if not 10 <= size <= MOST_BYTES:
            raise ConnectionError(f"a packet of {size} bytes")
        body = self._exactly(size)
        number, kind = struct.unpack("<ii", body[:8])
        return number, kind, body[8:-2].decode(errors="replace")

    def _exactly(self, size: int) -> bytes:
        if self._socket is None:
            raise ConnectionError("not connected")
        received = b""
        while len(received) < size:
            part = self._socket.recv(size - len(received))
            if not part:
                raise ConnectionError("the server closed the connection")
            received += part
        return received
