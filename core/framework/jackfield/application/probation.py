"""Probation after an install or update: who fails within it takes the whole change back, by itself (C46).

A failure is: the plugin does not come up; its process ends so often that it is not started again at once; it blocks the
event loop for seconds, or again and again; its `on_health` says that it does not work. The rollback runs beside the
event loop, so that a plugin that blocks it for ever is gone at the next start all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from jackfield.apart import done_apart
from jackfield.application.outcomes import Outcomes
from jackfield.errors import JackfieldError, UnknownPlugin
from jackfield.host import Host, PluginStatus, State
from jackfield.isolation import ending_alone
from jackfield.manifest import canonical_id

if TYPE_CHECKING:
    from jackfield.management import Management, RollbackReport

PROBATION_SECONDS = 300.0
"""How long a new version has to run without a failure, in one run of the application."""

HEALTH_SECONDS = 30.0
"""Between two questions to `on_health`."""

BLOCK_SECONDS = 5.0
"""For how long a new version may block the event loop at once."""

MOST_BLOCKS = 5
"""How often it may block it for a shorter time, within its probation."""

KEY = "probation/"

_log = logging.getLogger("jackfield.application")


class Probation:
    """Watches the plugins of one host that are on probation.

    Args:
        host: the running host.
        management: gives what rolls back; called off the event loop's thread, since it brings the network library.
        by: who rolls back, for the history.
        seconds: how long a new version has to run without a failure.
        health_seconds: between two questions to `on_health`.
        outcomes: is told what became of new versions.
    """

    def __init__(
        self,
        host: Host,
        management: Callable[[], Management],
        *,
        by: str,
        seconds: float = PROBATION_SECONDS,
        health_seconds: float = HEALTH_SECONDS,
        outcomes: Outcomes | None = None,
    ) -> None:
        self._host = host
        self._management = management
        self._by = by
        self._seconds = seconds
        self._health_seconds = health_seconds
        self._outcomes = outcomes or Outcomes(management)
        self._trials: dict[str, tuple[str, asyncio.Task[None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._blocks: dict[str, int] = {}
        self._timers: dict[str, threading.Timer] = {}
        self._guard = threading.Lock()
        self._given_up: set[tuple[str, str]] = set()
        self._under_way: set[Future[None]] = set()
        self._decisions = 0
        self._workshop: ThreadPoolExecutor | None = None
        self._forget: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin to watch: before the host starts its plugins."""
        self._forget = self._host.plugins.on_change(self._heard)
        self._host.plugins.on_block = self._blocked

    @property
    def deciding(self) -> bool:
        """Whether a change is being taken back now."""
        return bool(self._under_way)

    @property
    def decisions(self) -> int:
        """How many changes were taken back, or could not be, in this run."""
        return self._decisions

    async def decided(self) -> None:
        """Wait until what is being taken back is."""
        while self._under_way:
            await asyncio.gather(*(asyncio.wrap_future(one) for one in tuple(self._under_way)))

    async def stop(self) -> None:
        """End the watch; who did not prove itself is on probation again at the next start."""
        self._forget()
        self._host.plugins.on_block = lambda plugin, seconds, over: None
        self._trials.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for timer in self._timers.values():
            timer.cancel()
        await self.decided()
        if self._workshop is not None:
            self._workshop.shutdown()

    def give_up_all(self, why: str) -> RollbackReport | None:
        """Go back to the last set that proved itself, since nobody knows which new version it is; waits for it.

        Raises:
            StoreLocked, StoreError: it cannot be done now.
        """
        failures = dict.fromkeys(self._waiting(), f"{why} (nobody knows which plugin it was)")
        return self._give_up(failures) if failures else None

    def _waiting(self) -> dict[str, str]:
        """Canonical id -> version, of those on probation."""
        found = self._host.state.items(KEY)
        return {key.removeprefix(KEY): str(version) for key, version in found.items()}

    def _heard(self, status: PluginStatus) -> None:
        cid = canonical_id(status.id)
        if status.state is State.FAILED and not status.comes_back:
            self._failed(cid, status.version, ending_alone(status.problem))
        elif status.state is State.ACTIVE and status.origin == "store":
            version = status.version
            if self._host.state.get(f"{KEY}{cid}") != version:
                return  # it has proved itself, or is the old one: the next was installed and is not up yet
            trial = self._trials.get(cid)
            if trial is None or trial[0] != version or trial[1].done():
                self._end_trial(cid)
                task = asyncio.get_running_loop().create_task(self._try(cid, version), name=f"probation of {cid}")
                self._trials[cid] = version, task
                self._tasks.add(task)  # also one that is ended may have something to write to its end
                task.add_done_callback(self._tasks.discard)

    async def _try(self, cid: str, version: str) -> None:
        """Ask a new version how it is until its time is over; then it has proved itself, once that is kept."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._seconds
        while True:
            try:
                trouble = await self._host.health.trouble(cid)
            except UnknownPlugin:
                return
            if trouble:
                self._failed(cid, version, trouble)
                return
            left = end - loop.time()
            if left > 0:
                await asyncio.sleep(min(left, self._health_seconds))
                continue
            status = self._host.plugins.status(cid)
            if status.state is not State.ACTIVE or self._host.state.get(f"{KEY}{cid}") != version:
                return  # it is down by its user's wish, or another version came meanwhile: nothing is to be told yet
            try:
                await self._prove(cid, version)
                break
            except JackfieldError as error:  # it is on probation a little longer
                _log.debug("that %s %s has proved itself is not kept yet: %s", cid, version, error)
                await asyncio.sleep(self._health_seconds)
        with contextlib.suppress(JackfieldError):
            self._outcomes.send(await asyncio.to_thread(self._outcomes.tried, [cid]), "kept")

    async def _prove(self, cid: str, version: str) -> None:
        key, why = f"{KEY}{cid}", f"{cid} {version} proved itself"
        # Whoever holds the log may be who installs the next version, which has to prove itself, too.
        await done_apart(self._host.state.change, {key: None}, by=self._by, why=why, expecting={key: version})
        _log.info("%s %s has proved itself", cid, version)

    def _end_trial(self, cid: str) -> None:
        trial = self._trials.pop(cid, None)
        if trial is not None:
            trial[1].cancel()

    def _blocked(self, plugin: str, seconds: float, over: bool) -> None:
        """Count a block of the event loop; in the watchdog's thread."""
        cid = canonical_id(plugin)
        version = self._host.state.get(f"{KEY}{cid}")
        if version is None:
            return
        told = f"{plugin} {version} blocked the event loop"
        timer = self._timers.pop(cid, None)
        if timer is not None:
            timer.cancel()
        if not over:  # it may never be over
            timer = threading.Timer(
                max(BLOCK_SECONDS - seconds, 0.0),
                partial(self._failed, cid, str(version), f"{told} for more than {BLOCK_SECONDS:g} s"),
            )
            timer.daemon = True
            timer.start()
            self._timers[cid] = timer
            return
        self._blocks[cid] = self._blocks.get(cid, 0) + 1
        if seconds >= BLOCK_SECONDS:
            self._failed(cid, str(version), f"{told} for {seconds:.1f} s")
        elif self._blocks[cid] >= MOST_BLOCKS:
            self._failed(cid, str(version), f"{told} {self._blocks[cid]} times")

    def _failed(self, cid: str, version: str, why: str) -> None:
        """Take back the change that brought a plugin, if it is on probation; from any thread, returns at once."""
        if self._host.state.get(f"{KEY}{cid}") != version:
            return
        with self._guard:
            if (cid, version) in self._given_up:
                return
            self._given_up.add((cid, version))
            self._workshop = self._workshop or ThreadPoolExecutor(1, thread_name_prefix="jackfield: probation")
            doing = self._workshop.submit(self._carefully, {cid: why}, (cid, version))
            self._under_way.add(doing)
        doing.add_done_callback(self._under_way.discard)

    def _carefully(self, failures: Mapping[str, str], key: tuple[str, str]) -> None:
        try:
            self._give_up(failures)
        except Exception as error:  # noqa: BLE001 (the application runs on; at its next start this is tried again)
            self._given_up.discard(key)
            _log.error("%s failed and could not be rolled back: %s", key[0], error)
        finally:
            self._decisions += 1

    def _give_up(self, failures: Mapping[str, str]) -> RollbackReport | None:
        # Before it is forgotten with all else that the change set; of several, nobody knows which one it was.
        tried = self._outcomes.tried(failures) if len(failures) == 1 else []
        report = asyncio.run(self._management().give_up(failures, by=self._by))
        if report is not None:
            self._outcomes.send(tried, "failed")
            self._given_up.clear()  # whoever comes again is a new one
            for plugin, (before, now) in report.plugins.items():
                became = f"rolled back to {now}" if now is not None else "taken out again"
                why = (
                    failures.get(canonical_id(plugin)) or f"it came with {', '.join(failures)}, which failed, or later"
                )
                _log.warning("%s %s was %s: %s", plugin, before, became, why)
        return report
