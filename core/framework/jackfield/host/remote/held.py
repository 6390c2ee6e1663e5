"""A hook of a plugin that is being replaced: whoever calls it waits for the next code, and is answered by that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, NoReturn, Protocol

from jackfield.errors import PluginError, TakenDown
from jackfield.hooks import Underway, outside_of, this_thread
from jackfield.host.remote.hooks import RemoteHook


class Standing(Protocol):
    """What stands in for the plugin (`jackfield.host.remote.standing_in.StandIn`)."""

    plugin: str

    async def successor(self) -> object:
        """Return what is registered in its place; raises `PluginError` where nothing is."""
        ...

    def unanswered(self, calls: int) -> None:
        """Note that so many calls of a hook have no answer."""
        ...


class Held:
    """One hook of a plugin that is being replaced (`jackfield.hooks.Outside`).

    Args:
        stand_in: stands in for the plugin.
        name: the hook's.
        seconds: what the hook's spec gives each call, waiting included; None: it sets no time.
    """

    def __init__(self, stand_in: Standing, name: str, seconds: float | None) -> None:
        self._stand_in = stand_in
        self._name = name
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self.is_here = this_thread()

    async def call(self, given: dict[str, Any], /) -> Any:
        """Wait for the next process, and call it with what it takes of these arguments.

        Raises:
            TakenDown: there is none, or the time of the call is over. Others wait on.
        """
        try:
            async with asyncio.timeout(self._seconds) as scope:
                function, hook = await self._next(1)
                if hook is None:
                    return None  # the next code does not implement it, or runs in the host and is called from now on
                names = function.__code__.co_varnames[: function.__code__.co_argcount]
                return await hook.call({name: given[name] for name in names if name in given})
        except TimeoutError:
            if not scope.expired():
                raise
            raise self._late(1) from None

    def ask(self, given: dict[str, Any], _: int, /) -> Underway:
        """The same, to be awaited."""
        return Underway(self.call(given))

    def send(self, given: dict[str, Any], /) -> _Later:
        """The same, in a task of its own."""
        return _Later(self.call(given))

    def call_now(self, given: dict[str, Any], /) -> Any:
        """The same, in a thread that may wait.

        Raises:
            TakenDown: this is the event loop's, by which the next process comes; or that loop does not run any more.
        """
        return self.begin_now(partial(self.call, given)).result()

    def ask_now(self, given: dict[str, Any], _: int, __: bool, /) -> Any:
        """The same as `call_now`."""
        return self.call_now(given)

    def send_now(self, given: dict[str, Any], /) -> _InThread:
        """The same, to be waited for."""
        return _InThread(self.begin_now(partial(self.call, given)))

    def begin_now(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Future[Any]:
        """Have the event loop do what this thread waits for.

        Raises:
            TakenDown: as `call_now`.
        """
        if self.is_here() or not self._loop.is_running():
            plugin = self._stand_in.plugin
            if self._loop.is_running():
                self._stand_in.unanswered(1)
            raise TakenDown(f"{plugin} is being replaced, and hook {self._name} waits for nobody", plugin=plugin)
        return asyncio.run_coroutine_threadsafe(work(), self._loop)

    def require_waiting(self) -> None:
        """Return: nobody waits."""

    async def send_batch(self, many: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Wait for the next process, and call it many times.

        Raises:
            TakenDown: there is none, or the time of one call was over before it was there. Others wait on.
        """
        try:
            async with asyncio.timeout(self._seconds) as scope:
                _, hook = await self._next(len(many))
        except TimeoutError:
            if not scope.expired():
                raise
            raise self._late(len(many)) from None
        return [None] * len(many) if hook is None else await hook.send_batch(many)

    def _late(self, calls: int) -> TakenDown:
        self._stand_in.unanswered(calls)
        plugin, told = self._stand_in.plugin, f"longer than the {self._seconds:g} s of hook {self._name}"
        return TakenDown(f"{plugin} was being replaced for {told}", plugin=plugin)

    async def _next(self, calls: int) -> tuple[Any, RemoteHook | None]:
        try:
            target = await self._stand_in.successor()
        except PluginError:
            self._stand_in.unanswered(calls)
            raise
        function = getattr(target, self._name, None)
        hook = outside_of(function) if function is not None else None
        return function, hook if isinstance(hook, RemoteHook) else None


class Detour:
    """Goes where the line to a plugin's process went: a call that was under way may only now come to this plugin."""

    def __init__(self, held: Held) -> None:
        self._held = held

    def begin(self, *_: object) -> None:
        """Send nothing: it has to be waited for."""

    async def call_coded(self, _method: str, given: dict[str, Any], *_: object) -> Any:
        """Call the next process."""
        return await self._held.call(given)

    async def call_batch(self, _method: str, many: Sequence[Mapping[str, Any]], *_: object) -> list[Any]:
        """Call the next process many times."""
        return await self._held.send_batch(many)

    def call_now(self, _method: str, given: dict[str, Any], *_: object) -> Any:
        """Call the next process from a thread that waits."""
        return self._held.call_now(given)

    def begin_now(self, _method: str, given: dict[str, Any], *_: object) -> Future[Any]:
        """The same, to be waited for by `finish_now`."""
        return self._held.begin_now(partial(self._held.call, given))

    def begin_on_loop(self, _method: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> Future[Any]:
        """The same for what is called on behalf of somebody."""
        return self._held.begin_now(work)

    def finish_now(self, call: Future[Any]) -> Any:
        """Wait for what was begun."""
        return call.result()

    def require_elsewhere(self, _method: str) -> None:
        """Return: nobody waits."""


class _Later:
    """A call that waits (`jackfield.hooks.Sent`)."""

    def __init__(self, call: Coroutine[Any, Any, Any]) -> None:
        self._task = asyncio.ensure_future(call)
        self.began = self.ended = time.perf_counter_ns()

    def __await__(self) -> Generator[Any, Any, Any]:
        try:
            return (yield from self._task.__await__())
        finally:
            self.ended = time.perf_counter_ns()

    def wait(self) -> NoReturn:
        """Never called: what waits for a process is awaited."""
        raise NotImplementedError


class _InThread:
    """A call for which a thread waits (`jackfield.hooks.Sent`)."""

    def __init__(self, call: Future[Any]) -> None:
        self._call = call
        self.began = self.ended = time.perf_counter_ns()

    def __await__(self) -> NoReturn:
        """Never called: a thread waits."""
        raise NotImplementedError

    def wait(self) -> Any:
        """Return its answer, or raise what was raised."""
        try:
            return self._call.result()
        finally:
            self.ended = time.perf_counter_ns()
