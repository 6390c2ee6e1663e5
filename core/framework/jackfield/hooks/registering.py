"""One thread at a time changes what is registered: pluggy looks, then adds, and loops over what others would add to."""

import _thread  # `threading` takes longer to load than a start may take
import os
from functools import wraps
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Concatenate, ParamSpec, TypeVar

    P = ParamSpec("P")
    ManagerT = TypeVar("ManagerT", bound=pluggy.PluginManager)
    ResultT = TypeVar("ResultT")

WAIT_SECONDS = 5.0
"""After which a change goes on beside another one. That runs code of a plugin, which may wait for this thread: for a
replayed call that starts one, or for an import that this one is in."""

_changes = _thread.RLock()  # of all managers: with a lock of its own none could be copied or pickled


def one_at_a_time(
    method: "Callable[Concatenate[ManagerT, P], ResultT]",
) -> "Callable[Concatenate[ManagerT, P], ResultT]":
    """Have a method of a manager wait for what other threads change."""

    @wraps(method)
    def changing(self: "ManagerT", /, *arguments: "P.args", **named: "P.kwargs") -> "ResultT":
        __tracebackhide__ = True
        changes = _changes
        held = changes.acquire(timeout=WAIT_SECONDS)
        try:
            return method(self, *arguments, **named)
        finally:
            if held:
                changes.release()

    return changing


def _anew() -> None:
    """Forget who held the lock in a process from which this one was forked: that thread is not here."""
    global _changes  # noqa: PLW0603  # it is the one of this process
    _changes = _thread.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_anew)


class Registering(pluggy.PluginManager):
    """A manager whose plugins and hooks several threads may change, and look at, at the same time."""

    @one_at_a_time
    def unregister(self, plugin: Any | None = None, name: str | None = None) -> Any | None:
        """Take a plugin away; the contract is pluggy's."""
        return super().unregister(plugin, name)

    @one_at_a_time
    def get_hookcallers(self, plugin: Any) -> "list[pluggy.HookCaller] | None":
        """Return the hooks that a plugin implements; the contract is pluggy's."""
        return super().get_hookcallers(plugin)

    @one_at_a_time
    def check_pending(self) -> None:
        """Refuse implementations of hooks that nobody specified; the contract is pluggy's."""
        super().check_pending()
