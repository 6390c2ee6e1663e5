"""What both ends of a host's control socket agree on: lines of JSON, their bounds, who may speak, where it lies.

A request is one line, `{"jackfield": 1, "command": "stats", …}`. The answer is one line `{"answer": {…}}`, or several
where a command goes on, or `{"error": {"kind": …, "message": …}}`; then the host closes. Fields that one end does not
know it leaves alone; another number under `jackfield` is another protocol.
"""

import json
import socket
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any

from jackfield.errors import JackfieldError, UsageError

PROTOCOL = 1
MOST_REQUEST_BYTES = 64 << 10
MOST_ANSWER_BYTES = 32 << 20
"""Of one line: every stack of a host with a thousand tasks fits many times."""

REQUEST_SECONDS = 5.0
"""How long a client may take for its line."""


def send(connection: socket.socket, message: Mapping[str, Any]) -> None:
    """Send one line.

    Raises:
        OSError: the other end is gone, or does not read.
    """
    connection.sendall(json.dumps(message, separators=(",", ":")).encode() + b"\n")


def lines_of(connection: socket.socket, *, most_bytes: int, seconds: float | None = None) -> Iterator[dict[str, Any]]:
    """Yield what the other end sends, line by line, until it closes.

    Args:
        connection: to the other end.
        most_bytes: of one line.
        seconds: how long all of it may take, however slowly it comes; None: the connection's time for each piece.

    Raises:
        UsageError: a line is longer than it may be, or is no JSON object.
        OSError: nothing came in time.
    """
    held = bytearray()
    end_at = monotonic() + seconds if seconds is not None else None
    while True:
        end = held.find(b"\n")
        if end >= 0:
            line = bytes(held[:end])
            del held[: end + 1]
            yield _object(line)
            continue
        if len(held) > most_bytes:
            raise UsageError(f"a line of more than {most_bytes} bytes")
        if end_at is not None:
            connection.settimeout(max(end_at - monotonic(), 0.001))
        more = connection.recv(1 << 16)
        if not more:
            return
        held += more


def error_to_mapping(error: JackfieldError) -> dict[str, Any]:
    """Return an error as it crosses the socket."""
    told = {"kind": type(error).__name__, "message": error.message, "plugin": error.plugin, "hint": error.hint}
    return {name: value for name, value in told.items() if value is not None}


def error_from_mapping(mapping: Mapping[str, Any]) -> JackfieldError:
    """Return the error that crossed the socket; of a kind that is not known here, the general one."""
    from jackfield import errors

    kind = getattr(errors, str(mapping.get("kind")), JackfieldError)
    if not (isinstance(kind, type) and issubclass(kind, JackfieldError)):
        kind = JackfieldError
    told: dict[str, Any] = {name: mapping.get(name) for name in ("plugin", "hint")}
    try:
        return kind(str(mapping.get("message")), **told)
    except TypeError:  # one that is made of more than that
        return JackfieldError(str(mapping.get("message")), **told)


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError("a line that is no JSON") from error
    if not isinstance(found, dict):
        raise UsageError("a line that is no JSON object")
    return found
