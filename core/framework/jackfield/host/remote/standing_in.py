"""What stands for a plugin in another process while its next one comes: whoever calls it waits, and nothing is lost.

Its hooks are implemented by something that waits; its commands, listeners, services, components and menu items are kept
where they are, and waited for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar, cast

from jackfield.errors import PluginError, TakenDown
from jackfield.hooks import HookManager, outside_of
from jackfield.host.facets import Listener, Surroundings
from jackfield.host.remote.asking import asking
from jackfield.host.remote.functions import function_for, marked
from jackfield.host.remote.held import Detour, Held
from jackfield.host.remote.hooks import Proxy, RemoteHook
from jackfield.isolation import Line
from jackfield.runtime import Crowd

_T = TypeVar("_T")
_log = logging.getLogger("jackfield.host")

CALLBACKS = 9
"""That a replacement calls at most, each with the time of a call: `on_disable`, `on_unload`, `on_load`, `on_migrate`,
`on_enable`; and where the new code is enabled and goes all the same, its way down and the old code's way up."""

BESIDE_SECONDS = 20.0
"""What a replacement may take beside those: migrating, ending what was begun, ending processes."""

TELLING_SECONDS = 0.1
"""How long after the end of a replacement it is told how many calls of hooks had no answer."""


class StandIns:
    """Those that stand for plugins at the moment.

    Whoever waits does so until the replacement has come to its end, one way or the other, or this bound is reached: the
    time of all callbacks of all plugins that are replaced together, who may wait for each other in turn.

    Args:
        manager: where they are registered, under the plugins' names.
        around: has what plugins add besides: commands, listeners, services, components and menu items.
        is_part: says whether the running code is a callback that the replacement itself may wait for. Such a one waits
            for the time of a call, and is no part of what has to be waited for then.
    """

    def __init__(self, manager: HookManager, around: Surroundings, is_part: Callable[[], bool]) -> None:
        self._manager = manager
        self._around = around
        self._is_part = is_part
        self._until = 0.0
        self._standing: dict[str, StandIn] = {}

    def put(self, before: object, *, seconds: float, leave: Callable[[], None]) -> None:
        """Register one in the place of what is registered; only what stands for another process can be waited for.

        Args:
            before: what is registered.
            seconds: what one call of it may take.
            leave: takes away what is registered, its commands and its listeners; those are kept all the same.
        """
        if not isinstance(before, Proxy):
            leave()
            return
        self._until = (self._until if self._standing else monotonic()) + CALLBACKS * seconds
        if not self._standing:
            self._until += BESIDE_SECONDS
        stand_in = StandIn(before, self._manager, lambda: self._left(seconds))
        self._standing[before.plugin] = stand_in
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

    def fail(self, plugin: str) -> None:
        """Fail the calls that wait for a plugin, if there is one in its place: nothing else comes any more."""
        self.give_way(plugin)
        self.over(plugin)

    def _left(self, seconds: float) -> Callable[[], float]:
        """Return what says how long one who begins to wait may still do so."""
        asked = asking.get()  # by one that such a callback has called, or may have: it does not say for whom it asks
        if self._is_part() or (asked is not None and any(not one.is_over for one in asked.starts)):
            until = monotonic() + seconds
            return lambda: until - monotonic()
        return lambda: self._until - monotonic()

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
            self.fail(plugin)


