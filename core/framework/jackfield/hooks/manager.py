"""`HookManager`: a `pluggy.PluginManager` with compiled calls, pipelines, blame, time limits and asynchronous calls."""

from __future__ import annotations

from functools import cached_property
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

import pluggy
from pluggy._callers import _multicall  # what pluggy's manager calls; it has no public name

from jackfield.hooks.callers import LazyCaller
from jackfield.hooks.registering import Registering, one_at_a_time

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from jackfield.hooks.accounts import Accounts, BlameListener, UseListener
    from jackfield.hooks.awaited import CallRelay
    from jackfield.hooks.calling import Monitor
    from jackfield.hooks.chains import Chain
    from jackfield.hooks.counters import HookCounters
    from jackfield.hooks.specs import May, OnError, SpecOptions
    from jackfield.hooks.waking import Waker, Waking


class HookManager(Registering):
    """Registers plugins and calls their hooks: synchronously by `hook`, asynchronously by `call`.

    Everything that pluggy promises holds. Beyond it: the options of `jackfield.hooks.HookspecMarker`, a listener for
    failures, counters, and calls that are compiled for the implementations a hook has.

    Args:
        project_name: the name that markers and manager share.
        on_error: for hooks whose spec does not say: "raise" is pluggy's meaning; "skip" logs the failure, blames the
            plugin and goes on with the others.
        count: count calls and time of every implementation from the start; see `count`.
        may: decides on hooks whose spec says `needs`: an implementation of a plugin without the permission is not
            called. None: everything that is registered is called, as with pluggy.

    Attributes:
        monitors: who watches every call, as `add_hookcall_monitoring` was told.
        version: another number after every change of what a hook's call does.
        waking: which hooks bring somebody up when they are called; None: none does.
    """

    # An existing application may have `async def` specs or implementations whose coroutines it awaits itself, as
    # results. A drop-in keeps that for specs that pluggy's own marker marks.
    _pluggy_specs_are_pluggys = False

    def __init__(
        self, project_name: str, *, on_error: OnError = "raise", count: bool = False, may: May | None = None
    ) -> None:
        if on_error not in ("skip", "raise"):
            from jackfield.errors import UsageError  # forty classes: not before one is raised

            raise UsageError(f'on_error is "skip" or "raise", not {on_error!r}')
        self._on_error = on_error
        self._may = may
        self._count = count
        self._options: dict[str, SpecOptions] = {}
        self.monitors: list[Monitor] = []
        self._known_hooks = 0
        self.version = 0
        self.waking: Waking | None = None
        self._own_hookexec = self._call_given
        super().__init__(project_name)
        self._inner_hookexec = self._own_hookexec

    # What only calls need is loaded at the first: a start makes few. Two threads that come first get the same one.
    @cached_property
    def call(self) -> CallRelay:
        """`await manager.call.name(...)`, the asynchronous counterpart of `hook`."""
        from jackfield.hooks.awaited import CallRelay

        relay: CallRelay = self.__dict__.setdefault("call", CallRelay(self.hook))
        return relay

    @cached_property
    def _accounts(self) -> Accounts:
        from jackfield.hooks.accounts import Accounts

        accounts: Accounts = self.__dict__.setdefault("_accounts", Accounts(count=self._count))
        return accounts

    # Registration

    @one_at_a_time
    def register(self, plugin: object, name: str | None = None) -> str | None:
        """Register a plugin; the contract is pluggy's, and a plugin that is refused leaves nothing behind.

        Raises:
            ValueError: the plugin or the name is registered already.
            pluggy.PluginValidationError: an implementation does not fit its spec; an `async def` one for a `def` spec
                is among them.
        """
        before = set(self._name2plugin)
        try:
            return super().register(plugin, name)
        except pluggy.PluginValidationError:
            # pluggy 1.7 verifies everything first; 1.6 has registered what came before the refused one.
            for left in set(self._name2plugin) - before:
                self.unregister(name=left)
            raise
        finally:
            self._adopt_callers()

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        """Return what a marker left on an attribute of a plugin; the contract is pluggy's.

        pluggy asks `inspect` about each name, and runs no descriptor so. A plain module has its names in a dictionary
        and runs none in any case: looked up there, it takes a twentieth of the time.
        """
        if type(plugin) is ModuleType and name in plugin.__dict__:
            value = plugin.__dict__[name]
            if type(value) is FunctionType:
                options = getattr(value, f"{self.project_name}_impl", None)
                return options if isinstance(options, dict) else None
            if type(value) is not MethodType and not hasattr(type(value), "__get__"):
                return None  # a class, a text: nothing that is or stands for a function
        return super().parse_hookimpl_opts(plugin, name)

    @one_at_a_time
    def add_hookspecs(self, module_or_class: Any) -> None:
        """Add the specs of a module or class; the contract is pluggy's.

        Raises:
            UsageError: options of a spec contradict each other; nothing was added.
            ValueError: there is no spec of this project.
            pluggy.PluginValidationError: a plugin registered before does not fit.
        """
        from jackfield.hooks.specs import SpecOptions

        read: dict[str, SpecOptions] = {}
        for name in dir(module_or_class):
            options = self.parse_hookspec_opts(module_or_class, name)
            if options is not None:
                read[name] = SpecOptions.read(name, getattr(module_or_class, name), options)
        known = self._options
        self._options = {**read, **known}
        try:
            super().add_hookspecs(module_or_class)
        finally:
            self._adopt_callers()

    def options(self, hook_name: str) -> SpecOptions:
        """Return the options of a hook's spec; the defaults for a hook without one."""
        if hook_name in self._options:
            return self._options[hook_name]
        from jackfield.hooks.specs import NO_OPTIONS

        return NO_OPTIONS

    def _verify_hook(self, hook: pluggy.HookCaller, hookimpl: pluggy.HookImpl) -> None:
        super()._verify_hook(hook, hookimpl)
        options = self.options(hook.name)
        problem = options.misfit(hookimpl.function) if self._says_async(options) else None
        if problem is not None:
            raise pluggy.PluginValidationError(
                hookimpl.plugin, f"Plugin {hookimpl.plugin_name!r} cannot implement hook {hook.name!r}: {problem}"
            )

    def _says_async(self, options: SpecOptions) -> bool:
        return options.marked_by_jackfield or not self._pluggy_specs_are_pluggys

    def _adopt_callers(self) -> None:
        """Make the callers that pluggy has made ours."""
        if len(callers := tuple(self.hook.__dict__.values())) == self._known_hooks:
            return
        self._known_hooks = len(callers)
        for caller in callers:
            if type(caller) is pluggy.HookCaller:
                caller.__class__ = LazyCaller

    def wake_before(self, hook_names: Collection[str], waker: Waker) -> None:
        """Have `waker` told before every call of these hooks, and of no others any more."""
        if self.waking is None:
            from jackfield.hooks.waking import Waking  # most applications load all plugins at their start

            self.waking = Waking()
        for name in self.waking.become(hook_names, waker):
            if isinstance(caller := self.hook.__dict__.get(name), LazyCaller):
                self.changed(caller)

    @property
    def counters(self) -> HookCounters:
        """Calls, time and errors by plugin and hook."""
        return self._accounts.counters

    # Permissions

    def grants_changed(self) -> None:
        """Ask again, before the next call of each hook, which implementations may be called."""
        self._all_changed()

    def uncalled(self, plugin_name: str) -> tuple[tuple[str, str], ...]:
        """Return the hooks that a plugin implements and is not called for, each with the permission that it lacks."""
        plugin = self.get_plugin(plugin_name)
        callers = (self.get_hookcallers(plugin) or []) if plugin is not None else []
        lacking = []
        for caller in callers:
            needs = self.options(caller.name).needs
            if needs is not None and not self._is_allowed(plugin_name, needs):
                lacking.append((caller.name, needs))
        return tuple(sorted(lacking))

    def _is_allowed(self, plugin_name: str, needs: str) -> bool:
        resource, _, action = needs.partition(":")
        return self._may is None or self._may(plugin_name, resource, action)

    def _called(self, hook_name: str, hookimpls: Sequence[pluggy.HookImpl]) -> Sequence[pluggy.HookImpl]:
        needs = self.options(hook_name).needs
        if needs is None:
            return hookimpls
        return [each for each in hookimpls if self._is_allowed(each.plugin_name, needs)]

    # Blame and counting

    def add_blame_listener(self, listener: BlameListener) -> Callable[[], None]:
        """Have `listener(plugin_name, hook_name, error)` told of every failing implementation, skipped or raised.

        An implementation that outlasts its hook's timeout is a failure. A listener that fails is logged and does not
        disturb the call.

        Returns:
            A function that takes the listener off again.
        """
        return self._listen(self._accounts.blames, listener)

    def add_use_listener(self, listener: UseListener) -> Callable[[], None]:
        """Have `listener(plugin_name, hook_name)` told before every call of an implementation (C32).

        Calls are told only while somebody listens; a listener that fails is logged and does not disturb the call.

        Returns:
            A function that takes the listener off again.
        """
        return self._listen(self._accounts.uses, listener)

    def _listen(self, listeners: list[Any], listener: Any) -> Callable[[], None]:
        listeners.append(listener)
        self._all_changed()

        def remove() -> None:
            if listener in listeners:
                listeners.remove(listener)
                self._all_changed()

        return remove

    def count(self, enabled: bool = True) -> None:
        """Begin or stop counting calls and time; the counts so far are kept in `counters`."""
        self.counters.enabled = enabled
        self._all_changed()

    # Calls

    def chain(
        self, hook_name: str, hookimpls: Sequence[pluggy.HookImpl], *, firstresult: bool, awaits: bool = False
    ) -> Chain:
        """Say what a call of these implementations does, as the hook's spec and this manager want it.

        Args:
            hook_name: the hook.
            hookimpls: its implementations, in pluggy's order: the last is called first. Those whose plugins lack the
                permission that the spec needs are left out.
            firstresult: stop at the first answer.
            awaits: the call is asynchronous.

        Raises:
            UsageError: the spec is `async def` and the call is not.
        """
        from jackfield.hooks.chains import chain_of

        options = self.options(hook_name)
        if options.asynchronous and not awaits and self._says_async(options):
            from jackfield.errors import UsageError

            raise UsageError(f"hook {hook_name} is async def", hint=f"await manager.call.{hook_name}(...)")
        skip = (options.on_error or self._on_error) == "skip"
        # Taken in one step: another thread may take a plugin away, and a reversed list that has shrunk yields nothing.
        ordered = tuple(self._called(hook_name, tuple(hookimpls)))[::-1]
        books = self._accounts
        return chain_of(hook_name, ordered, options, books, firstresult=firstresult, skip=skip, awaits=awaits)

    def changed(self, hook: pluggy.HookCaller) -> None:
        """Forget the compiled calls of a hook: its implementations are others now."""
        self.version += 1  # before the reset: whoever compiles at this moment sees one of the two
        hook.__class__ = LazyCaller
        if "call" in self.__dict__:
            from jackfield.hooks.awaited import forget

            forget(self.call, hook.name)

    def _all_changed(self) -> None:
        for caller in tuple(self.hook.__dict__.values()):
            if isinstance(caller, LazyCaller):
                self.changed(caller)

    def _hookexec(
        self, hook_name: str, methods: Sequence[pluggy.HookImpl], kwargs: Mapping[str, object], firstresult: bool
    ) -> Any:
        __tracebackhide__ = True
        if self.monitored:
            return self._inner_hookexec(hook_name, methods, kwargs, firstresult)
        if self.chain(hook_name, methods, firstresult=firstresult).bare:
            # Straight to pluggy's: its warnings count the frames between it and the code that calls the hook.
            return _multicall(hook_name, self._called(hook_name, methods), kwargs, firstresult)
        return self._call_given(hook_name, methods, kwargs, firstresult)

    def _call_given(
        self, hook_name: str, methods: Sequence[pluggy.HookImpl], kwargs: Mapping[str, object], firstresult: bool
    ) -> Any:
        """Call any hook with a mapping: historic replays, `call_extra`, subsets, watched calls."""
        __tracebackhide__ = True
        chain = self.chain(hook_name, methods, firstresult=firstresult)
        if chain.bare:
            return _multicall(hook_name, self._called(hook_name, methods), kwargs, firstresult)
        from jackfield.hooks.calls import compile_mapping

        return compile_mapping(chain)(kwargs)

    # Monitoring
    # pluggy assigns an attribute when somebody wants to watch every call; this notices.
    @property
    def _inner_hookexec(self) -> Callable[..., Any]:
        return self._watched_hookexec

    @_inner_hookexec.setter
    def _inner_hookexec(self, function: Callable[..., Any]) -> None:
        self._watched_hookexec = function
        self._all_changed()

    @property
    def monitored(self) -> bool:
        """Whether someone watches every call, so that none may be compiled past them."""
        return self._inner_hookexec is not self._own_hookexec

    def add_hookcall_monitoring(self, before: Callable[..., None], after: Callable[..., None]) -> Callable[[], None]:
        """Have every call reported before and after; the contract is pluggy's, and asynchronous calls are included."""
        monitor = (before, after)
        undo = super().add_hookcall_monitoring(before, after)
        self.monitors.append(monitor)

        def remove() -> None:
            if monitor in self.monitors:
                self.monitors.remove(monitor)
            undo()

        return remove
