"""Readers wait for the signatures of what was uploaded before they asked; who uploads does not."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from anyio import move_on_after
from anyio.to_thread import run_sync

from jackfield_marketplace.trust import NotSigned, Waiting

SIGNED_WITHIN_SECONDS = 0.2
"""How long an upload waits for others to be signed with, where nobody asks for it before."""

_TRIED_SECONDS = 1.0


class Signatures:
    """Has what was uploaded signed in time, on the event loop: one signing at once, for all who wait for it.

    Args:
        waiting: what was uploaded.
    """

    def __init__(self, waiting: Waiting) -> None:
        self.waiting = waiting
        self._running: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def soon(self) -> None:
        """Have all that waits signed in a moment, together with what else is uploaded until then."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SIGNED_WITHIN_SECONDS, self._due)

    async def made(self) -> None:
        """Return once everything is signed that had been uploaded before this was called.

        Raises:
            NotSigned: that failed.
        """
        upto = self.waiting.taken
        while self.waiting.signed < upto:
            await self.once()

    async def tried(self) -> None:
        """As `made`, for what may be shown without: pages for people, and metadata, which says what was signed last.

        A writer who takes long, or a failure that somebody else tries again, holds nobody up here.
        """
        if self.waiting.signed < self.waiting.taken and self.waiting.failure is None:
            with suppress(NotSigned), move_on_after(_TRIED_SECONDS):
                await self.made()

    async def once(self) -> None:
        """Sign what waits now, or wait for the signing that is being made.

        Raises:
            NotSigned: that failed.
        """
        # Shielded: a reader who goes away ends nobody else's waiting.
        await asyncio.shield(self._begin())
        if self.waiting.failure is not None:
            raise NotSigned(f"what was uploaded last cannot be signed: {self.waiting.failure}")

    def _due(self) -> None:
        self._timer = None
        if self._running is not None and not self._running.done():
            self.soon()  # that one may have begun before the last upload
        elif self.waiting.signed < self.waiting.taken:
            self._begin()

    def _begin(self) -> asyncio.Task[None]:
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(run_sync(self.waiting.sign))
        return self._running
