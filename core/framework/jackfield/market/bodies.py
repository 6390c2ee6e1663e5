"""The body of an answer, never larger in memory than was agreed to, however small it was on the way."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import httpx

from jackfield.errors import MarketError
from jackfield.market.failures import TAMPERED, shown, too_large
from jackfield.market.pace import Pace

ACCEPTED = "gzip"
"""The content coding that is asked for; no other is taken. httpx would unpack layer after layer, without a bound."""

_GZIP = 16 + zlib.MAX_WBITS


async def bounded(answer: httpx.Response, url: str, most_bytes: int, pace: Pace) -> bytes:
    """Read an answer that was begun.

    Args:
        answer: as it comes.
        url: what was asked for.
        most_bytes: the largest body that is taken, unpacked.
        pace: is told of what comes.

    Raises:
        MarketError: it is larger, packed in another way than was asked for, or not packed as it says.
        httpx.TransportError: it ended within.
    """
    body = bytearray()
    unpack = _unpacking(answer.headers.get("content-encoding", "").strip().lower(), url)
    async for piece in answer.aiter_raw():
        pace.came(len(piece))
        body += unpack(piece, most_bytes + 1 - len(body))
        if len(body) > most_bytes:
            raise too_large(url, most_bytes)
    return bytes(body)


def _unpacking(coding: str, url: str) -> Callable[[bytes, int], bytes]:
    """What makes of a piece the bytes that it stands for, at most so many."""
    if coding in ("", "identity"):
        return lambda piece, most: piece[:most]
    if coding not in ("gzip", "x-gzip"):
        raise MarketError(f"{shown(url)} answers in the coding {coding[:40]!r}, which nobody asked for", hint=TAMPERED)
    packed = zlib.decompressobj(_GZIP)

    def unpack(piece: bytes, most: int) -> bytes:
        try:
            return packed.decompress(piece, most)
        except zlib.error as error:
            raise MarketError(f"{shown(url)} is packed in another way than it says: {error}", hint=TAMPERED) from error

    return unpack
