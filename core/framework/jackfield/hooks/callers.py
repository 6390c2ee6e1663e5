"""Hook callers: what `manager.hook.name` is; `jackfield.hooks.awaited` holds those to await.

Every start loads this, most of them to register plugins and call little: what compiles calls is loaded at the first.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, SupportsIndex, cast

import pluggy

if TYPE_CHECKING:
    from jackfield.hooks.calling import Calling


def manager_of(hook: pluggy.HookCaller) -> "Calling":
    """Return the manager that made a caller."""
    # A caller has no slot to spare for its manager, but one of its own holds a bound method of it.
    return cast("Calling", hook._hookexec.__self__)  # type: ignore[attr-defined]  # pluggy types it as any callable


def is_firstresult(hook: pluggy.HookCaller) -> bool:
    """Say whether a hook's spec wants the first answer alone."""
    return hook.spec is not None and bool(hook.spec.opts.get("firstresult"))


def with_defaults(hook: pluggy.HookCaller, kwargs: Mapping[str, object]) -> Mapping[str, object]:
    """Return the arguments of a call, with the spec's defaults for those that are left out."""
    return hook._apply_defaults(kwargs) if applies_defaults(hook) else kwargs


def applies_defaults(hook: pluggy.HookCaller) -> bool:
    """Say whether this pluggy hands defaults on, as 1.7 does; 1.6 leaves them to the implementation's own default."""
    return hasattr(hook, "_apply_defaults")


class LazyCaller(pluggy.HookCaller):
    """A hook caller that compiles its `__call__` at the first call, and again after its implementations changed.

    It has no slots of its own: so a caller that pluggy made becomes one by assigning `__class__`, and stays the same
    object for everybody who holds it.
    """

    __slots__ = ()

    def __call__(self, **kwargs: object) -> Any:
        """Compile, then call; the contract is `pluggy.HookCaller`'s."""
        __tracebackhide__ = True
        waking = manager_of(self).waking
        if waking is not None:
            waking.now(self.name)
        # While somebody still waits for the hook, its next call has to come by here, too.
        waits = waking is not None and waking.waits_for(self.name)
        special = _settled(self) if not waits else _PluggyCaller
        if special is not _PluggyCaller and all(name in kwargs for name in self.spec.argnames):  # type: ignore[union-attr]  # a special one has a spec
            return special.__call__(self, **kwargs)
        # pluggy's own __call__, written out: its warnings count frames to find the code that calls the hook.
        assert not self.is_historic(), "Cannot directly call a historic hook - use call_historic instead."  # noqa: S101 (pluggy's own)
        given = with_defaults(self, kwargs)
        self._verify_all_args_are_provided(given)
        return self._hookexec(self.name, self._hookimpls.copy(), given, is_firstresult(self))

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        """Copy and pickle it without what was compiled: that calls the implementations of the one it was made for."""
        return _new_caller, (), super().__reduce_ex__(max(2, int(protocol)))[2]

    def _add_hookimpl(self, hookimpl: pluggy.HookImpl) -> None:
        super()._add_hookimpl(hookimpl)
        manager_of(self).changed(self)

    def _remove_plugin(self, plugin: object) -> None:
        super()._remove_plugin(plugin)
        manager_of(self).changed(self)

    def set_specification(self, specmodule_or_class: Any, spec_opts: Any) -> None:
        """Attach the spec; the contract is `pluggy.HookCaller`'s."""
        super().set_specification(specmodule_or_class, spec_opts)
        manager_of(self).changed(self)


def _new_caller() -> LazyCaller:
    return LazyCaller.__new__(LazyCaller)


class _PluggyCaller(LazyCaller):
    """A hook that is called pluggy's way: historic, without a spec, or with names that do not compile."""

    __slots__ = ()
    __call__ = pluggy.HookCaller.__call__


def signature_of(hook: pluggy.HookCaller) -> tuple[list[str], dict[str, object]] | None:
    """Return a spec's arguments without and with defaults, or None where a signature cannot stand for them."""
    if hook.spec is None or hook.is_historic():
        return None
    if not applies_defaults(hook):
        # pluggy 1.6 knows no defaults: such an argument is there or it is not, and a signature cannot tell.
        return None if hook.spec.kwargnames else (list(hook.spec.argnames), {})
    return list(hook.spec.argnames), {name: hook.spec.kwargdefaults[name] for name in hook.spec.kwargnames}


def _settled(hook: LazyCaller) -> type[LazyCaller]:
    """Return what `_specialised` does, where another thread exchanges plugins at the end of that."""
    manager = manager_of(hook)
    before = manager.exchanges
    special = _specialised(hook)
    if before % 2 or manager.exchanges != before:
        manager.settle()
        special = _specialised(hook)
    return special


def _specialised(hook: LazyCaller) -> type[LazyCaller]:
    """Give the caller the class that calls its present implementations, and return that class."""
    from jackfield.hooks.calls import compile_signature

    manager = manager_of(hook)
    version = manager.version
    chain = manager.chain(hook.name, hook._hookimpls, firstresult=is_firstresult(hook))
    signature = signature_of(hook)
    function = None if manager.monitored or signature is None else compile_signature(chain, *signature)
    special: type[LazyCaller] = _PluggyCaller
    if function is not None:
        members = {"__slots__": (), "__call__": function, "__module__": __name__}
        special = type("CompiledCaller", (LazyCaller,), members)
    with manager.unchanged(version) as same:
        if same:  # else another thread has changed hooks or does so now, and this is for the present call at most
            hook.__class__ = special
    if manager.version != version:  # what changes without plugins: its reset may have come first
        hook.__class__ = LazyCaller
    return special
