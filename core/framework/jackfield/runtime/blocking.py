"""`context.blocking`: the same facets for plain functions in threads, waiting where a coroutine would await.

One generic view, made from the facets themselves: nothing is written twice, and what a facet learns the view knows.
"""

import asyncio
import concurrent.futures
import logging
from collections.abc import Callable
from functools import partial
from pathlib import PurePath
from typing import Any, ClassVar, Protocol, cast, runtime_checkable

from jackfield.errors import PluginError, WouldBlock

WAIT_SECONDS = 30.0
"""How long a thread waits for the event loop before it is told that nothing came."""

_VALUES = (str, bytes, int, float, bool, type(None), tuple, list, dict, set, frozenset, PurePath, logging.Logger)


@runtime_checkable
class OnLoop(Protocol):
    """What must only be touched on the event loop's thread; a view of it crosses over."""

    on_loop: ClassVar[bool]


class Crossing:
    """The way from any thread of a plugin to the host's event loop.

    Args:
        plugin: whose threads cross; named in errors.
        loop: the host's.
    """

    def __init__(self, plugin: str, loop: asyncio.AbstractEventLoop) -> None:
        self.plugin = plugin
        self.loop = loop

    def here(self) -> bool:
        """Say whether this is the event loop's thread."""
        return _running_loop() is self.loop

    def wait(self, what: str, function: Callable[..., Any], *arguments: object, **named: object) -> Any:
        """Call `function` on the event loop's thread and return its result, awaited.

        Args:
            what: what is called, for errors: `storage.get`.
            function: `def` or `async def`.
            *arguments: passed on.
            **named: passed on.

        Raises:
            WouldBlock: this thread runs an event loop, which would stand still.
            PluginError: the host's loop does not run any more, or nothing came in time.
            Exception: whatever the function raised.
        """
        if _running_loop() is not None:
            raise WouldBlock(
                f"{self.plugin} called context.blocking.{what} on the event loop's thread, which would stand still",
                plugin=self.plugin,
                hint=f"await context.{what}(…), or call it from a thread: context.scheduler.start_thread",
            )
        if not self.loop.is_running():
            raise PluginError(f"{self.plugin} called {what}, and its host has stopped", plugin=self.plugin)
        waited = asyncio.run_coroutine_threadsafe(_awaited(function, arguments, named), self.loop)
        try:
            return self.result_of(waited, WAIT_SECONDS)
        except TimeoutError:
            if waited.done() and not waited.cancelled():
                raise  # the function's own
            waited.cancel()
            raise PluginError(
                f"{self.plugin} waited {WAIT_SECONDS:g} s for {what}, and nothing came", plugin=self.plugin
            ) from None

    def result_of(self, waited: "concurrent.futures.Future[Any]", seconds: float) -> Any:
        """Wait in this thread for what the loop does; a worker's reads meanwhile what its host sends.

        Raises:
            TimeoutError: it took longer.
        """
        return waited.result(seconds)


class BlockingView:
    """A synchronous view of a facet, of the whole context, or of a handle that a facet gave.

    Methods wait for their result; attributes are seen through the same view; plain values are what they are.

    Args:
        target: what is looked at.
        crossing: leads to its event loop.
        path: how it is called after `context.blocking.`, for errors.
    """

    def __init__(self, target: object, crossing: Crossing, path: str = "") -> None:
        self._target = target
        self._crossing = crossing
        self._path = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = getattr(self._target, name)
        path = f"{self._path}.{name}" if self._path else name
        if callable(value) and not getattr(type(value), "has_parts", False):
            return partial(self._call, path, value)
        return value if isinstance(value, _VALUES) else BlockingView(value, self._crossing, path)

    def __call__(self, *arguments: object, **named: object) -> Any:
        """Call what is looked at, where it is a method that may as well be the way to others."""
        return self._call(self._path, cast("Callable[..., Any]", self._target), *arguments, **named)

    def _call(self, path: str, method: Callable[..., Any], /, *arguments: object, **named: object) -> Any:
        result = self._crossing.wait(path, method, *arguments, **named)
        return BlockingView(result, self._crossing, path) if isinstance(result, OnLoop) else result

    def __dir__(self) -> list[str]:
        return [name for name in dir(self._target) if not name.startswith("_")]

    def __repr__(self) -> str:
        return f"<a synchronous view of context{'.' + self._path if self._path else ''}>"


async def _awaited(function: Callable[..., Any], arguments: tuple[object, ...], named: dict[str, object]) -> Any:
    result = function(*arguments, **named)
    # a task is given back as it is: waiting for it would be waiting for the plugin's own background work
    return await result if asyncio.iscoroutine(result) else result


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
