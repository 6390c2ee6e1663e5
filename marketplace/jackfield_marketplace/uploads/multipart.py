"""`multipart/form-data` (RFC 7578, RFC 2046 §5.1), piece by piece: text fields, and one file in memory or on disk.

A boundary is searched for in what has arrived, by `bytes.find`: a general parser that looks at each byte costs as much
as all else that is done with a small upload.
"""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path
from typing import IO

from python_multipart.multipart import parse_options_header

from jackfield_marketplace.catalog import Refusal

MEMORY_BYTES = 1024 * 1024
"""A file that is larger lies on disk."""

# Values of one field: the description is the only long one.
_FIELD_BYTES = 2 * 1024 * 1024
_HEAD_BYTES = 16 * 1024
_LINE_END = b"\r\n"
_PADDING_BYTES = 64  # spaces that may follow a boundary
_BOUNDARY = re.compile(
    r'multipart/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE
)
# The whole head of a part as clients write it.
_PLAIN_HEAD = re.compile(
    rb'Content-Disposition: form-data; name="([ !#-\[\]-~]*+)"(?:; filename="([ !#-\[\]-~]++)")?'
    rb"(?:\r\nContent-Type: [ -~]*+)?"
)
_PLAIN = re.compile(r'form-data; name="([^"\\]*)"(?:; filename="([^"\\]*)")?')


def boundary_of(content_type: str) -> bytes | None:
    """The boundary that a Content-Type names, or None where it is not that of a form."""
    match = _BOUNDARY.match(content_type)
    return None if match is None else (match[1] or match[2]).encode("latin-1")


