"""Content negotiation of the simple API (PEP 691; RFC 9110, 12.5.1)."""

from __future__ import annotations

import math
from functools import lru_cache

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
PLAIN_HTML = "text/html"

# What each range that a client may name covers, the type that we prefer for it first.
_COVERED = {
    JSON: (JSON,),
    "application/vnd.pypi.simple.latest+json": (JSON,),
    HTML: (HTML,),
    "application/vnd.pypi.simple.latest+html": (HTML,),
    PLAIN_HTML: (PLAIN_HTML,),
    "text/*": (PLAIN_HTML,),
    "application/*": (JSON, HTML),
    "*/*": (PLAIN_HTML, JSON, HTML),
}
_LONGEST_HEADER = 2000


@lru_cache(maxsize=256)
def choose_type(accept: str | None) -> str | None:
    """The content type to answer with, or None where the client takes none of ours (406).

    The quality of a type is that of the narrowest range that covers it. Among equals a type that is named goes before
    one that a wildcard covers, and what is named first before the rest. A missing header gets HTML, as PEP 691 advises
    for clients that know nothing of it.
    """
    if not accept or not accept.strip():
        return PLAIN_HTML
    # type -> (narrowness of the range, quality, order): the narrowest range rules.
    ruled: dict[str, tuple[int, float, tuple[int, int]]] = {}
    for place, part in enumerate(accept[:_LONGEST_HEADER].split(",")):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        narrowness = 0 if name == "*/*" else 1 if name.endswith("/*") else 2
        quality = _quality(parameters)
        for preference, offered in enumerate(_COVERED.get(name, ())):
            if offered not in ruled or narrowness > ruled[offered][0]:
                ruled[offered] = (narrowness, quality, (-place, -preference))
    taken = [
        (quality, narrowness, order, offered) for offered, (narrowness, quality, order) in ruled.items() if quality > 0
    ]
    return max(taken)[3] if taken else None


def _quality(parameters: list[str]) -> float:
    """The `q` among a range's parameters, 0 for one that is no number, 1 where there is none."""
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                return 0.0
            return min(quality, 1.0) if math.isfinite(quality) else 0.0
    return 1.0
