"""The threads in which the host waits for one plugin: for its database, for the user's files, for name servers.

Threads that all share would be those of whoever asks most. A plugin that sorts its tables without end, or asks for
names that nobody answers, would have them all, and behind it would wait the other plugins, which are blamed for being
late, and the application's own work. Nor are they there for as much of a processor as it likes: what they use is
counted, and beyond a share its next request waits.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MOST_THREADS: Final = 4
"""Of one plugin; what it asks for beyond that waits for what it asked for before."""

SHARE: Final = 0.5
"""Of one processor, that one plugin's threads use in the long run."""

SAVED_SECONDS: Final = 5.0
"""Of a processor, that a plugin has to begin with, and has again after some rest."""


class OwnThreads:
    """Those of one plugin; each is there once it is needed.

    Args:
        plugin: its id, in the threads' names.
    """

    def __init__(self, plugin: str) -> None:
        self._plugin = plugin
        self._pool: ThreadPoolExecutor | None = None
        self._asked = 0
        self._is_over = False
        self._turns = asyncio.Semaphore(MOST_THREADS)
        self._left = SAVED_SECONDS
        self._filled = time.monotonic()
        self._used: deque[float] = deque()
        self._given_up: set[asyncio.Future[Any]] = set()
        self._awaited: frozenset[asyncio.Future[Any]] = frozenset()
        self._acts: list[Callable[[], None]] | None = None

    async def run(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Do a piece of work that waits, and return what it returns; as `asyncio.to_thread`, without a context.

        Raises:
            Exception: what the work raises.
        """
        self._is_over = self._is_over and self._asked > 0
        self._asked += 1
        try:
            # What has to wait does so here: in a thread's queue it would be done long after its plugin is gone.
            await self._turns.acquire()
            begun = await self._begun(partial(work, *arguments, **named))
            try:
                return await asyncio.shield(begun)
            except asyncio.CancelledError:
                if not begun.done():
                    self._given_up.add(begun)
                    begun.add_done_callback(self._given_up.discard)
                raise
        finally:
            self._asked -= 1
            if self._is_over and not self._asked:
                self._let_go()

    def after_given_up(self, act: Callable[[], None]) -> None:
        """Call `act` once all work has ended for which nobody waits any more: now, where there is none.

        What such work was given is in memory as long as its thread is at it.
        """
        if not self._given_up:
            act()
            return
        if self._acts is None or not self._awaited.issuperset(self._given_up):
            acts = self._acts = [act]
            self._awaited = frozenset(self._given_up)
            asyncio.gather(*self._awaited, return_exceptions=True).add_done_callback(lambda _: self._do(acts))
        else:  # whoever asks for much meanwhile leaves a line of a list each time, and no future
            self._acts.append(act)

    def _do(self, acts: list[Callable[[], None]]) -> None:
        if self._acts is acts:
            self._acts = None
        for act in acts:
            act()

    async def _begun(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Begin a piece of work whose turn it is. Nobody else has that before its thread is free.

        Else who gives up what it has asked for has its next request wait in the threads' queue, one after the other,
        and with each what it carries.
        """
        try:
            while (seconds := self._wait_seconds()) > 0:  # noqa: ASYNC110 (it is time that is waited for)
                await asyncio.sleep(seconds)
            if self._pool is None:
                self._pool = ThreadPoolExecutor(MOST_THREADS, f"jackfield: for {self._plugin}")
            begun = asyncio.get_running_loop().run_in_executor(self._pool, partial(self._counted, work))
        except BaseException:
            self._turns.release()
            raise
        begun.add_done_callback(lambda _: self._turns.release())
        return begun

    def _counted(self, work: Callable[[], T]) -> T:
        """In a thread; its time counts also where nobody waits for what it does any more."""
        began = time.thread_time()
        try:
            return work()
        finally:
            self._used.append(time.thread_time() - began)

    def _wait_seconds(self) -> float:
        """Return how long the next piece of work waits until what was used is paid for."""
        now = time.monotonic()
        self._left = min(SAVED_SECONDS, self._left + (now - self._filled) * SHARE)
        self._filled = now
        while self._used:
            self._left -= self._used.popleft()
        return max(-self._left / SHARE, 0.0)

    def close(self) -> None:
        """Let the threads end with what was asked for; whoever asks later gets others."""
        self._is_over = True
        if not self._asked:
            self._let_go()

    def _let_go(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False)
