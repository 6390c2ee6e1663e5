"""Revocation in an application that runs: asked for each hour, told to its users, kept in the history.

Who may run is decided by the host, from the lists on disk. So a list that any process fetches stops a plugin here.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from jackfield.apart import done_apart
from jackfield.errors import JackfieldError
from jackfield.host import Host
from jackfield.revocation import ENTRY, STOPPED, Lists

if TYPE_CHECKING:
    from jackfield.management import Management

EVERY_SECONDS = 3600.0
"""Between two questions; an answer is half a kilobyte."""

QUIET_SECONDS = 60.0
"""After the start: whoever starts an application wants to use it first."""

JITTER = 0.1
"""By which part of the time a question may be late, so that not everybody asks at once."""

_log = logging.getLogger("jackfield.application")


class RevocationWatch:
    """Asks marketplaces what they have revoked, and says what came of it.

    Args:
        host: the running host.
        management: gives what asks; called off the event loop's thread, since it brings the network library.
        follow: has the host look again: a day for which something was allowed is over.
        every_seconds: between two questions, of any process with this profile; None: nobody is asked, and what others
            fetch counts all the same.
        quiet_seconds: after the start, before the first question; `every_seconds` where that is shorter.
    """

    def __init__(
        self,
        host: Host,
        management: Callable[[], Management],
        follow: Callable[[], Awaitable[None]],
        *,
        every_seconds: float | None = EVERY_SECONDS,
        quiet_seconds: float = QUIET_SECONDS,
    ) -> None:
        self._host = host
        self._management = management
        self._follow = follow
        self._every = every_seconds
        self._quiet = quiet_seconds
        self._lists = Lists(host.layout.trust)
        self._task: asyncio.Task[None] | None = None
        self._end: asyncio.TimerHandle | None = None
        self._following: asyncio.Task[None] | None = None
        self._noting = asyncio.Lock()
        self._told: dict[str, Any] = {}

    def start(self) -> None:
        """Begin to ask; the host has started its plugins, and what is revoked of them is noted."""
        for problem in self._lists.problems():
            _log.error("what was revoked is not known: %s", problem)
        if self._every is not None:
            self._task = asyncio.get_running_loop().create_task(self._ask(self._every), name="jackfield: revocations")

    async def stop(self) -> None:
        """End; a question on its way is given up."""
        if self._end is not None:
            self._end.cancel()
        tasks = [task for task in (self._task, self._following) if task is not None]
        self._task = self._following = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def note(self) -> None:
        """Log and keep what came of revocations since the last time: the host has followed a change."""
        async with self._noting:  # two changes that are followed at once would each have it in the history
            await self._note()

    async def _note(self) -> None:
        records = {cid: one for cid, one in self._host.plugins.records().items() if one.revoked is not None}
        kept = self._host.state.items(STOPPED)
        ends: list[float] = []
        changes: list[tuple[str, object, str, str]] = []
        for cid, record in records.items():
            now = record.revoked
            if now is None or not record.enabled:
                continue
            version, key = record.candidate.version, f"{STOPPED}{cid}"
            became = {"version": version, "keys": list(now.keys), "stopped": now.stops, ENTRY: dict(now.entry)}
            if now.allowed_until:
                ends.append(now.seconds_left)
            if self._told.get(cid) != (became, now.allowed_until):
                self._told[cid] = became, now.allowed_until
                _log.warning("REVOKED: %s %s %s", record.candidate.id, version, now.note or now.problem)
            if kept.get(key) != became:
                done = "was stopped: it" if now.stops else "runs though it"
                changes.append((key, became, now.by, f"{record.candidate.id} {version} {done} {now.problem}"))
        for key in kept:
            cid = key.removeprefix(STOPPED)
            if cid not in records and cid in self._host.plugins.records():
                self._told.pop(cid, None)
                changes.append((key, None, self._host.app, f"{cid} is not revoked any more"))
        self._look_again(min(ends, default=None))
        for key, value, by, why in changes:
            try:
                await done_apart(self._host.state.change, {key: value}, by=by, why=why)
            except JackfieldError as error:  # what is not kept is so when the next change is followed
                _log.error("what was revoked could not be kept for the history: %s", error)
                break

    def _look_again(self, seconds: float | None) -> None:
        """Have the host look again when the next allowance is over."""
        if self._end is not None:
            self._end.cancel()
        loop = asyncio.get_running_loop()
        self._end = loop.call_later(seconds + 1.0, self._over) if seconds is not None else None

    def _over(self) -> None:
        async def follow() -> None:
            try:
                await self._follow()
            except JackfieldError as error:
                _log.error("a revoked plugin could not be stopped: %s", error)

        self._following = asyncio.get_running_loop().create_task(follow(), name="jackfield: allowance over")

    async def _ask(self, every: float) -> None:
        await asyncio.sleep(min(self._quiet, every))
        while True:
            await asyncio.sleep(self._due(every) * (1 + JITTER * random.random()))  # noqa: S311 (nobody guesses it)
            try:
                management = await asyncio.to_thread(self._management)
                failed = await management.check_revocations()
            except Exception:  # noqa: BLE001 (whatever a round meets, the next one is not lost)
                _log.exception("nobody could be asked what was revoked")
            else:
                for error in failed.values():
                    _log.warning("what was revoked is known as of an earlier day: %s", error)
            await asyncio.sleep(every * JITTER)  # one that does not answer is not asked again and again

    def _due(self, every: float) -> float:
        """How long until the next question; whatever any process has learned meanwhile counts."""
        ages = [kept.age_seconds() for kept in self._lists.kept()]
        return max(every - max(ages, default=every), 0.0) if len(ages) >= 1 else 0.0
