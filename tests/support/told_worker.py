"""What the tests' workers do with their life: run the source that comes, and send back what came of it.

It is loaded in the zygote, so it imports nothing but the standard library.
"""

import json
import socket
from collections.abc import Callable
from typing import Any

MOST_BYTES = 1 << 18


def prepare(calls: socket.socket, files: socket.socket) -> Callable[[Any], None]:
    """Be told source code, a packet each; answer with the value of its name `told`, or with what it raised."""

    def serve(spec: Any) -> None:
        known: dict[str, Any] = {"spec": spec, "calls": calls, "files": files}
        while source := calls.recv(MOST_BYTES):
            calls.send(json.dumps(_outcome(source, known), default=repr).encode())

    return serve


def _outcome(source: bytes, known: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"value": None, "raised": None, "detail": "", "errno": None}
    try:
        exec(compile(source, "<told>", "exec"), known)
        answer["value"] = known.pop("told", None)
    except BaseException as exc:  # noqa: BLE001 (whatever it is, the test is told)
        answer |= {"raised": type(exc).__name__, "detail": str(exc), "errno": getattr(exc, "errno", None)}
    return answer
