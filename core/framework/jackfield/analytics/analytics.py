"""`Analytics`: attributes what happens in a host to its plugins (C29 to C32); nothing leaves the machine (U21)."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping

from jackfield.analytics.stats import Kind, PluginStats, UseStats, stats_of
from jackfield.analytics.usage import PluginUsage, UsageListener
from jackfield.hooks import HookCount, HookCounters

_log = logging.getLogger("jackfield.analytics")

MOST_USES = 200
"""Different uses that are told apart for one plugin; an event's name is whatever its sender likes."""

REST = "(others)"
"""What is counted together beyond that."""

_KINDS: tuple[tuple[str, Kind], ...] = (
    ("command ", "command"),
    ("listener of the setting ", "callback"),
    ("listener of ", "event"),
    ("on_", "callback"),
    ("import", "callback"),
)


class Analytics:
    """Counts uses, errors and time by plugin. Safe to use from several threads; the memory it takes is bounded.

    Args:
        hooks: the counters of the hook manager, which counts its own calls.
        listen: has a listener told of each hook call; called when the first listener comes, since it costs the calls.
    """

    def __init__(
        self, hooks: HookCounters, listen: Callable[[Callable[[str, str], None]], Callable[[], None]] | None = None
    ) -> None:
        self._hooks = hooks
        self._listen = listen
        self._uses = HookCounters()
        self._others: dict[Kind, HookCounters] = {"action": HookCounters(), "sent": HookCounters()}
        self._others["blocked"] = HookCounters()
        self._known: dict[str, set[str]] = {}
        self._listeners: list[UsageListener] = []
        self._unlisten: Callable[[], None] | None = None

    # Taking notes

    def begin(self, plugin: str, use: str) -> HookCount:
        """Count a call of a plugin's code that is no hook's, and return where its time belongs.

        Args:
            plugin: its id; empty for the host's own.
            use: `command roll`, `on_enable`.
        """
        count = self._uses.of(plugin, self._bounded(plugin, use))
        count.calls += 1
        if self._listeners:
            self._tell(plugin, use, kind_of(use))
        return count

    def failed(self, plugin: str, use: str) -> None:
        """Count a failure that is no hook's: also of a plugin that was never used (C30)."""
        self._uses.of(plugin, self._bounded(plugin, use)).errors += 1

    def acted(self, plugin: str, action: str) -> None:
        """Count what a plugin does at the application: `messages:send`."""
        self._note("action", plugin, self._bounded(plugin, action))

    def sent(self, plugin: str, event: str) -> None:
        """Count an event that a plugin sends."""
        self._note("sent", plugin, self._bounded(plugin, event))

    def blocked(self, plugin: str, use: str, seconds: float) -> None:
        """Count that a plugin blocked the event loop, and for how long."""
        count = self._others["blocked"].of(plugin, self._bounded(plugin, use))
        count.calls += 1
        count.took(int(seconds * 1e9), time.perf_counter_ns())

    def reset(self) -> None:
        """Begin anew: what was counted is forgotten, hooks included."""
        for counters in (self._hooks, self._uses, *self._others.values()):
            counters.reset()

    # Telling

    def on_use(self, listener: UsageListener) -> Callable[[], None]:
        """Have `listener` told of every use before it happens; returns what takes the listener away (C32).

        It is called in the thread where the use happens, and while it takes its time the use waits. One that fails is
        logged and disturbs nothing.
        """
        self._listeners.append(listener)
        if self._unlisten is None and self._listen is not None:
            self._unlisten = self._listen(lambda plugin, hook: self._tell(plugin, hook, "hook"))

        def remove() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)
            if not self._listeners and self._unlisten is not None:
                self._unlisten()
                self._unlisten = None

        return remove

    def uses(self) -> Iterator[UseStats]:
        """Return every use that was counted."""
        yield from (UseStats.of(count, "hook") for count in self._hooks if _any(count))
        yield from (UseStats.of(count, kind_of(count.hook)) for count in self._uses if count.plugin and _any(count))
        for kind, counters in self._others.items():
            yield from (UseStats.of(count, kind) for count in counters if _any(count))

    def all(self, storage: Mapping[str, int] | None = None) -> list[PluginStats]:
        """Return every plugin that was used or failed, the most used first (C31).

        Args:
            storage: plugin -> bytes on disk, which is nothing that is counted here.
        """
        return stats_of(self.uses(), storage)

    def one(self, plugin: str) -> PluginStats:
        """Return one plugin; of one that was not used the stats are all zero."""
        found = (stats for stats in self.all() if stats.plugin == plugin)
        return next(found, PluginStats(plugin))

    def top(self, number: int = 10) -> list[PluginStats]:
        """Return the most used plugins (C31)."""
        return self.all()[:number]

    def _note(self, kind: Kind, plugin: str, use: str) -> None:
        count = self._others[kind].of(plugin, use)
        count.calls += 1
        count.last_nanoseconds = time.perf_counter_ns()
        if self._listeners:
            self._tell(plugin, use, kind)

    def _tell(self, plugin: str, action: str, kind: Kind) -> None:
        if not plugin:
            return
        usage = PluginUsage(plugin, action, time.time(), {"kind": kind})
        for listener in tuple(self._listeners):
            try:
                listener(usage)
            except Exception:  # noqa: BLE001 (a listener's mistake is not the plugin's)
                _log.exception("a listener of plugin_usage failed")

    def _bounded(self, plugin: str, use: str) -> str:
        known = self._known.setdefault(plugin, set())
        if use in known:
            return use
        if len(known) >= MOST_USES:
            return REST
        known.add(use)
        return use


def kind_of(use: str) -> Kind:
    """Return what kind of use a call is that the host makes by other ways than hooks."""
    return next((kind for beginning, kind in _KINDS if use.startswith(beginning)), "other")


def _any(count: HookCount) -> bool:
    return bool(count.calls or count.errors)
