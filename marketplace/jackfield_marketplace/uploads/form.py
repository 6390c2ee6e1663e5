"""Reads the form of an upload (the legacy upload API), under bounds that hold before a byte is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from anyio import move_on_after
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.types import Message

from jackfield_marketplace.catalog import Refusal
from jackfield_marketplace.settings import Settings
from jackfield_marketplace.uploads.multipart import FormReader, boundary_of

_DROP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class UploadForm:
    """The form: its text fields, and the file as it lies in memory or on disk until the form is closed."""

    fields: dict[str, str]
    filename: str
    content: IO[bytes]

    def close(self) -> None:
        """Let go of the file."""
        self.content.close()


async def read_form(request: Request, body: Body, settings: Settings) -> UploadForm:
    """Read a `multipart/form-data` body with one file called `content`; whoever asks closes what is returned.

    Args:
        request: for its headers.
        body: of that request.
        settings: bounds.

    Raises:
        Refusal: 413 by Content-Length before anything is read, or as soon as more than that arrives;
            400 for a body that is no such form.
    """
    bound = settings.upload_bytes + settings.form_bytes
    declared = request.headers.get("content-length")
    if declared is not None and (not declared.isdecimal() or int(declared) > bound):
        raise Refusal(413, f"the upload has {declared} bytes; {settings.upload_bytes} are taken at most")
    boundary = boundary_of(request.headers.get("content-type", ""))
    if boundary is None:
        raise Refusal(400, "an upload is a form of the type multipart/form-data, with a boundary")
    reader = FormReader(boundary, settings.incoming, text_bytes=settings.form_bytes, most_fields=settings.form_fields)
    try:
        content = await _read(reader, body)
    except BaseException:
        reader.close()
        raise
    return UploadForm(reader.fields, reader.filename, content)


async def _read(reader: FormReader, body: Body) -> IO[bytes]:
    more = True
    while more:
        message = await body.receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "the form broke off")
        piece = message.get("body", b"")
        if reader.on_disk:
            await run_sync(reader.feed, piece)
        else:
            reader.feed(piece)
        more = message.get("more_body", False)
    if not reader.ended:
        raise Refusal(400, "the form cannot be read: it ends before its last boundary")
    if reader.content is None:
        raise Refusal(400, "the form has no file called content")
    return reader.content


class Body:
    """The body of one request: counted while it is read, and dropped to its end where it is refused.

    Args:
        request: whose body.
        settings: bounds.
    """

    def __init__(self, request: Request, settings: Settings) -> None:
        self._receive = request.receive
        self._waits = request.headers.get("expect", "").lower() == "100-continue"
        self._bound = settings.upload_bytes + settings.form_bytes
        self._shown = settings.upload_bytes
        self._seen = 0
        self._finished = False

    async def receive(self) -> Message:
        """The next piece.

        Raises:
            Refusal: 413; a body that is sent in chunks has no Content-Length to believe.
        """
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        self._finished = not message.get("more_body", False)
        if self._seen > self._bound:
            raise Refusal(413, f"the upload has more than {self._shown} bytes")
        return message

    async def drop(self) -> None:
        """Take what the client is still sending and drop it, for a few seconds and up to one more upload's size.

        A client that is cut off while it writes reports a broken connection, and never reads why it was refused. One
        that waits for 100 Continue has sent nothing yet, and is told at once.
        """
        if self._seen == 0 and self._waits:
            return
        left = self._bound
        with move_on_after(_DROP_SECONDS):
            while left > 0 and not self._finished:
                message = await self._receive()
                left -= len(message.get("body", b""))
                self._finished = not message.get("more_body", False)
