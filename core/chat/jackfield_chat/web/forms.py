"""Reading what a form sent, within bounds."""

from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

MOST_BYTES = 64 * 1024
MOST_FIELDS = 32


async def read_form(request: Request, *, most_fields: int = MOST_FIELDS) -> dict[str, str]:
    """Return the fields of an urlencoded form; the last of several of one name counts.

    Args:
        request: what was sent.
        most_fields: more than that is refused.

    Raises:
        HTTPException: 413 when it is longer than 64 KiB, 415 when it is no form, 400 when it cannot be read.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415, "A form is expected here (application/x-www-form-urlencoded).")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413, f"The form is longer than {MOST_BYTES // 1024} KiB.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=most_fields))
    except ValueError as exc:
        raise HTTPException(400, "The form cannot be read.") from exc


def local_path(text: str | None) -> str:
    """Return a path of this site to go on to, or "/": never another site's address."""
    if text and text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable():
        return text
    return "/"
