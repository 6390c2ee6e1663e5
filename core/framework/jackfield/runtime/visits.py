"""What a plugin does for users right now, and how that ends when the plugin is taken down."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any


class Visit:
    """One thing that a plugin does for a user: a command, what a button or a form asks for.

    Args:
        plugin: the id of the plugin.
        what: what it does, for people: `command roll`.

    Attributes:
        task: in which it is done; None before and for what waits for nothing.
        asks: how many changes of plugins it has asked for and waits for.
        is_broken_off: whether it ends because its plugin does, and is nobody's failure.
    """

    __slots__ = ("asks", "is_broken_off", "plugin", "task", "what")

    def __init__(self, plugin: str, what: str) -> None:
        self.plugin = plugin
        self.what = what
        self.task: asyncio.Future[object] | None = None
        self.asks = 0
        self.is_broken_off = False


_WITHIN: ContextVar[tuple[Visit, ...]] = ContextVar("jackfield visits", default=())


class Visits:
    """All that is under way."""

    def __init__(self) -> None:
        self._of: dict[str, set[Visit]] = {}
        self._elsewhere: Counter[str] = Counter()
        self._looking: set[asyncio.Future[None]] = set()

    @contextmanager
    def begun(self, plugin: str, what: str) -> Iterator[Visit]:
        """Remember something for as long as it goes on, for whatever is begun by it as well."""
        visit = Visit(plugin, what)
        token = _WITHIN.set((*_WITHIN.get(), visit))
        self._of.setdefault(plugin, set()).add(visit)
        try:
            yield visit
        finally:
            with suppress(ValueError):  # a coroutine that nobody awaits any more is closed wherever that is noticed
                _WITHIN.reset(token)
            others = self._of[plugin]
            others.discard(visit)
            if not others:
                del self._of[plugin]

    def attend(self, task: "asyncio.Future[object]") -> Visit | None:
        """Note in which task something is done; None where that is not for a user."""
        within = _WITHIN.get()
        if not within or within[-1].task is not None:
            return None
        within[-1].task = task
        return within[-1]

    @contextmanager
    def asking(self, plugin: str) -> Iterator[None]:
        """Remember that what runs here waits for a change of plugins.

        Args:
            plugin: the id of the plugin that asks from a process of its own, where it is not known for whom; or empty.
        """
        within = _WITHIN.get()
        for one in within:
            one.asks += 1
        self._elsewhere[plugin] += 1
        while self._looking:
            self._looking.pop().set_result(None)
        try:
            yield
        finally:
            for one in within:
                one.asks -= 1
            self._elsewhere[plugin] -= 1
            if not self._elsewhere[plugin]:
                del self._elsewhere[plugin]

    async def end(self, plugin: str, seconds: float) -> None:
        """Wait for what a plugin does for users, and break off what takes longer.

        What has asked for a change, this one or one that waits for it, is let be: it would wait for its own end.

        Args:
            plugin: its id.
            seconds: how long to wait, and once more for what is broken off and clears up.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (going := self._going(plugin)) and (left := until - loop.time()) > 0:
            looking: asyncio.Future[None] = loop.create_future()
            self._looking.add(looking)
            waited: set[asyncio.Future[Any]] = {*going, looking}
            await asyncio.wait(waited, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            self._looking.discard(looking)
        for task, visit in going.items():
            visit.is_broken_off = True
            task.cancel()
        if going:
            await asyncio.wait(going, timeout=seconds)

    def _going(self, plugin: str) -> "dict[asyncio.Future[object], Visit]":
        if plugin in self._elsewhere:
            return {}
        within = _WITHIN.get()
        return {
            one.task: one
            for one in self._of.get(plugin, ())
            if one.task is not None and not one.task.done() and not one.asks and one not in within
        }
