"""Answers by HTTP, taken a little at a time: what reads them costs far more for each piece than for each byte.

Of 64 KiB a server makes ten thousand chunks of one byte, or three thousand interim answers (RFC 9110, 15.2), and the
library that reads them goes through all that it has before anybody else has a turn: a second of the host for a server
that a hostile plugin brings along. So a head is read in small portions, a body's pieces are taken in turns with
everybody else, and there is an end to both.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from jackfield.errors import NetworkError

PORTION_BYTES = 2048
"""Of a head that are read at once."""
MOST_HEAD_BYTES = 256 * 1024
"""Of a head with all the interim answers before it."""
PIECES_A_TURN = 50
MOST_PIECES = 20_000
"""Of a body, and one more for each `BYTES_A_PIECE` of it."""
BYTES_A_PIECE = 256

_CONNECTED = frozenset({"connection.connect_tcp.complete", "connection.start_tls.complete"})


class Head:
    """Bounds what comes before the body of one answer.

    Args:
        shown: the address that is asked, for errors.
    """

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._read = 0
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
            if self._read > MOST_HEAD_BYTES:
                raise NetworkError(f"{self._shown} sent {MOST_HEAD_BYTES // 1024} KiB and no answer yet")
            return content

        stream.read = portion

    def ends(self) -> None:
        """Say that it is over, and the body comes."""
        self._ended = True


async def in_turns(body: AsyncIterable[bytes], shown: str) -> AsyncIterator[bytes]:
    """Give the pieces of a body, and everybody else a turn in between.

    Args:
        body: in the pieces in which it comes.
        shown: the address that was asked.

    Raises:
        NetworkError: they are so small and so many that reading them is the work.
    """
    taken = pieces = 0
    async for piece in body:
        taken += len(piece)
        pieces += 1
        if pieces > MOST_PIECES + taken // BYTES_A_PIECE:
            raise NetworkError(f"the answer of {shown} comes in more than {MOST_PIECES} pieces of a few bytes")
        if pieces % PIECES_A_TURN == 0:
            await asyncio.sleep(0)
        yield piece
