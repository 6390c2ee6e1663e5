"""What a plugin does for users right now, and how that ends when the plugin is taken down."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar


class Visit:
    """One thing that a plugin does for a user: a command, what a button or a form asks for.

    Args:
        plugin: the id of the plugin.
        what: what it does, for people: `command roll`.

    Attributes:
        task: in which it is done; None before and for what waits for nothing.
        is_broken_off: whether it ends because its plugin does, and is nobody's failure.
    """

    __slots__ = ("is_broken_off", "plugin", "task", "what")

    def __init__(self, plugin: str, what: str) -> None:
        self.plugin = plugin
        self.what = what
        self.task: asyncio.Future[object] | None = None
        self.is_broken_off = False


_WITHIN: ContextVar[tuple[Visit, ...]] = ContextVar("jackfield visits", default=())


class Visits:
    """All that is under way."""

    def __init__(self) -> None:
        self._of: dict[str, set[Visit]] = {}

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

    async def end(self, plugin: str, seconds: float) -> None:
        """Wait for what a plugin does for users, and break off what takes longer.

        What asks for this itself is let be: it would wait for its own end.

        Args:
            plugin: its id.
            seconds: how long to wait, and once more for what is broken off and clears up.
        """
        within = _WITHIN.get()
        going = {one.task: one for one in self._of.get(plugin, ()) if one.task is not None and one not in within}
        if not going:
            return
        _, late = await asyncio.wait(going, timeout=seconds)
        for task in late:
            going[task].is_broken_off = True
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=seconds)
