"""Hook callers: what `manager.hook.name` and `await manager.call.name` are."""

from collections.abc import Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex, cast

import pluggy

from jackfield.hooks.specs import PLUGGY_APPLIES_DEFAULTS

if TYPE_CHECKING:
    from jackfield.errors import UsageError
    from jackfield.hooks.batches import Batches
    from jackfield.hooks.calling import Calling


def _manager(hook: pluggy.HookCaller) -> "Calling":
    # A caller has no slot to spare for its manager, but one of its own holds a bound method of it.
    return cast("Calling", hook._hookexec.__self__)  # type: ignore[attr-defined]


def _historic(hook: pluggy.HookCaller) -> "UsageError":
    from jackfield.errors import UsageError

    return UsageError(f"hook {hook.name} is historic: use manager.hook.{hook.name}.call_historic")


def _is_firstresult(hook: pluggy.HookCaller) -> bool:
    return hook.spec is not None and bool(hook.spec.opts.get("firstresult"))


def _with_defaults(hook: pluggy.HookCaller, kwargs: Mapping[str, object]) -> Mapping[str, object]:
    return hook._apply_defaults(kwargs) if PLUGGY_APPLIES_DEFAULTS else kwargs


class LazyCaller(pluggy.HookCaller):
    """A hook caller that compiles its `__call__` at the first call, and again after its implementations changed.

    It has no slots of its own: so a caller that pluggy made becomes one by assigning `__class__`, and stays the same
    object for everybody who holds it.
    """

    __slots__ = ()

    def __call__(self, **kwargs: object) -> Any:
        """Compile, then call; the contract is `pluggy.HookCaller`'s."""
        __tracebackhide__ = True
        _manager(self).waking.now(self.name)
        special = _specialised(self)
        if special is not _PluggyCaller and all(name in kwargs for name in self.spec.argnames):  # type: ignore[union-attr]
            return special.__call__(self, **kwargs)
        # pluggy's own __call__, written out: its warnings count frames to find the code that calls the hook.
        assert not self.is_historic(), "Cannot directly call a historic hook - use call_historic instead."  # noqa: S101 (pluggy's own)
        given = _with_defaults(self, kwargs)
        self._verify_all_args_are_provided(given)
        return self._hookexec(self.name, self._hookimpls.copy(), given, _is_firstresult(self))

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        """Copy and pickle it without what was compiled: that calls the implementations of the one it was made for."""
        return _new_caller, (), super().__reduce_ex__(max(2, int(protocol)))[2]

    def _add_hookimpl(self, hookimpl: pluggy.HookImpl) -> None:
        super()._add_hookimpl(hookimpl)
        _manager(self).changed(self)

    def _remove_plugin(self, plugin: object) -> None:
        super()._remove_plugin(plugin)
        _manager(self).changed(self)

    def set_specification(self, specmodule_or_class: Any, spec_opts: Any) -> None:
        """Attach the spec; the contract is `pluggy.HookCaller`'s."""
        super().set_specification(specmodule_or_class, spec_opts)
        _manager(self).changed(self)


def _new_caller() -> LazyCaller:
    return LazyCaller.__new__(LazyCaller)


class _PluggyCaller(LazyCaller):
    """A hook that is called pluggy's way: historic, without a spec, or with names that do not compile."""

    __slots__ = ()
    __call__ = pluggy.HookCaller.__call__


def _signature(hook: pluggy.HookCaller) -> tuple[list[str], dict[str, object]] | None:
    """Return a spec's arguments without and with defaults, or None where a signature cannot stand for them."""
    if hook.spec is None or hook.is_historic():
        return None
    if not PLUGGY_APPLIES_DEFAULTS:
        # pluggy 1.6 knows no defaults: such an argument is there or it is not, and a signature cannot tell.
        return None if hook.spec.kwargnames else (list(hook.spec.argnames), {})
    return list(hook.spec.argnames), {name: hook.spec.kwargdefaults[name] for name in hook.spec.kwargnames}


def _specialised(hook: LazyCaller) -> type[LazyCaller]:
    """Give the caller the class that calls its present implementations, and return that class."""
    from jackfield.hooks.calls import compile_signature  # a start registers, and calls little

    manager = _manager(hook)
    version = manager.version
    chain = manager.chain(hook.name, hook._hookimpls, firstresult=_is_firstresult(hook))
    signature = _signature(hook)
    function = None if manager.monitored or signature is None else compile_signature(chain, *signature)
    special: type[LazyCaller] = _PluggyCaller
    if function is not None:
        members = {"__slots__": (), "__call__": function, "__module__": __name__}
        special = type("CompiledCaller", (LazyCaller,), members)
    hook.__class__ = special
    if manager.version != version:  # another thread changed the hook meanwhile, and its reset may have come first
        hook.__class__ = LazyCaller
    return special


