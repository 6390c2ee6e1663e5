"""Awaited hook calls: what `await manager.call.name` is. Loaded when one is asked for."""

from collections.abc import Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

from jackfield.hooks.callers import is_firstresult, manager_of, signature_of, with_defaults

if TYPE_CHECKING:
    from jackfield.errors import UsageError
    from jackfield.hooks.batches import Batches


def _historic(hook: pluggy.HookCaller) -> "UsageError":
    from jackfield.errors import UsageError

    return UsageError(f"hook {hook.name} is historic: use manager.hook.{hook.name}.call_historic")


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
        hook, manager = self._hook, manager_of(self._hook)
        if manager.waking is not None and manager.waking.waits_for(hook.name):
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

        hook, manager = self._hook, manager_of(self._hook)
        if hook.is_historic():
            raise _historic(hook)
        version, hookimpls = manager.version, hook._hookimpls.copy()
        names = frozenset((*hook.spec.argnames, *hook.spec.kwargnames) if hook.spec is not None else ())
        if any(each.wrapper or each.hookwrapper for each in hookimpls):
            return version, None, names
        chain = manager.chain(hook.name, hookimpls, firstresult=is_firstresult(hook), awaits=True)
        return version, Batches(chain), names

    def _completed(self, one: Mapping[str, Any]) -> Mapping[str, Any]:
        given = with_defaults(self._hook, one)
        self._verify_all_args_are_provided(given)
        return given

    async def call_given(self, given: Mapping[str, Any]) -> Any:
        """Call with a mapping of arguments; the way for hooks without a spec, and for calls that somebody watches."""
        hook = self._hook
        if hook.is_historic():
            raise _historic(hook)
        manager = manager_of(hook)
        hookimpls = hook._hookimpls.copy()
        from jackfield.hooks.calls import compile_mapping

        run = compile_mapping(manager.chain(hook.name, hookimpls, firstresult=is_firstresult(hook), awaits=True))
        monitors = tuple(manager.monitors)
        for before, _ in reversed(monitors):
            before(hook.name, hookimpls, given)
        ended: pluggy.Result[Any]
        try:
            result = await run(given)
        except BaseException as error:
            ended = pluggy.Result(None, error)
            raise
        else:
            ended = pluggy.Result(result, None)
            return result
        finally:
            for _, after in monitors:
                after(ended, hook.name, hookimpls, given)

    def _verify_all_args_are_provided(self, kwargs: Mapping[str, object]) -> None:
        self._hook._verify_all_args_are_provided(kwargs)

    async def _first_call(self, **kwargs: Any) -> Any:
        hook = self._hook
        manager = manager_of(hook)
        if manager.waking is not None:
            await manager.waking.first(hook.name)
            if manager.waking.waits_for(hook.name):  # still: then the next call has to come by here, too
                return await self._call_mapping(**kwargs)
        version = manager.version
        signature = signature_of(hook)
        function = None
        if signature is not None and not manager.monitored:
            chain = manager.chain(hook.name, hook._hookimpls, firstresult=is_firstresult(hook), awaits=True)
            from jackfield.hooks.calls import compile_signature

            function = compile_signature(chain, *signature)
        chosen = function or AsyncCaller._call_mapping
        members = {"__slots__": (), "__call__": chosen, "__module__": __name__}
        self.__class__ = type("CompiledAsyncCaller", (AsyncCaller,), members)
        if manager.version != version:  # see _specialised
            self.forget()
        return await chosen(self, **kwargs)

    async def _call_mapping(self, **kwargs: Any) -> Any:
        given = with_defaults(self._hook, kwargs)
        self._verify_all_args_are_provided(given)
        return await self.call_given(given)


class CallRelay:
    """What `manager.call` is: an `AsyncCaller` for each hook, by attribute."""

    def __init__(self, relay: pluggy.HookRelay) -> None:
        self.__relay = relay

    def __getattr__(self, name: str) -> AsyncCaller:
        if name.startswith("__") or "_CallRelay__relay" not in self.__dict__:  # `copy` asks before anything is there
            raise AttributeError(name)
        # Of two threads that come first both hold the same one: no other hears when the hook changes.
        caller: AsyncCaller = self.__dict__.setdefault(name, AsyncCaller(getattr(self.__relay, name)))
        return caller


def forget(relay: CallRelay, name: str) -> None:
    """Let the relay's caller of that name, if it was ever used, compile again."""
    # Not a method of the relay: its attributes are the names of hooks.
    caller = relay.__dict__.get(name)
    if caller is not None:
        caller.forget()
