"""Plugins that are loaded on demand, brought up because something that they declare is used (K24)."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Collection, Coroutine
from dataclasses import dataclass
from typing import Any

from jackfield.host.changes.following import Following
from jackfield.host.changes.stepping import run_now
from jackfield.host.changes.turn import Turn
from jackfield.host.changes.within import Within
from jackfield.host.plugins import Plugins

_log = logging.getLogger("jackfield.host")

WAKE_SECONDS = 30.0
"""How long another thread waits for plugins that it woke."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How a change is made.

    Args:
        carry_out: does one change when no other is under way.
        soon: does something as soon as nothing else changes; returns at once.
        keep: keeps a task that nobody awaits.
        end_released: unloads the plugins whose parents are down.
    """

    carry_out: Callable[[Coroutine[Any, Any, None]], Awaitable[None]]
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
        """Bring up a plugin that is asleep; one that fails says so in its status."""
        if self._within.puts_off(cid):
            self._ways.soon(self.wake(cid))
            return

        async def change() -> None:
            await self._following.wake(cid)
            await self._ways.end_released()

        await self._ways.carry_out(change())

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
                asyncio.run_coroutine_threadsafe(self.wake(cid), loop).result(timeout=WAKE_SECONDS)
            return

        async def change() -> None:
            async with self._turn.taken():
                for cid in cids:
                    await self._following.wake(cid, one_by_one=True)
                await self._ways.end_released()

        left = run_now(change())
        if left is not None:
            self._ways.keep(left)
            names = ", ".join(self._plugins.record(cid).candidate.id for cid in cids)
            _log.warning("%s misses this call of %s, which nobody awaits: its start has to wait", names, what)