class FormReader:
    """Takes the body of a form as it arrives.

    Args:
        boundary: between its parts.
        folder: where a large file lies, without a name, until `close`.
        text_bytes: how much all fields together may hold.
        most_fields: how many there may be.
    """

    def __init__(self, boundary: bytes, folder: Path, *, text_bytes: int, most_fields: int) -> None:
        self.fields: dict[str, str] = {}
        self.filename = ""
        self.content: IO[bytes] | None = None
        self._folder = folder
        self._text_bytes = text_bytes
        self._fields_left = most_fields
        self._delimiter = b"\r\n--" + boundary
        # A form may begin with its boundary: the line end before it is thought.
        self._buffer = bytearray(_LINE_END)
        self._in_head = False
        self._name: str | None = None  # of the part that is read, None before the first
        self._in_file = False
        self._value = bytearray()
        self.ended = False

    @property
    def on_disk(self) -> bool:
        """Whether what comes next may be written to disk."""
        return self.content is not None and not isinstance(self.content, io.BytesIO)

    def feed(self, data: bytes) -> None:
        """Take the next piece.

        Raises:
            Refusal: 400; it is no form. 413; its fields hold too much.
        """
        if self.ended:
            return  # what follows the last boundary says nothing
        is_new = self._buffer == _LINE_END and self._name is None and not self._in_head
        if is_new and self._take_whole(data):
            return
        self._buffer += data
        while self._head() if self._in_head else self._data():
            pass

    def close(self) -> None:
        """Let go of the file."""
        if self.content is not None:
            self.content.close()

    def _take_whole(self, data: bytes) -> bool:
        """Take a small form that came in one piece, with nothing unusual; tells whether it was one.

        Whatever is refused is none, so that it is read piece by piece, and refused where it was always.
        """
        first = self._delimiter[len(_LINE_END) :] + _LINE_END
        last = self._delimiter + b"--"
        end = len(data.removesuffix(_LINE_END)) - len(last)
        if len(data) > MEMORY_BYTES or not data.startswith(first) or not data.startswith(last, end):
            return False
        parts = data[len(first) : end].split(self._delimiter + _LINE_END)
        if data.count(self._delimiter) != len(parts):
            return False  # a boundary that does not end its line
        fields: dict[str, str] = {}
        file: tuple[str, bytes] | None = None
        left, fields_left = self._text_bytes, self._fields_left
        for part in parts:
            head, _, value = part.partition(b"\r\n\r\n")
            match = _PLAIN_HEAD.fullmatch(head)
            if match is None or len(part) == len(head) or len(head) > _HEAD_BYTES:
                return False
            if match[2] is None:
                left -= len(value)
                fields_left -= 1
                if left < 0 or fields_left < 0 or len(value) > _FIELD_BYTES:
                    return False
                fields[match[1].decode("ascii")] = _text(value)
            elif file is None and match[1] == b"content":
                file = match[2].decode("ascii"), value
            else:
                return False
        if file is None:
            return False
        self.fields, self.filename, self.content, self.ended = fields, file[0], io.BytesIO(file[1]), True
        return True

    def _data(self) -> bool:
        """Take the data of a part up to its boundary; tells whether there is more to do with what has arrived."""
        at = self._buffer.find(self._delimiter)
        if at < 0:
            safe = len(self._buffer) - len(self._delimiter) + 1  # the rest may be the beginning of a boundary
            if safe > 0:
                self._take(self._buffer[:safe])
                del self._buffer[:safe]
            return False
        after = at + len(self._delimiter)
        line_end = self._buffer.find(b"\r\n", after, after + _PADDING_BYTES)
        last = self._buffer.startswith(b"--", after)
        if not last and line_end < 0:
            if len(self._buffer) >= after + _PADDING_BYTES:
                raise _unreadable("a boundary does not end its line")
            return False
        if not last and self._buffer[after:line_end].strip(b" \t"):
            raise _unreadable("a boundary does not end its line")
        self._take(self._buffer[:at])
        self._end_part()
        del self._buffer[: after if last else line_end + 2]
        self.ended, self._in_head = last, not last
        return not last

    def _head(self) -> bool:
        """Take the headers of a part; tells whether they have all arrived."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or end > _HEAD_BYTES:
            if len(self._buffer) > _HEAD_BYTES:
                raise _unreadable(f"the head of a part has more than {_HEAD_BYTES} bytes")
            return False
        lines = self._buffer[:end].decode("utf-8", "surrogateescape").split("\r\n")
        del self._buffer[: end + 4]
        self._in_head = False
        disposition = next((line for line in lines if line[:20].lower() == "content-disposition:"), "")
        self._begin_part(disposition[20:].strip())
        return True

    def _begin_part(self, disposition: str) -> None:
        name, filename = _names(disposition)
        if not filename:
            self._fields_left -= 1
            if self._fields_left < 0:
                raise _unreadable("it has too many fields")
        elif self.content is not None:
            raise _unreadable("it has more than one file")
        elif name == "content":
            self.filename, self.content = filename, io.BytesIO()
        else:
            raise Refusal(400, "the form has no file called content")
        self._name, self._in_file = name, bool(filename)

    def _take(self, data: bytearray) -> None:
        if self._name is None:
            return  # before the first boundary
        if self._in_file and self.content is not None:
            self.content.write(data)
            if isinstance(self.content, io.BytesIO) and self.content.tell() > MEMORY_BYTES:
                in_memory, self.content = self.content, tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  # `close` ends it
                self.content.write(in_memory.getbuffer())
            return
        self._text_bytes -= len(data)
        if self._text_bytes < 0:
            raise Refusal(413, "the form's fields hold more than is taken")
        self._value += data
        if len(self._value) > _FIELD_BYTES:
            raise _unreadable(f"a field has more than {_FIELD_BYTES} bytes")

    def _end_part(self) -> None:
        if self._name is not None and not self._in_file:
            self.fields[self._name] = _text(self._value)
        self._value.clear()


def _text(value: bytes | bytearray) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _names(disposition: str) -> tuple[str, str]:
    """Name and file name of a part (RFC 7578 §4.2); without a file name it is a field."""
    plain = _PLAIN.fullmatch(disposition)
    if plain is not None:
        return plain[1], plain[2] or ""
    # Quoted pairs, other spellings, and what is encoded otherwise.
    kind, options = parse_options_header(disposition.encode("utf-8", "surrogateescape"))
    if kind != b"form-data" or b"name" not in options:
        raise _unreadable("a part has no name")
    return tuple(options.get(key, b"").decode("utf-8", "replace") for key in (b"name", b"filename"))  # type: ignore[return-value]  # two keys, two texts


def _unreadable(why: str) -> Refusal:
    return Refusal(400, f"the form cannot be read: {why}")
