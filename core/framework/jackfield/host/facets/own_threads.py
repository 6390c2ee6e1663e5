"""The threads in which the host waits for one plugin: for its database, for the user's files, for name servers.

Threads that all share would be those of whoever asks most. A plugin that sorts its tables without end, or asks for
names that nobody answers, would have them all, and behind it would wait the other plugins, which are blamed for being
late, and the application's own work.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MOST_THREADS: Final = 4
"""Of one plugin; what it asks for beyond that waits for what it asked for before."""


class OwnThreads:
    """Those of one plugin; each is there once it is needed.

    Args:
        plugin: its id, in the threads' names.
    """

    def __init__(self, plugin: str) -> None:
        self._plugin = plugin
        self._pool: ThreadPoolExecutor | None = None

    async def run(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Do a piece of work that waits, and return what it returns; as `asyncio.to_thread`, without a context.

        Raises:
            Exception: what the work raises.
        """
        if self._pool is None:
            self._pool = ThreadPoolExecutor(MOST_THREADS, f"jackfield: for {self._plugin}")
        return await asyncio.get_running_loop().run_in_executor(self._pool, partial(work, *arguments, **named))

    def close(self) -> None:
        """Let the threads end with what was asked for; whoever asks later gets others."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False)
