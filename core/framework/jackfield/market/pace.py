"""How long an answer is waited for: it has to begin, to go on at a pace, and to end."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

SLOWEST_BYTES_PER_SECOND = 1024
"""A server that sends less than this, for as long as its answer has to begin, counts as gone."""

_SILENT_PART = 0.75  # of the time of a part: who sends from time to time is never silent for more than half of it


class Pace:
    """The time of one answer, as a block: `TimeoutError` ends it where the answer is too slow.

    There is `seconds` for its beginning, and for each piece of as many times `SLOWEST_BYTES_PER_SECOND` after it. So
    one that sends a byte from time to time is waited for no longer than one that sends none, and a slow line may take
    its time.

    Args:
        seconds: for each part.
        most_seconds: for the whole.
    """

    def __init__(self, seconds: float, most_seconds: float) -> None:
        self._seconds = min(seconds, most_seconds)
        self._most_seconds = most_seconds
        self._piece_bytes = seconds * SLOWEST_BYTES_PER_SECOND
        self._came = 0
        self._heard = 0.0
        self._goes_on = False
        self._ends = 0.0
        self._limit = asyncio.timeout(None)

    async def __aenter__(self) -> Self:
        """The time begins."""
        self._ends = asyncio.get_running_loop().time() + self._most_seconds
        self._limit = asyncio.timeout(self._seconds)
        await self._limit.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The time has ended, or the block has.

        Raises:
            TimeoutError: the time has.
        """
        await self._limit.__aexit__(kind, error, trace)

    def begun(self) -> None:
        """The answer has begun, and has the time of a part for the next one."""
        self._goes_on, self._came = True, 0
        if not self._limit.expired():
            self._limit.reschedule(min(asyncio.get_running_loop().time() + self._seconds, self._ends))

    def came(self, count: int) -> None:
        """So many bytes have come."""
        self._came += count
        self._heard = asyncio.get_running_loop().time()
        if self._came >= self._piece_bytes:
            self.begun()

    @property
    def is_too_slow(self) -> bool:
        """Whether it goes on, and would not come to its end: to ask again is of no use."""
        return self._goes_on and (self._has_ended or not self._is_silent)

    @property
    def sentence(self) -> str:
        """What has become of an answer that was not waited for any longer, after the server's address."""
        if not self._goes_on:
            return f"did not answer within {self._seconds:g} s"
        if self._has_ended:
            return f"had not sent all of its answer after {self._most_seconds:g} s"
        if self._is_silent:
            return "sent nothing more"
        return f"sends less than {SLOWEST_BYTES_PER_SECOND // 1024} KiB a second: too slow to wait for"

    @property
    def _is_silent(self) -> bool:
        """Whether it stopped within a part, as where a line breaks: who drips would have sent something by now."""
        silent_seconds = asyncio.get_running_loop().time() - self._heard
        return self._came == 0 or silent_seconds > self._seconds * _SILENT_PART

    @property
    def _has_ended(self) -> bool:
        return asyncio.get_running_loop().time() >= self._ends