class AsyncCaller:
    """What `manager.call.name` is: calls a hook and awaits its asynchronous implementations, one after another.

    Synchronous implementations run where they stand in the order, in the event loop's thread. `def` specs may be
    called this way too. Like a `LazyCaller` it compiles its `__call__` at the first call, and takes its class.
    """

    __slots__ = ("_hook", "_many")

    def __init__(self, hook: pluggy.HookCaller) -> None:
        self._hook = hook
        self._many: tuple[int, Batches | None, frozenset[str]] | None = None

    def __call__(self, **kwargs: Any) -> Coroutine[Any, Any, Any]:
        """Return the coroutine of one call; the result is what the spec promises, as with `manager.hook`.

        Raises:
            UsageError: the hook is historic.
            pluggy.HookCallError: an argument that an implementation asks for is missing.
        """
        return self._first_call(**kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle it without what was compiled, as a `LazyCaller`."""
        return AsyncCaller, (self._hook,)

    def __repr__(self) -> str:
        return f"<AsyncCaller {self._hook.name!r}>"

    def forget(self) -> None:
        """Compile again at the next call."""
        self.__class__ = AsyncCaller
        self._many = None

    async def batch(self, calls: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Call the hook many times; an implementation in another process is sent all calls in one message.

        Implementation by implementation: one in this process is called for each call before the next one is asked. A
        hook with wrappers, or one that somebody watches, is called once after the other instead.

        Args:
            calls: the arguments of each, by name.

        Returns:
            list: for each call, in their order, what it would have returned alone.

        Raises:
            UsageError: the hook is historic.
            pluggy.HookCallError: an argument that an implementation asks for is missing.
            Exception: what an implementation raised, where the hook's errors are raised.
        """
        hook, manager = self._hook, _manager(self._hook)
        if manager.waking.waits_for(hook.name):
            await manager.waking.first(hook.name)
        many = self._many
        if many is None or many[0] != manager.version:
            many = self._many = self._prepared()
        _, batches, names = many
        if batches is None or manager.monitored:
            return [await self(**one) for one in calls]
        if set(map(len, calls)) <= {len(names)} and names.issuperset(set().union(*calls)):
            return await batches.call(calls, names=len(names))  # each has all, and no more
        return await batches.call([self._completed(one) for one in calls])

    def _prepared(self) -> "tuple[int, Batches | None, frozenset[str]]":
        """Return the manager's version, what calls the hook many times (None: each time alone), and its arguments."""
        from jackfield.hooks.batches import Batches

        hook, manager = self._hook, _manager(self._hook)
        if hook.is_historic():
            raise _historic(hook)
        version, hookimpls = manager.version, hook._hookimpls.copy()
        names = frozenset((*hook.spec.argnames, *hook.spec.kwargnames) if hook.spec is not None else ())
        if any(each.wrapper or each.hookwrapper for each in hookimpls):
            return version, None, names
        chain = manager.chain(hook.name, hookimpls, firstresult=_is_firstresult(hook), awaits=True)
        return version, Batches(chain), names

    def _completed(self, one: Mapping[str, Any]) -> Mapping[str, Any]:
        given = _with_defaults(self._hook, one)
        self._verify_all_args_are_provided(given)
        return given

    async def call_given(self, given: Mapping[str, Any]) -> Any:
        """Call with a mapping of arguments; the way for hooks without a spec, and for calls that somebody watches."""
        hook = self._hook
        if hook.is_historic():
            raise _historic(hook)
        manager = _manager(hook)
        hookimpls = hook._hookimpls.copy()
        from jackfield.hooks.calls import compile_mapping

        run = compile_mapping(manager.chain(hook.name, hookimpls, firstresult=_is_firstresult(hook), awaits=True))
        finish = manager.observe(hook.name, hookimpls, given)
        try:
            result = await run(given)
        except BaseException as error:
            finish(pluggy.Result(None, error))
            raise
        finish(pluggy.Result(result, None))
        return result

    def _verify_all_args_are_provided(self, kwargs: Mapping[str, object]) -> None:
        self._hook._verify_all_args_are_provided(kwargs)

    async def _first_call(self, **kwargs: Any) -> Any:
        hook = self._hook
        manager = _manager(hook)
        await manager.waking.first(hook.name)
        version = manager.version
        signature = _signature(hook)
        function = None
        if signature is not None and not manager.monitored:
            chain = manager.chain(hook.name, hook._hookimpls, firstresult=_is_firstresult(hook), awaits=True)
            from jackfield.hooks.calls import compile_signature

            function = compile_signature(chain, *signature)
        chosen = function or AsyncCaller._call_mapping
        members = {"__slots__": (), "__call__": chosen, "__module__": __name__}
        self.__class__ = type("CompiledAsyncCaller", (AsyncCaller,), members)
        if manager.version != version:  # see _specialised
            self.forget()
        return await chosen(self, **kwargs)

    async def _call_mapping(self, **kwargs: Any) -> Any:
        given = _with_defaults(self._hook, kwargs)
        self._verify_all_args_are_provided(given)
        return await self.call_given(given)


class CallRelay:
    """What `manager.call` is: an `AsyncCaller` for each hook, by attribute."""

    def __init__(self, relay: pluggy.HookRelay) -> None:
        self.__relay = relay

    def __getattr__(self, name: str) -> AsyncCaller:
        if name.startswith("__") or "_CallRelay__relay" not in self.__dict__:  # `copy` asks before anything is there
            raise AttributeError(name)
        caller = AsyncCaller(getattr(self.__relay, name))
        self.__dict__[name] = caller
        return caller


def forget(relay: CallRelay, name: str) -> None:
    """Let the relay's caller of that name, if it was ever used, compile again."""
    # Not a method of the relay: its attributes are the names of hooks.
    caller = relay.__dict__.get(name)
    if caller is not None:
        caller.forget()
