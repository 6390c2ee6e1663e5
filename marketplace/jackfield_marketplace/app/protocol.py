"""HTTP/1.1 as uvicorn speaks it over httptools, with two things of our own.

A reason in the status line: twine shows that line of a refused upload and nothing else. And a bound on the head of a
request, which the parser keeps in memory and does not limit by itself.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from jackfield_marketplace.api import REASON_HEADER

MOST_HEAD_BYTES = 64 * 1024
"""Of one request: its first line and all headers."""

_REASON = REASON_HEADER.lower().encode()
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 32\r\nconnection: close\r\n\r\nthe head of the request is over\n"
)


class ReasonProtocol(HttpToolsProtocol):
    """uvicorn's own protocol; ASGI has no words for a reason phrase, so `X-Reason` carries it to here."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_head = True
        self._head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Parse; end the connection where a head does not end."""
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
                self.transport.write(_TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """It has ended, and what follows is counted by whoever reads it."""
        self._in_head = False
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle.scope["method"] == "POST":
            # Only uploads are refused with a reason; pages are not to pay for it.
            cycle.send = partial(_send_with_reason, cycle, cycle.send)  # type: ignore[method-assign]  # one cycle's own
        super()._start_asgi_task(cycle, app)


class _StatusLine:
    """Stands before the connection while the head of one answer is written, and puts the reason in."""

    def __init__(self, transport: Any, reason: bytes) -> None:
        self._transport = transport
        self._reason = reason

    def write(self, data: bytes) -> None:
        """Write the head with another first line."""
        line, end, rest = data.partition(b"\r\n")
        version, status = line.split(b" ", 2)[:2]
        self._transport.write(b" ".join((version, status, self._reason)) + end + rest)


async def _send_with_reason(cycle: RequestResponseCycle, send: Any, message: Any) -> None:
    reason = next((value for name, value in message.get("headers", ()) if name == _REASON), None)
    if reason is None:
        await send(message)
        return
    transport = cycle.transport
    cycle.transport = _StatusLine(transport, reason)  # type: ignore[assignment]  # it is only written to
    try:
        await send(message)
    finally:
        cycle.transport = transport
