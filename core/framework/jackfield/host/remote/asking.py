"""On whose behalf the host calls a plugin: one that waits for another has its own time stand still."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context, ContextVar
from dataclasses import replace
from typing import Any

from jackfield.host.remote.starts import Start, Waited, begun, within
from jackfield.isolation import OwnTime
from jackfield.rpc import Served

LEADING_ON = ("api.", "services.", "events.", "source.", "settings.", "plugins.")
"""The beginnings of what a plugin may ask for that can lead to a call of another plugin."""


class Asking:
    """One thing that a plugin has asked for, while its host is at work on it.

    Args:
        plugin: its id; empty: nobody asks, and it is a start of plugins that calls others.
        own_time: of its calls.
        waited: what waits for it; None for a start.

    Attributes:
        starts: within which it may ask: they waited for it then.
    """

    __slots__ = ("_is_open", "_waits", "own_time", "plugin", "starts", "waited")

    def __init__(self, plugin: str, own_time: OwnTime, waited: Waited | None = None) -> None:
        self.plugin = plugin
        self.own_time = own_time
        self.waited = waited
        self.starts = waited.now() if waited is not None else ()
        self._waits = 0
        self._is_open = True

    def begin(self) -> None:
        """Note that another plugin is called for it; not for what it has asked and waits for no more."""
        if self._is_open:
            self._waits += 1
            self.own_time.stop()

    def end(self) -> None:
        """Note that one of them has answered, or will not."""
        if self._waits:
            self._waits -= 1
            self.own_time.go_on()

    def close(self) -> None:
        """Note that the plugin has its answer, whatever else of this still runs."""
        self._is_open = False
        while self._waits:
            self.end()


asking: ContextVar[Asking | None] = ContextVar("what a plugin asks for", default=None)
"""What the running code is at work on; None where no plugin waits for it."""


@contextmanager
def starting() -> Iterator[Start]:
    """Have what is done in this block, and what that begins, count as done within a start of plugins.

    Calls of hooks look for a start only where they are made for somebody, so that others cost nothing.
    """
    token = asking.set(Asking("", OwnTime({}, lambda: None))) if asking.get() is None else None
    try:
        with begun() as start:
            yield start
    finally:
        if token is not None:
            asking.reset(token)


class Waiting:
    """A call of a plugin in another process, for as long as it has no answer.

    Args:
        asked: who asked for what has led to it; None: no other plugin.
        waited: keeps what waits for the plugin.
        starts: within which it is called.
        is_life: whether it is called for its own life.
    """

    __slots__ = ("_asked", "_is_life", "_is_over", "_starts", "_waited")

    def __init__(
        self, asked: Asking | None, waited: Waited, starts: tuple[Start, ...], *, is_life: bool = False
    ) -> None:
        self._asked = asked
        self._waited = waited
        self._starts = starts
        self._is_life = is_life
        self._is_over = False
        waited.begin(starts, is_life=is_life)
        if asked is not None:
            asked.begin()

    @property
    def is_for_another(self) -> bool:
        """Whether another plugin has led to it."""
        return self._asked is not None

    def end(self) -> None:
        """Note that it is answered, or will not be; what is said twice counts once."""
        if self._is_over:
            return
        self._is_over = True
        self._waited.end(self._starts, is_life=self._is_life)
        if self._asked is not None:
            self._asked.end()


def led_by_starts() -> tuple[Start, ...]:
    """Return the starts within which the running code may be: for certain, or as far as can be told of who asks."""
    asked = asking.get()
    return within() if asked is None else (*within(), *(one for one in asked.starts if not one.is_over))


def standing_still(run: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Return what calls code on behalf of a plugin as `run` does, while the time of who has led to it stands still.

    For what runs in the host, which is called over no line: a listener that takes long would have its sender stopped.

    Args:
        run: takes the plugin, what it is doing, a function and its arguments.
    """

    async def still(plugin: str, what: str, function: Callable[..., Any], *arguments: object) -> Any:
        waiting = asking.get()
        if waiting is None or waiting.plugin == plugin:
            return await run(plugin, what, function, *arguments)
        waiting.begin()
        try:
            return await run(plugin, what, function, *arguments)
        finally:
            waiting.end()

    return still


def leading_on(
    served: Mapping[str, Served],
    plugin: str,
    own_time: OwnTime,
    led_by: Callable[[], Context | None],
    waited: Waited,
) -> dict[str, Served]:
    """Return what a plugin is served, and let it be known whose request it is that leads to another plugin.

    Args:
        served: by method.
        plugin: its id.
        own_time: of its calls.
        led_by: returns what leads a callback of its life that is under way: a change of plugins, within which it may
            ask for another one, which would wait for the end of the first otherwise.
        waited: what waits for it.
    """
    return {
        name: _known(one, plugin, own_time, led_by, waited)
        if name.startswith(LEADING_ON) and inspect.iscoroutinefunction(one.function)
        else one
        for name, one in served.items()
    }


def _known(
    served: Served,
    plugin: str,
    own_time: OwnTime,
    led_by: Callable[[], Context | None],
    waited: Waited,
) -> Served:
    function = served.function

    async def run(arguments: Mapping[str, Any]) -> Any:
        now = Asking(plugin, own_time, waited)
        token = asking.set(now)
        try:
            return await function(**arguments)
        finally:
            asking.reset(token)
            now.close()

    async def known(**arguments: Any) -> Any:
        leads = led_by()
        if leads is None:
            return await run(arguments)
        return await asyncio.get_running_loop().create_task(run(arguments), context=leads.copy())

    known.__qualname__ = getattr(function, "__qualname__", known.__qualname__)
    return replace(served, function=known)
