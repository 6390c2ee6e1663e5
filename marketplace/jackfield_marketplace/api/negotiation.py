"""Content negotiation of the simple API (PEP 691) and conditional requests."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
PLAIN_HTML = "text/html"

# What each name that a client may ask for is answered with.
_OFFERED = {
    JSON: JSON,
    "application/vnd.pypi.simple.latest+json": JSON,
    HTML: HTML,
    "application/vnd.pypi.simple.latest+html": HTML,
    PLAIN_HTML: PLAIN_HTML,
    "text/*": PLAIN_HTML,
    "*/*": PLAIN_HTML,
    "application/*": JSON,
}


def choose_type(accept: str | None) -> str | None:
    """The content type to answer with, or None where the client takes none of ours (406).

    A missing header gets HTML, as PEP 691 advises for clients that know nothing of it.
    """
    if not accept or not accept.strip():
        return PLAIN_HTML
    best, best_quality = None, 0.0
    for part in accept[:2000].split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        offered = _OFFERED.get(name.lower())
        if offered is None:
            continue
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        if quality > best_quality:
            best, best_quality = offered, quality
    return best


def conditional(request: Request, etag: str, response: Response) -> Response:
    """`response`, or 304 without a body where the client holds that very version (RFC 9110, 13.1.2)."""
    held = request.headers.get("if-none-match", "")
    if held == "*" or etag in {one.strip().removeprefix("W/") for one in held.split(",")}:
        kept = {"ETag": etag}
        for name in ("cache-control", "vary"):
            if name in response.headers:
                kept[name] = response.headers[name]
        return Response(status_code=304, headers=kept)
    response.headers["ETag"] = etag
    return response
