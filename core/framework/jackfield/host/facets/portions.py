"""Answers by HTTP, taken a little at a time: what reads them costs far more for each piece than for each byte.

Of 64 KiB a server makes ten thousand chunks of one byte, or three thousand interim answers (RFC 9110, 15.2), and the
library that reads them goes through all that it has before anybody else has a turn: a second of the host for a server
that a hostile plugin brings along. So a head is read in small portions and has an end; a body's small pieces are taken
in turns with everybody else and, where one plugin's answers have many of them, no faster than the loop can spare: who
streams a table row by row is slowed down, and not refused.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from time import monotonic
from typing import Any

from jackfield.errors import NetworkError

PORTION_BYTES = 2048
"""Of a head that are read at once."""
MOST_HEAD_BYTES = 256 * 1024
"""Of a head with all the interim answers before it."""
MOST_FIELDS = 5000
"""Likewise. What reads a head goes through its fields all at once, some 4 µs for each; servers send dozens."""
PIECES_A_TURN = 50
PIECES_AT_ONCE = 20_000
"""Small ones of all answers of one plugin that are taken as they come, and again after some rest."""
PIECES_PER_SECOND = 2500
"""Beyond these: one takes the loop some 40 µs, so they take a tenth of it."""
BYTES_A_PIECE = 256
"""From which on a piece is none of the small ones; a smaller one counts by what it lacks."""

_CONNECTED = frozenset({"connection.connect_tcp.complete", "connection.start_tls.complete"})


class Head:
    """Bounds what comes before the body of one answer.

    Args:
        shown: the address that is asked, for errors.
    """

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._read = 0
        self._fields = 0
        self._ended = False

    async def follow(self, event: str, told: dict[str, Any]) -> None:
        """Read from a connection as soon as there is one; httpcore's extension `trace` tells of it."""
        if event not in _CONNECTED:
            return
        stream = told["return_value"]
        read = stream.read

        async def portion(max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 (httpcore's own name)
            if self._ended:
                return bytes(await read(max_bytes, timeout=timeout))
            await asyncio.sleep(0)  # what is decrypted already is handed over without a pause
            content = bytes(await read(min(max_bytes, PORTION_BYTES), timeout=timeout))
            self._read += len(content)
            # Lines without those that begin and end each head; of the last portion up to 2048 can be the body's.
            self._fields += content.count(b"\n") - 2 * content.count(b"\n\r\n")
            if self._read > MOST_HEAD_BYTES:
                raise NetworkError(f"{self._shown} sent {MOST_HEAD_BYTES // 1024} KiB and no answer yet")
            if self._fields > MOST_FIELDS:
                raise NetworkError(f"{self._shown} sent more than {MOST_FIELDS} header fields")
            return content

        stream.read = portion

    def ends(self) -> None:
        """Say that it is over, and the body comes."""
        self._ended = True


class Pieces:
    """How many small pieces the answers of one plugin may still come in, and how long the next ones wait.

    Args:
        clock: seconds that only rise.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._left = float(PIECES_AT_ONCE)
        self._at = clock()

    def rest_seconds(self, taken: float) -> float:
        """Count pieces that were taken; return after how many seconds the next ones may be."""
        now = self._clock()
        self._left = min(PIECES_AT_ONCE, self._left + (now - self._at) * PIECES_PER_SECOND) - taken
        self._at = now
        return max(0.0, -self._left / PIECES_PER_SECOND)


async def in_turns(body: AsyncIterable[bytes], pieces: Pieces) -> AsyncIterator[bytes]:
    """Give the pieces of a body, and everybody else a turn in between.

    Args:
        body: in the pieces in which it comes.
        pieces: of the plugin that asked.
    """
    small, count = 0.0, 0
    async for piece in body:
        small += max(0.0, 1 - len(piece) / BYTES_A_PIECE)
        count += 1
        if count % PIECES_A_TURN == 0:
            await asyncio.sleep(pieces.rest_seconds(small))
            small = 0.0
        yield piece
