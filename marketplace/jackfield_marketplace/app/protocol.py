"""HTTP/1.1 with a reason of our own in the status line: twine shows that line of a refused upload and nothing else."""

from __future__ import annotations

from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from jackfield_marketplace.api import REASON_HEADER

_HEADER = REASON_HEADER.lower().encode()


def _with_reason(event: Any) -> Any:
    """The response with the reason header's text in place of the status's own phrase."""
    if isinstance(event, h11.Response):
        for name, value in event.headers:
            if name == _HEADER:
                return h11.Response(status_code=event.status_code, headers=list(event.headers), reason=value)
    return event


class ReasonProtocol(H11Protocol):
    """uvicorn's own protocol, whose connection sends such a response; ASGI has no words for a reason phrase."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        send = self.conn.send
        # On the instance: uvicorn makes the connection itself and lets nobody choose its class.
        self.conn.send = lambda event: send(_with_reason(event))  # type: ignore[method-assign]  # one overload
