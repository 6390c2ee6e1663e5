"""What an answer that is no success means, in words that stay short whatever the server says."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit, urlunsplit

import httpx

from jackfield.errors import MarketError, MarketUnreachable

TAMPERED = "nothing was changed; somebody may stand in between: try another network, or ask its operator"
"""What to do about an answer that no honest marketplace gives."""

LONGEST_ADDRESS = 300
"""How much of an address is shown, in characters."""

_BUSY = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)
_NOT_SERVED = (405, 421)


class Redirected(MarketError):
    """The answer leads elsewhere; nobody goes there unless the caller knows the place.

    Args:
        message: the sentence.
        location: where to.
        upstream: what the server announced as its upstream.
    """

    def __init__(self, message: str, location: str, upstream: str | None) -> None:
        super().__init__(message, hint=TAMPERED)
        self.location = location
        self.upstream = upstream


class TooSlow(MarketUnreachable):
    """The server sends, and so slowly that nobody waits for the end: to go on from where it was is of no use."""


class Busy(MarketUnreachable):
    """The server asks to come again later: what it has is not known, as where nobody answers.

    Args:
        message: the sentence.
        seconds: when.
    """

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message, hint="try again later; nothing was changed")
        self.seconds = seconds


class NotKnown(MarketError):
    """The server does not know who asks: 401."""


class NotServed(MarketError):
    """The server does not know this request at all: 405 or 421."""


def too_large(url: str, most_bytes: int) -> MarketError:
    """The error for an answer of more than so many bytes."""
    return MarketError(f"{shown(url)} answers more than {_size(most_bytes)}", hint=TAMPERED)


def _size(count: int) -> str:
    return f"{count // 1024**2} MiB" if count >= 1024**2 else f"{count // 1024} KiB"


def not_kept(what: str, error: OSError) -> MarketError:
    """The error for what the disk does not take: it is the disk's, and nobody's trust is in doubt.

    Args:
        what: begins the sentence.
        error: the disk's.
    """
    said = f"{what} cannot be kept: {error.strerror or error}"
    return MarketError(said, hint="make room, or look after the disk; nothing was changed")


def shown(url: str) -> str:
    """The address without credentials and query, or what there is of it where it is none; not more than fits a line."""
    try:
        address = urlsplit(url)
        url = urlunsplit((address.scheme, address.netloc.rpartition("@")[2], address.path, "", ""))
    except ValueError:
        url = url.partition("?")[0].rpartition("@")[2]
    return url if len(url) <= LONGEST_ADDRESS else f"{url[:LONGEST_ADDRESS]}…"


def refuse_failure(answer: httpx.Response, url: str, body: bytes) -> None:
    """Raise what an answer that is no success means.

    Raises:
        Redirected: it leads elsewhere.
        Busy: it asks to come later.
        NotServed: it does not know such requests.
        NotKnown: it wants to know who asks.
        MarketError: any other failure.
    """
    if answer.is_success:
        return
    if answer.is_redirect:
        location = answer.headers.get("location", "nowhere")
        upstream = answer.headers.get("jackfield-upstream")
        raise Redirected(f"{shown(url)} redirects to {shown(location)}", location, upstream)
    seconds = _retry_after(answer.headers.get("retry-after")) if answer.status_code in _BUSY else None
    if seconds is not None:
        raise Busy(f"{shown(url)} answers {answer.status_code} and asks to wait {seconds:.0f} s", seconds)
    said = body.decode("utf-8", "replace").strip().splitlines()
    detail = f": {said[0][:200]}" if said and "<" not in said[0] and said[0].isprintable() else ""
    reason = answer.reason_phrase[:200]
    if detail == f": {reason}":  # an index tells twine in the reason what it tells others in the body
        detail = ""
    kind = NotServed if answer.status_code in _NOT_SERVED else NotKnown if answer.status_code == 401 else MarketError
    raise kind(f"{shown(url)} answers {answer.status_code} {reason}{detail}")


def _retry_after(text: str | None) -> float | None:
    """Seconds from now: Retry-After is a number of them or a date (RFC 9110, 10.2.3)."""
    if text is None:
        return None
    if text.strip().isdecimal() and len(text.strip()) < 10:
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None  # whatever it is, it is no date
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max((at - datetime.fromtimestamp(time.time(), UTC)).total_seconds(), 0.0)
