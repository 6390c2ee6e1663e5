"""The books of one manager: what plugins did, what failed, and who wants to be told of either."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pluggy

if TYPE_CHECKING:
    import logging

    from jackfield.errors import PluginError
    from jackfield.hooks.counters import HookCounters
    from jackfield.hooks.failures import FailureLog

BlameListener: TypeAlias = Callable[[str, str, BaseException], None]
"""Told of each failure: the plugin's registered name, the hook's name, the error."""

UseListener: TypeAlias = Callable[[str, str], None]
"""Told of each use, before it: the plugin's registered name, the hook's name."""


class Accounts:
    """Counters and listeners; a call knows of them only as far as somebody wants to know.

    Args:
        count: count calls and time from the start.

    Attributes:
        blames: told of failures.
        uses: told of uses.
    """

    def __init__(self, *, count: bool) -> None:
        self._count = count
        self._counters: HookCounters | None = None
        self.blames: list[BlameListener] = []
        self.uses: list[UseListener] = []
        self._failures: FailureLog | None = None

    @property
    def counters(self) -> "HookCounters":
        """Calls, time and errors by plugin and hook."""
        if self._counters is None:
            from jackfield.hooks.counters import HookCounters  # most starts count nothing

            # Of two threads that come first at the same time both get the same one.
            self._counters = self.__dict__.setdefault("_first", HookCounters(enabled=self._count))
        return self._counters

    @property
    def counting(self) -> bool:
        """Whether calls and time are counted now."""
        return self._count if self._counters is None else self._counters.enabled

    def blame(self, hook_name: str, skip: bool, hookimpl: pluggy.HookImpl, error: BaseException) -> None:
        """Count the failure of an implementation and tell it; log it where the call goes on without it.

        That a plugin was taken down while it was called is no failure of it, nor of one that had asked it; nor that it
        could not be given what the call is about, as one before it in a pipeline may have made that.
        """
        from jackfield.errors import NotSent, TakenDown

        plugin = hookimpl.plugin_name
        if isinstance(error, TakenDown):
            _logger().info("hook %s goes on without plugin %s: %s", hook_name, plugin, error)
            return
        failed = not isinstance(error, NotSent)
        if skip:
            what = (
                f"plugin {plugin} failed in hook {hook_name}" if failed else f"hook {hook_name} did not reach {plugin}"
            )
            self._log().tell(_logger(), f"{what}; the others go on", error)
        if not failed:
            return
        self.counters.of(plugin, hook_name).errors += 1
        for listener in tuple(self.blames):
            try:
                listener(plugin, hook_name, error)
            except Exception:  # noqa: BLE001 (logged, with its traceback)
                _logger().exception("a blame listener failed, told of plugin %s in hook %s", plugin, hook_name)

    def _log(self) -> "FailureLog":
        if self._failures is None:
            from jackfield.hooks.failures import FailureLog  # most starts see no failure

            self._failures = FailureLog()
        return self._failures

    def used(self, hook_name: str, hookimpl: pluggy.HookImpl) -> None:
        """Tell that an implementation is about to be called."""
        for listener in tuple(self.uses):
            try:
                listener(hookimpl.plugin_name, hook_name)
            except Exception:  # noqa: BLE001 (logged, with its traceback)
                _logger().exception("a use listener failed, told of %s in hook %s", hookimpl.plugin_name, hook_name)


def _logger() -> "logging.Logger":
    import logging  # a program that does not log should not pay for it at its start

    return logging.getLogger("jackfield.hooks")


def late(hook_name: str, limit_seconds: float, hookimpl: pluggy.HookImpl, seconds: float | None) -> "PluginError":
    """Make the error for an implementation that took too long.

    Args:
        hook_name: the hook.
        limit_seconds: what its spec allows.
        hookimpl: who took longer.
        seconds: how long; None: it was stopped.
    """
    from jackfield.errors import PluginError

    plugin = hookimpl.plugin_name
    limit = f"{limit_seconds:g} s"
    if seconds is None:
        return PluginError(f"plugin {plugin} did not answer hook {hook_name} within {limit}", plugin=plugin)
    return PluginError(
        f"plugin {plugin} took {seconds:.3g} s for hook {hook_name}, {limit} are allowed",
        plugin=plugin,
        hint="code that does not await cannot be stopped in its own thread; its answer was used",
    )
