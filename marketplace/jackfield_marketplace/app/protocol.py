"""HTTP/1.1 as uvicorn speaks it over httptools, with five things of our own.

Answers of the index that are ready are written where the head of a request ends, without a task. A refused upload has
its reason in the status line: twine shows that line and nothing else. The head of a request is bounded: the parser
keeps it in memory and does not limit it by itself. What a client sends has its time, and what it is to read, too: each
connection takes a descriptor, of which there are a thousand or so. And the answer to a POST goes out in one write.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from jackfield_marketplace.api import REASON_HEADER
from jackfield_marketplace.app.front import Front

MOST_HEAD_BYTES = 64 * 1024
"""Of one request: its first line and all headers."""

HEAD_SECONDS = 20.0
"""Until the head of a request is there, from its first byte, or from the beginning of the connection."""

BODY_SECONDS = 60.0
"""In which `LEAST_BODY_BYTES` of a body come, or its end."""

LEAST_BODY_BYTES = 30_000
"""500 a second, as Apache asks (mod_reqtimeout, `MinRate`): who sends a byte a minute would keep a connection too."""

UNREAD_SECONDS = 60.0
"""In which a client reads something of what lies ready for it, as nginx has it (`send_timeout`)."""

_REASON = REASON_HEADER.lower().encode()
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 36\r\nconnection: close\r\n\r\nthe head of the request is too long\n"
)


class IndexProtocol(HttpToolsProtocol):
    """uvicorn's own protocol, for an application that may be a `Front`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._front = self.config.app if isinstance(self.config.app, Front) else None
        self._in_head = True
        self._head_bytes = 0
        self._answered = False
        self._is_whole = True
        self._body_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._unread_bytes = 0
        self._unread_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for the first head."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_timer()
        self._stop_unread_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; end the connection where a head does not end, and see to it that what has begun goes on."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self.transport.write(_TOO_LARGE)
                self.transport.close()
                return
        elif self._is_in_body():
            self._body_bytes += len(data)
        elif self._is_answering() or self.timeout_keep_alive_task is not None:
            return  # else it was the end of a body that nobody read, or an empty line, and nothing else waits for more
        if self._timer is None:  # most requests come whole: they need none
            self._start_timer()

    def _start_timer(self) -> None:
        self._body_bytes = 0
        self._timer = self.loop.call_later(BODY_SECONDS if self._is_in_body() else HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._timer = None
        if self._is_in_body():
            goes_on = self.flow.read_paused or self._body_bytes >= LEAST_BODY_BYTES
        else:
            goes_on = self._is_answering()
        if goes_on or self.pipeline:  # what was sent ahead is read on once the answer before it has gone
            self._start_timer()
        else:
            self.transport.close()

    def _is_in_body(self) -> bool:
        return not self._in_head and not self._is_whole

    def _is_answering(self) -> bool:
        last: RequestResponseCycle | None = self.cycle
        return bool(self.pipeline) or (last is not None and not last.response_complete)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def pause_writing(self) -> None:
        """Wait for the client to read, with all that is still to be written."""
        super().pause_writing()
        self._watch_unread()

    def resume_writing(self) -> None:
        """Write on: it has read enough."""
        self._stop_unread_timer()
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Go on with what was sent ahead; the end of this answer may still have to be read."""
        super().on_response_complete()
        self._watch_unread()

    def _watch_unread(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        if waiting and self._unread_timer is None:
            self._unread_bytes = waiting
            self._unread_timer = self.loop.call_later(UNREAD_SECONDS, self._give_up_unread)

    def _give_up_unread(self) -> None:
        self._unread_timer = None
        if self._unread_bytes <= self.transport.get_write_buffer_size():
            self.transport.abort()  # to close it would wait for the rest to be read
        else:
            self._watch_unread()

    def _stop_unread_timer(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def on_message_begin(self) -> None:
        """A head begins; its scope is made when it is known to be needed."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._in_head, self._head_bytes, self._answered, self._is_whole = True, 0, False, False

    def on_headers_complete(self) -> None:
        """Answer at once if the answer lies ready, else let uvicorn start a task."""
        self._in_head = False
        self._stop_timer()
        if self._front is not None and self._answer(self._front):
            return
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)  # the list that the scope has
        super().on_headers_complete()

    def _answer(self, front: Front) -> bool:
        # Behind an answer that is still being made, or before a reader who has stopped, uvicorn knows how to wait.
        if self._is_answering() or self.flow.write_paused or self.parser.should_upgrade():
            return False
        if self.parser.get_method() != b"GET":
            return False
        answer = front.ready(self.url, self.headers)
        if answer is None:
            return False
        closes = self.parser.get_http_version() == "1.0" or not self.parser.should_keep_alive()
        extra = self.server_state.default_headers
        self.transport.write(answer.wire([*extra, (b"connection", b"close")] if closes else extra, self.headers))
        self._answered = True
        if closes:
            self.transport.close()
        self.on_response_complete()
        return True

    def on_body(self, body: bytes) -> None:
        """Pass it on, unless the answer has gone out without it."""
        if not self._answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Say so to whoever reads the body, if anyone does."""
        self._is_whole = True
        self._stop_timer()
        if not self._answered:
            super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle.scope["method"] == "POST":  # pages lie ready, or are streamed, and are not to pay for it
            cycle.send = _AnswerToPost(cycle)  # type: ignore[method-assign]  # one cycle's own
        super()._start_asgi_task(cycle, app)


class _AnswerToPost:
    """Stands before the connection while one answer is written.

    The head goes out with the beginning of the body: a write of its own takes as long as reading a form, and wakes a
    client that has to wait again. The reason of a refusal is put into the status line.
    """

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle
        self._send = cycle.send
        self._transport: Any = cycle.transport
        self._reason: bytes | None = None
        self._in_head = False
        self._head = b""

    async def __call__(self, message: Any) -> None:
        """Send one message of ASGI, as the cycle's own `send` does."""
        self._in_head = message["type"] == "http.response.start"
        if self._in_head:
            self._reason = next((value for name, value in message.get("headers", ()) if name == _REASON), None)
        self._cycle.transport = self  # type: ignore[assignment]  # it is only written to and closed
        try:
            await self._send(message)
        finally:
            self._cycle.transport = self._transport

    def write(self, data: bytes) -> None:
        """Keep the head, and write it before what comes next."""
        if self._in_head:
            self._head = data if self._reason is None else _with_reason(data, self._reason)
            return
        self._transport.write(self._head + data)
        self._head = b""

    def close(self) -> None:
        """Close the connection once all is written."""
        self._transport.close()


def _with_reason(head: bytes, reason: bytes) -> bytes:
    line, end, rest = head.partition(b"\r\n")
    version, status = line.split(b" ", 2)[:2]
    return b" ".join((version, status, reason)) + end + rest
