"""Reads the form of an upload (the legacy upload API), under bounds that hold before a byte is kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from anyio import move_on_after
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from jackfield_marketplace.catalog import Refusal
from jackfield_marketplace.settings import Settings

# Values of one field: the description is the only long one.
_FIELD_BYTES = 2 * 1024 * 1024
_DROP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class UploadForm:
    """The form: its text fields, and the file as it lies in a temporary place until the form is closed."""

    fields: dict[str, str]
    filename: str
    content: UploadFile


@asynccontextmanager
async def read_form(request: Request, body: Body, settings: Settings) -> AsyncIterator[UploadForm]:
    """Read a `multipart/form-data` body with one file called `content`.

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
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refusal(400, "an upload is a form of the type multipart/form-data")
    parser = _Parser(
        request.headers,
        _pieces(body),
        max_files=1,
        max_fields=settings.form_fields,
        max_part_size=_FIELD_BYTES,
    )
    parser.text_bytes = settings.form_bytes
    try:
        form = await _parse(parser)
        content = form.get("content")
        if not isinstance(content, UploadFile) or not content.filename:
            raise Refusal(400, "the form has no file called content")
        fields = {key: value for key, value in form.items() if isinstance(value, str)}
        yield UploadForm(fields, content.filename, content)
    finally:
        parser.close()


async def _parse(parser: _Parser) -> FormData:
    try:
        return await parser.parse()
    except MultiPartException as exc:
        raise Refusal(400, f"the form cannot be read: {exc.message}") from exc
    except ClientDisconnect as exc:
        raise Refusal(400, "the form broke off") from exc
    except (ValueError, UnicodeError, KeyError) as exc:
        raise Refusal(400, f"the form cannot be read: {exc}") from exc


class _Parser(MultiPartParser):
    """Starlette's, which closes its temporary files only after errors of its own, and bounds each field by itself."""

    text_bytes = 0
    """How much text may still come; only a file may be larger."""

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Count what is not of the file.

        Raises:
            Refusal: 413; the fields, held in memory, are larger than all of them may be.
        """
        if self._current_part.file is None:
            self.text_bytes -= end - start
            if self.text_bytes < 0:
                raise Refusal(413, "the form's fields hold more than is taken")
        super().on_part_data(data, start, end)

    def close(self) -> None:
        """Close every temporary file, also that of a part that never ended."""
        for file in self._files_to_close_on_error:
            file.close()


async def _pieces(body: Body) -> AsyncGenerator[bytes, None]:
    while True:
        message = await body.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


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
