"""One thread at a time changes what a manager has registered: pluggy looks, then adds, and loops over what it has."""

import _thread  # `threading` takes longer to load than a start may take
import os
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Concatenate, ParamSpec, TypeVar

    P = ParamSpec("P")
    ManagerT = TypeVar("ManagerT", bound=pluggy.PluginManager)
    ResultT = TypeVar("ResultT")

WAIT_SECONDS = 5.0
"""After which a change goes on beside another one. That runs code of a plugin, which may wait for this thread: for a
replayed call that starts one, or for an import that this one is in."""


class Changes:
    """Who changes one manager. Copied or pickled with it, it has locks of its own."""

    __slots__ = ("_locks",)

    def __init__(self) -> None:
        self._locks: dict[int, _thread.RLock] = {}

    def lock(self) -> "_thread.RLock":
        """Return the lock of this process: in one that was forked the thread that held it is not there."""
        process = os.getpid()
        # Two threads that come first have the same one, for a dictionary does this in one step.
        return self._locks.get(process) or self._locks.setdefault(process, _thread.RLock())

    def __reduce__(self) -> "tuple[type[Changes], tuple[()]]":
        return Changes, ()


def changes_of(manager: pluggy.PluginManager) -> Changes:
    """Return who changes a manager; it is kept there, also where a class has an `__init__` of its own."""
    kept: dict[str, Any] = manager.__dict__
    changes: Changes = kept.get("_changes") or kept.setdefault("_changes", Changes())
    return changes


def one_at_a_time(
    method: "Callable[Concatenate[ManagerT, P], ResultT]",
) -> "Callable[Concatenate[ManagerT, P], ResultT]":
    """Have a method of a manager wait for what other threads change in it."""

    @wraps(method)
    def changing(self: "ManagerT", /, *arguments: "P.args", **named: "P.kwargs") -> "ResultT":
        __tracebackhide__ = True
        changes = changes_of(self).lock()
        held = changes.acquire(timeout=WAIT_SECONDS)
        try:
            return method(self, *arguments, **named)
        finally:
            if held:
                changes.release()

    return changing


class Registering(pluggy.PluginManager):
    """A manager whose plugins and hooks several threads may change, and look at, at the same time.

    Attributes:
        exchanges: how often an exchange began or ended: odd while one is under way.
        version: another number after every change of a hook.
    """

    exchanges = version = 0

    @contextmanager
    def exchanging(self) -> "Iterator[None]":
        """Let plugins take the place of others within this: calls of other threads find the ones or the others.

        In between a thread would find neither, so one that calls a hook that has changed waits for the end.
        """
        changes = changes_of(self).lock()
        held = changes.acquire(timeout=WAIT_SECONDS)
        self.exchanges += 1
        try:
            yield
        finally:
            self.exchanges += 1
            if held:
                changes.release()

    @contextmanager
    def unchanged(self, version: int) -> "Iterator[bool]":
        """Say whether nothing has changed since a version; then no other thread registers anything within this."""
        changes = changes_of(self).lock()
        held = changes.acquire(blocking=False)
        try:
            yield held and self.version == version
        finally:
            if held:
                changes.release()

    def settle(self) -> None:
        """Wait until no other thread exchanges plugins."""
        changes = changes_of(self).lock()
        if changes.acquire(timeout=WAIT_SECONDS):
            changes.release()

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
