"""The bodies of plugins' requests; a large form is written out apart from the event loop, and has a bound."""

import json as json_module
from collections.abc import Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import quote_plus

from jackfield.api import Body
from jackfield.errors import UsageError
from jackfield.host.facets.own_threads import OwnThreads

MOST_FORM_BYTES: Final = 4 << 20
"""Of names and values, in UTF-8; each takes up to three when it is sent."""

AT_ONCE_BYTES: Final = 64 << 10
"""Of a form that is written out at once: it takes some milliseconds."""

_PIECE_BYTES: Final = 16 << 10
"""That are written out together: Python makes a list of all of them, and a text of each."""

_Fields: TypeAlias = list[tuple[bytes, bytes]]


async def body_of(json: Any, data: Body, threads: OwnThreads) -> tuple[bytes, str]:
    """Return the bytes of a body and its content type.

    Args:
        json: plain values; None for none.
        data: bytes, text or a form; None for none.
        threads: in which a large form is written out.

    Raises:
        UsageError: there are two bodies, or the form is too large.
        UnicodeEncodeError: there is half a character in it.
    """
    if json is not None and data is not None:
        raise UsageError("a request has one body: json or data")
    if json is not None:
        return json_module.dumps(json, ensure_ascii=False).encode(), "application/json"
    if isinstance(data, Mapping):
        fields = [(_as_sent(name), _as_sent(value)) for name, value in data.items()]
        size = sum(len(name) + len(value) for name, value in fields)
        if size > MOST_FORM_BYTES:
            raise UsageError(
                f"a form of {size} bytes: at most {MOST_FORM_BYTES} are sent",
                hint="send what is large as bytes, with a content type of its own",
            )
        written = _written(fields) if size <= AT_ONCE_BYTES else await threads.run(_written, fields)
        return written, "application/x-www-form-urlencoded"
    if isinstance(data, str):
        return data.encode(), "text/plain; charset=utf-8"
    return bytes(data or b""), ""


def _as_sent(one: object) -> bytes:
    return one if isinstance(one, bytes) else str(one).encode()


def _written(fields: _Fields) -> bytes:
    """As `urlencode`, in memory that is not many times as large."""
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in fields).encode()


def _quoted(text: bytes) -> str:
    return "".join(quote_plus(text[first : first + _PIECE_BYTES]) for first in range(0, len(text), _PIECE_BYTES))
