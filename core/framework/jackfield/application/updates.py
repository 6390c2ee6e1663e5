"""Looks for updates while an application runs, without a part in what its start takes (C41)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from jackfield.management import Management, Update, UpdateSchedule

QUIET_SECONDS = 60.0
"""After the start: whoever starts an application wants to use it first."""

Updates: TypeAlias = "Callable[[Sequence[Update]], None]"
"""Told of every round that came to an end, also of one without updates."""

Take: TypeAlias = "Callable[[list[Update]], Awaitable[list[Update]]]"

_log = logging.getLogger("jackfield.application")


class UpdateWatch:
    """Runs `jackfield.management.UpdateSchedule` beside the plugins.

    Args:
        management: gives what looks; called off the event loop's thread, since it brings the network library.
        tell: told on the event loop's thread.
        take: takes what a round found and may be taken by itself, before it is told.
        every_seconds: between two rounds; a round of an earlier run counts.
        quiet_seconds: after the start, before anything of it happens; `every_seconds` where that is shorter.
    """

    def __init__(
        self,
        management: Callable[[], Management],
        tell: Updates,
        *,
        take: Take | None = None,
        every_seconds: float,
        quiet_seconds: float = QUIET_SECONDS,
    ) -> None:
        self._management = management
        self._tell = tell
        self._take = take
        self._every = every_seconds
        self._quiet = min(quiet_seconds, every_seconds)
        self._schedule: UpdateSchedule | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to wait."""
        self._task = asyncio.get_running_loop().create_task(self._begin(), name="jackfield: update watch")

    async def stop(self) -> None:
        """End; a round on its way is given up."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        schedule, self._schedule = self._schedule, None
        if schedule is not None:
            await schedule.stop()

    async def _begin(self) -> None:
        await asyncio.sleep(self._quiet)
        try:
            self._schedule = await asyncio.to_thread(self._make)
        except Exception:  # noqa: BLE001 (the application runs on without; its owner can still ask for updates)
            _log.exception("updates are not looked for")
            return
        self._schedule.start()

    def _make(self) -> UpdateSchedule:
        from jackfield.management import UpdateSchedule

        return UpdateSchedule(self._management(), self._tell, take=self._take, every_seconds=self._every)