class StandIn(Proxy):
    """Is registered in a plugin's place between two of its processes.

    Args:
        before: what was registered; its hooks wait.
        manager: knows the specs.
        bound: asked by each who begins to wait; returns what says how many seconds are left.
    """

    def __init__(self, before: Proxy, manager: HookManager, bound: Callable[[], Callable[[], float]]) -> None:
        super().__init__(before.plugin)
        self._bound = bound
        self._unanswered = 0
        self._telling: asyncio.Handle | None = None
        self._is_there = False
        self._next: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._crowds: dict[asyncio.Future[Any], Crowd] = {}
        for name, (data, asynchronous) in before.hooks.items():
            waiting = Held(self, name, manager.options(name).timeout_seconds)
            function = function_for(data, waiting, asynchronous=asynchronous)
            setattr(self, name, marked(function, data, manager))
            for_before = outside_of(getattr(before, name))
            if isinstance(for_before, RemoteHook):
                for_before.go_by(cast("Line", Detour(waiting)))  # all of a line that a hook uses

    def give_way(self, target: object) -> None:
        """Let the calls that wait go on with what is registered now; None: with nothing, and each is a failure."""
        self._is_there = target is not None
        if isinstance(target, Proxy):  # it may be code that was replaced already, and has come back
            for name in target.hooks:
                hook = outside_of(getattr(target, name))
                if isinstance(hook, RemoteHook):
                    hook.go_by(None)
        if not self._next.done():
            self._next.set_result(target)

    async def successor(self) -> object:
        """Return what is registered in its place.

        Raises:
            PluginError: nothing is, or not in time; others wait on.
        """
        try:
            target = await self._awaited(self._next)
        except TimeoutError:
            target = None
        if target is None:
            raise self._gone()
        return target

    async def is_over(self) -> None:
        """Return when the plugin is there again with all that it has.

        Raises:
            PluginError: it is not, or not in time.
        """
        try:
            await self._awaited(self._over)
        except TimeoutError:
            raise self._gone() from None
        if not self._is_there:
            raise self._gone()

    async def waited(self, heir: asyncio.Future[Listener | None]) -> Listener | None:
        """Return who hears an event in the place of a listener of the plugin; None: nobody, or not in time."""
        try:
            found = await self._awaited(heir)
        except (TimeoutError, PluginError):
            found = None
        if found is None:
            why = self._gone().message
            if heir.done() and self._is_there:
                why = f"{self.plugin} was replaced meanwhile, and its next code does not listen for it"
            _log.warning("an event was not heard: %s", why)
        return found

    async def there(self, coming: asyncio.Future[bool]) -> bool:
        """Say whether something comes that the plugin has besides; False: it does not, or not in time."""
        try:
            return await self._awaited(coming)
        except (TimeoutError, PluginError):
            return False

    def end(self) -> None:
        """Let go who waits for the plugin as a whole."""
        if not self._over.done():
            self._over.set_result(None)
        self._tell_later()

    def unanswered(self, calls: int) -> None:
        """Note that so many calls of a hook have no answer; when all is over it is told how many have none."""
        self._unanswered += calls
        if self._over.done():
            self._tell_later()

    def _tell_later(self) -> None:
        """Tell it as soon as those that wait have noticed that there is nothing to wait for any more."""
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(TELLING_SECONDS, self._tell)

    def _tell(self) -> None:
        self._telling, count, self._unanswered = None, self._unanswered, 0
        if count:
            calls = "1 call of a hook" if count == 1 else f"{count} calls of hooks"
            _log.warning("%s of %s had no answer while it was replaced", calls, self.plugin)

    async def _awaited(self, future: asyncio.Future[_T]) -> _T:
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
            left = self._bound()
            crowd = self._crowd_of(future)
            while not future.done():
                if (seconds := left()) <= 0:
                    raise TimeoutError
                await crowd.wait(seconds)
            return future.result()
        finally:
            if waiting is not None:
                waiting.end()

    def _crowd_of(self, future: asyncio.Future[Any]) -> Crowd:
        """Return those who wait for something, as long as it is not there."""
        crowd = self._crowds.get(future)
        if crowd is None:
            crowd = Crowd(future)
            if not future.done():
                self._crowds[future] = crowd
                future.add_done_callback(self._crowds.pop)
        return crowd

    def _gone(self) -> PluginError:
        return TakenDown(f"{self.plugin} was replaced meanwhile, and its next code is not there", plugin=self.plugin)
