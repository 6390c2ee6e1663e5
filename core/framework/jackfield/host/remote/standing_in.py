"""What stands for a plugin in another process while its next one comes: whoever calls it waits, and nothing is lost.

Its hooks are implemented by something that waits; its commands, listeners, services, components and menu items are kept
where they are, and waited for.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, NoReturn, TypeVar, cast

from jackfield.errors import PluginError, TakenDown
from jackfield.hooks import HookManager, Underway, outside_of, this_thread
from jackfield.host.facets import Listener, Surroundings
from jackfield.host.remote.asking import asking
from jackfield.host.remote.functions import function_for, marked
from jackfield.host.remote.hooks import Proxy, RemoteHook
from jackfield.isolation import Line

_T = TypeVar("_T")
_log = logging.getLogger("jackfield.host")


class StandIns:
    """Those that stand for plugins at the moment.

    Args:
        manager: where they are registered, under the plugins' names.
        around: has what plugins add besides: commands, listeners, services, components and menu items.
    """

    def __init__(self, manager: HookManager, around: Surroundings) -> None:
        self._manager = manager
        self._around = around
        self._standing: dict[str, StandIn] = {}

    def put(self, before: object, *, seconds: float, leave: Callable[[], None]) -> None:
        """Register one in the place of what is registered; only what stands for another process can be waited for.

        Args:
            before: what is registered.
            seconds: how long a call waits, in all.
            leave: takes away what is registered, its commands and its listeners; those are kept all the same.
        """
        if not isinstance(before, Proxy):
            leave()
            return
        stand_in = self._standing[before.plugin] = StandIn(before, self._manager, seconds=seconds)
        around = self._around
        around.commands.hold(before.plugin, stand_in.is_over)
        around.events.hold(before.plugin, stand_in.waited)
        around.services.hold(before.plugin, stand_in.there)
        around.ui.hold(before.plugin, stand_in.there)
        with self._manager.exchanging():
            leave()
            self._manager.register(stand_in, name=before.plugin)

    def give_way(self, plugin: str, target: object = None) -> None:
        """Take one away, and let the calls that wait go on with what comes in its place; None: each is a failure."""
        stand_in = self._standing.get(plugin)
        if stand_in is not None:
            if self._manager.get_plugin(plugin) is stand_in:
                self._manager.unregister(name=plugin)
            stand_in.give_way(target)

    def over(self, plugin: str) -> None:
        """Let all that waits go on with what the plugin has added since, which is all."""
        if (stand_in := self._standing.pop(plugin, None)) is not None:
            for registry in (self._around.commands, self._around.events, self._around.services, self._around.ui):
                registry.release(plugin)
            stand_in.end()

    @property
    def plugins(self) -> frozenset[str]:
        """For whom there is one."""
        return frozenset(self._standing)

    def end(self, *, but: frozenset[str] = frozenset()) -> None:
        """Fail the calls that wait for plugins whose next code did not come.

        Args:
            but: whose next code another change brings, within which this one is made.
        """
        for plugin in self.plugins - but:
            self.give_way(plugin)
            self.over(plugin)


class StandIn(Proxy):
    """Is registered in a plugin's place between two of its processes.

    Args:
        before: what was registered; its hooks wait.
        manager: knows the specs.
        seconds: how long a call waits, in all.
    """

    def __init__(self, before: Proxy, manager: HookManager, *, seconds: float) -> None:
        super().__init__(before.plugin)
        self._before = before
        self._seconds = seconds
        self._is_there = False
        self._next: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for name, (data, asynchronous) in before.hooks.items():
            waiting = _Held(self, name, seconds)
            function = function_for(data, waiting, asynchronous=asynchronous)
            setattr(self, name, marked(function, data, manager))
            for_before = outside_of(getattr(before, name))
            if isinstance(for_before, RemoteHook):
                for_before.go_by(cast("Line", _Detour(waiting)))  # all of a line that a hook uses

    def give_way(self, target: object) -> None:
        """Let the calls that wait go on with what is registered now; None: with nothing, and each is a failure."""
        self._is_there = target is not None
        if target is self._before:
            for name in self._before.hooks:
                hook = outside_of(getattr(target, name))
                if isinstance(hook, RemoteHook):
                    hook.go_by(None)
        if not self._next.done():
            self._next.set_result(target)

    async def successor(self, seconds: float) -> object:
        """Return what is registered in its place.

        Raises:
            PluginError: nothing is, or not in time.
        """
        try:
            target = await self._awaited(self._next, seconds)
        except TimeoutError:
            self.give_way(target := None)  # nobody else waits as long
        if target is None:
            raise self._gone()
        return target

    async def is_over(self) -> None:
        """Return when the plugin is there again with all that it has.

        Raises:
            PluginError: it is not, or not in time.
        """
        try:
            await self._awaited(self._over, self._seconds)
        except TimeoutError:
            raise self._gone() from None
        if not self._is_there:
            raise self._gone()

    async def waited(self, heir: asyncio.Future[Listener | None]) -> Listener | None:
        """Return who hears an event in the place of a listener of the plugin; None: nobody, or not in time."""
        try:
            found = await self._awaited(heir, self._seconds)
        except (TimeoutError, PluginError):
            found = None
        if found is None:
            _log.warning("an event was not heard: %s", self._gone().message)
        return found

    async def there(self, coming: asyncio.Future[bool]) -> bool:
        """Say whether something comes that the plugin has besides; False: it does not, or not in time."""
        try:
            return await self._awaited(coming, self._seconds)
        except (TimeoutError, PluginError):
            return False

    def end(self) -> None:
        """Let go who waits for the plugin as a whole."""
        if not self._over.done():
            self._over.set_result(None)

    async def _awaited(self, future: asyncio.Future[_T], seconds: float) -> _T:
        """Wait for something of the next code, which is not the time of who waits.

        Raises:
            TimeoutError: it did not come.
            PluginError: it is the plugin itself that would have to wait.
        """
        waiting = asking.get()
        if waiting is not None and waiting.plugin == self.plugin and not future.done():
            raise self._gone()
        if waiting is not None:
            waiting.begin()
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(future)
        finally:
            if waiting is not None:
                waiting.end()

    def _gone(self) -> PluginError:
        return TakenDown(f"{self.plugin} was replaced meanwhile, and its next code is not there", plugin=self.plugin)


class _Held:
    """One hook of a plugin that is being replaced (`jackfield.hooks.Outside`)."""

    def __init__(self, stand_in: StandIn, name: str, seconds: float) -> None:
        self._stand_in = stand_in
        self._name = name
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self.is_here = this_thread()

    async def call(self, given: dict[str, Any], /) -> Any:
        """Wait for the next process, and call it with what it takes of these arguments."""
        function, hook = await self._next()
        if hook is None:
            return None  # the next code does not implement it, or runs in the host and is called from now on
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        return await hook.call({name: given[name] for name in names if name in given})

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
            raise TakenDown(f"{plugin} is being replaced, and hook {self._name} waits for nobody", plugin=plugin)
        return asyncio.run_coroutine_threadsafe(work(), self._loop)

    def require_waiting(self) -> None:
        """Return: nobody waits."""

    async def send_batch(self, many: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Wait for the next process, and call it many times."""
        _, hook = await self._next()
        return [None] * len(many) if hook is None else await hook.send_batch(many)

    async def _next(self) -> tuple[Any, RemoteHook | None]:
        function = getattr(await self._stand_in.successor(self._seconds), self._name, None)
        hook = outside_of(function) if function is not None else None
        return function, hook if isinstance(hook, RemoteHook) else None


class _Detour:
    """Goes where the line to a plugin's process went: a call that was under way may only now come to this plugin."""

    def __init__(self, held: _Held) -> None:
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
