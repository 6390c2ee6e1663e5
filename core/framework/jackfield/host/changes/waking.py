"""Plugins that are loaded on demand, brought up because something that they declare is used (K24).

Every use waits for its plugin, also one that comes while an earlier one brings it up: all go on in the order in which
they came, when the plugin is up or could not be brought up. One of them would wait for itself: a use which the start of
the plugin waits for. It goes on without the plugin.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Collection, Coroutine
from contextlib import AbstractContextManager
from contextvars import Context, copy_context
from dataclasses import dataclass
from typing import Any, Protocol

from jackfield.host.changes.demand import Sleeper
from jackfield.host.changes.following import Following
from jackfield.host.changes.stepping import run_now
from jackfield.host.changes.turn import Turn
from jackfield.host.changes.within import Within
from jackfield.host.plugins import Plugins
from jackfield.host.remote import Start, asking, led_by_starts, within

_log = logging.getLogger("jackfield.host")

WAKE_SECONDS = 30.0
"""How long another thread waits for plugins that it woke."""

PERHAPS_SECONDS = 2.5
"""How long a use waits that the start of its plugin may wait for, which cannot be told of what a process asks: half of
what the call has that it may be made for."""


class Begin(Protocol):
    """Does one change in a task, when no other is under way."""

    def __call__(
        self, work: Coroutine[Any, Any, None], variables: Context | None = None, /, *, wanted: Collection[str] = ()
    ) -> "asyncio.Task[None]":
        """Return the task, which is kept; the change is done in these variables, and has these plugins come up."""
        ...


@dataclass(frozen=True, slots=True)
class Ways:
    """How a change is made.

    Args:
        begin: begins one change, to be done when no other is under way.
        asked_for: has it known, in a block that waits for a change, who asks for it.
        soon: does something as soon as nothing else changes; returns at once.
        keep: keeps a task that nobody awaits.
        end_released: unloads the plugins whose parents are down.
    """

    begin: Begin
    asked_for: Callable[[], AbstractContextManager[None]]
    soon: Callable[[Coroutine[Any, Any, None]], None]
    keep: Callable[["asyncio.Task[None]"], object]
    end_released: Callable[[], Awaitable[None]]


class Waking:
    """Brings up who is asleep.

    Args:
        plugins: where they stand.
        following: takes them from one state to another.
        turn: one change at a time.
        within: says what would wait for the callback that asks.
        ways: how a change is made.
    """

    def __init__(self, plugins: Plugins, following: Following, turn: Turn, within: Within, ways: Ways) -> None:
        self._plugins = plugins
        self._following = following
        self._demand = following.demand
        self._turn = turn
        self._within = within
        self._ways = ways
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    def open(self) -> None:
        """Wake from now on; on the event loop's thread."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()

    def close(self) -> None:
        """Wake nobody any more."""
        self._loop = None

    async def wake(self, cid: str) -> None:
        """Bring up a plugin that is asleep, or wait for it while it comes up; one that fails says so in its status."""
        change: asyncio.Task[None] | None = None
        while (sleeper := self._demand.sleeper(cid)) is not None:
            starts = led_by_starts()
            if sleeper.start in within():
                self._within.tell_missed(cid)
                return
            if self._within.puts_off(cid):
                self._ways.soon(self.wake(cid))
                return
            if change is not None and change.done():
                break
            if sleeper.start is None and change is None:
                change = self._begin(cid, starts)
            perhaps = sleeper.start in starts if sleeper.start is not None else starts and self._within.is_busy(cid)
            await self._until(sleeper, change, PERHAPS_SECONDS if perhaps else None)
            if perhaps and not sleeper.up.done():
                self._within.tell_missed(cid)
                return
        if change is not None and change.done():
            await change

    def _begin(self, cid: str, starts: Collection[Start]) -> "asyncio.Task[None]":
        """Begin a change that brings a plugin up: within the start that has led to its use, or may have."""

        async def change() -> None:
            await self._following.wake(cid)
            await self._ways.end_released()

        variables = copy_context() if within() or not starts else [*starts][-1].variables.copy()
        return self._ways.begin(change(), variables, wanted=self._within.required(cid))

    async def _until(self, sleeper: Sleeper, change: "asyncio.Task[None] | None", seconds: float | None) -> None:
        """Wait until a plugin is up or cannot be brought up; the time of who asks for it stands still.

        Args:
            sleeper: the plugin.
            change: brings it up; None: another one does.
            seconds: how long at most; None: as long as its start takes, which has its bounds.
        """
        waited_for: list[asyncio.Future[None]] = [sleeper.up]
        if change is not None:
            waited_for.append(change)
        asked = asking.get()
        if asked is not None:
            asked.begin()
        try:
            with self._ways.asked_for():
                await asyncio.wait(waited_for, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if asked is not None:
                asked.end()

    def wake_now(self, cids: Collection[str], what: str) -> None:
        """Bring up plugins that are asleep before this returns, where their callbacks are plain functions.

        From another thread it waits for them, whatever they are. On the loop's own thread nothing can be awaited: what
        has to wait goes on by itself, and what is called now goes on without it.

        Args:
            cids: canonical ids.
            what: what is called, for the log.
        """
        loop = self._loop
        if loop is None or not cids:
            return
        if threading.get_ident() != self._thread:
            for cid in cids:
                self._wait_in_thread(cid, what, loop)
            return
        sleepers = {cid: sleeper for cid in cids if (sleeper := self._demand.sleeper(cid)) is not None}
        asleep = [cid for cid, sleeper in sleepers.items() if sleeper.start is None]

        async def change() -> None:
            async with self._turn.taken({one for cid in asleep for one in self._within.required(cid)}):
                for cid in asleep:
                    await self._following.wake(cid, one_by_one=True)
                await self._ways.end_released()

        left = run_now(change()) if asleep else None
        if left is not None:
            self._ways.keep(left)
        own = within()
        for cid, sleeper in sleepers.items():
            if not sleeper.up.done() and sleeper.start not in own:
                self._tell_late(cid, what)

    def _wait_in_thread(self, cid: str, what: str, loop: asyncio.AbstractEventLoop) -> None:
        waking = asyncio.run_coroutine_threadsafe(self.wake(cid), loop)
        try:
            waking.result(timeout=WAKE_SECONDS)
        except TimeoutError:
            waking.cancel()
            self._tell_late(cid, what)

    def _tell_late(self, cid: str, what: str) -> None:
        name = self._plugins.record(cid).candidate.id
        _log.warning("%s misses this call of %s, which nobody awaits: its start has to wait", name, what)
