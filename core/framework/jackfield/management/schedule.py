"""Looking for updates every day, by timer and on demand, in an application that keeps running (C41).

Rounds are spread, so that applications which start together do not all ask together for ever after.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from jackfield.errors import JackfieldError
from jackfield.storage import make_private

if TYPE_CHECKING:
    from jackfield.management.management import Management
    from jackfield.management.reports import Update

EVERY_SECONDS = 24 * 3600.0
RETRY_SECONDS = 3600.0
"""After a round in which no marketplace answered."""

SPREAD = 0.1
"""Of the time between two rounds, by which one comes later at most."""

LATEST_SECONDS = 60.0
"""By which a round comes later at most that is due at once."""

Take = Callable[[list["Update"]], Awaitable[list["Update"]]]
"""Takes what may be taken without asking; gives back the records with what was done about each."""

Tell = Callable[[list["Update"]], None]
"""Told of every round that came to an end, also of one without updates."""

_log = logging.getLogger("jackfield.management")


class UpdateSchedule:
    """Checks for updates every 24 hours, counted from the last round of any process with this profile.

    Args:
        management: whose plugins.
        tell: called with the updates of each round, on the event loop's thread.
        every_seconds: between two rounds.
        take: takes what a round by timer found, before it is told; one on demand takes nothing.
        retry_seconds: after a round in which no marketplace answered.
        clock: seconds since the epoch.
        draw: a number from 0 to 1 for each round: by how much of the spread it comes later.
    """

    def __init__(
        self,
        management: Management,
        tell: Tell,
        *,
        take: Take | None = None,
        every_seconds: float = EVERY_SECONDS,
        retry_seconds: float = RETRY_SECONDS,
        clock: Callable[[], float] = time.time,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._management = management
        self._tell = tell
        self._take = take
        self._every = every_seconds
        self._retry = retry_seconds
        self._clock = clock
        self._draw = draw
        self._stamp = management.layout.run / "updates-checked"
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the first round is at once where the last one is more than `every_seconds` ago."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="jackfield: updates")

    async def stop(self) -> None:
        """End; a round on its way is given up."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def check(self) -> list[Update]:
        """One round now; the next by timer is `every_seconds` later.

        Raises:
            MarketUnreachable: no marketplace answered.
        """
        return await self._round(None)

    def due_in_seconds(self) -> float:
        """How long until the next round by timer."""
        try:
            last = float(self._stamp.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0.0
        # A clock that was set back must not put the next round years away.
        return min(max(last + self._every - self._clock(), 0.0), self._every)

    def later_seconds(self, due_in_seconds: float) -> float:
        """By how much a round that is due then comes later: up to a tenth of a day, or a minute where it is due now."""
        most = SPREAD * self._every
        return self._draw() * (most if due_in_seconds > 0 else min(most, LATEST_SECONDS))

    async def _round(self, take: Take | None) -> list[Update]:
        updates = await self._management.check_updates(tell=_log.warning)
        self._remember()
        if take is not None:
            updates = await take(updates)
        self._tell(updates)
        return updates

    async def _run(self) -> None:
        while True:
            due = self.due_in_seconds()
            await asyncio.sleep(due + self.later_seconds(due))
            try:
                await self._round(self._take)
            except JackfieldError as error:
                _log.warning("no update check: %s", error)
                await asyncio.sleep(self._retry)
            except Exception:  # noqa: BLE001 (whatever a round meets, the next one is not lost)
                _log.exception("no update check")
                await asyncio.sleep(self._retry)

    def _remember(self) -> None:
        with suppress(OSError):  # then the next start looks again
            make_private(self._stamp.parent)
            self._stamp.write_text(str(self._clock()), encoding="ascii")
