"""Answers that are ready to be sent: what the index says most often is put together once and not for each request."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from starlette.types import Message, Scope, Send

Headers = Iterable[tuple[bytes, bytes]]

_ALLOWED = frozenset({"GET", "HEAD"})


class Answer:
    """One answer of the index, as messages of ASGI and as bytes of HTTP/1.1. It may be sent any number of times.

    Args:
        status: the HTTP status.
        body: all of it.
        content_type: the header's value.
        headers: further ones, names in lower case.
        etag: quoted; a client that holds this version is answered 304 (RFC 9110, 13.1.2).
    """

    __slots__ = ("_body", "_etag", "_start", "_unchanged", "_wires")

    def __init__(
        self, status: int, body: bytes, content_type: str, headers: dict[str, str], *, etag: str | None = None
    ) -> None:
        kept = dict(headers)
        if etag is not None:
            kept["etag"] = etag
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept.items()]
        sent = [
            (b"content-type", content_type.encode("latin-1")),
            (b"content-length", str(len(body)).encode()),
            (b"x-content-type-options", b"nosniff"),
            *encoded,
        ]
        self._etag = None if etag is None else etag.encode("latin-1")
        self._start: Message = {"type": "http.response.start", "status": status, "headers": sent}
        self._body: Message = {"type": "http.response.body", "body": body}
        self._unchanged: Message = {"type": "http.response.start", "status": 304, "headers": encoded}
        self._wires: tuple[tuple[bytes, bytes], tuple[bytes, bytes]] | None = None

    def wire(self, extra: Headers, headers: Headers) -> bytes:
        """All that goes over an HTTP/1.1 connection to answer a GET.

        Args:
            extra: headers to add, the date among them.
            headers: of the request.
        """
        if self._wires is None:  # most are sent once, and by messages
            start, unchanged = self._start, self._unchanged
            self._wires = (
                _wire(start["status"], start["headers"], self._body["body"]),
                _wire(unchanged["status"], unchanged["headers"], b""),
            )
        line, rest = self._wires[self._is_held(headers)]
        return b"".join([line, *[b"%b: %b\r\n" % each for each in extra], rest])

    async def send_to(self, scope: Scope, send: Send) -> None:
        """Send it, or 304 without a body where the client holds this very version."""
        if self._is_held(scope["headers"]):
            await send(self._unchanged)
            await send(_NOTHING)
            return
        await send(self._start)
        # The server leaves the body of an answer to HEAD away by itself.
        await send(self._body)

    def _is_held(self, headers: Headers) -> bool:
        if self._etag is None:
            return False
        return any(name == b"if-none-match" and holds(value, self._etag) for name, value in headers)


def _wire(status: int, headers: Headers, body: bytes) -> tuple[bytes, bytes]:
    """The first line, and what follows the headers that differ from answer to answer."""
    lines = b"".join(b"%b: %b\r\n" % each for each in headers)
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode(), lines + b"\r\n" + body


_NOTHING: Message = {"type": "http.response.body", "body": b""}
_TEXT = "text/plain; charset=utf-8"
_NOT_ALLOWED = Answer(405, b"only GET and HEAD are answered here\n", _TEXT, {"allow": "GET, HEAD"})


def holds(if_none_match: bytes, etag: bytes) -> bool:
    """Tell whether the value of an If-None-Match header names this version, by weak comparison."""
    if if_none_match == etag:
        return True
    held = if_none_match.strip()
    return held == b"*" or etag in {one.strip().removeprefix(b"W/") for one in held.split(b",")}


def text_answer(status: int, sentence: str, headers: dict[str, str] | None = None) -> Answer:
    """A sentence in plain text, which no cache keeps; `headers` are further ones, names in lower case."""
    body = sentence.encode("utf-8", "replace") + b"\n"
    return Answer(status, body, _TEXT, {"cache-control": "no-store"} | (headers or {}))


def redirect(status: int, location: str, headers: dict[str, str] | None = None) -> Answer:
    """A redirect; `location` is an address in ASCII."""
    return Answer(status, b"", _TEXT, {"location": location} | (headers or {}))


def refused_method(scope: Scope) -> Answer | None:
    """The answer to any method but GET and HEAD, or None for those."""
    return None if scope["method"] in _ALLOWED else _NOT_ALLOWED
