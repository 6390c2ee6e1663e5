"""Counters of hook calls: how often, how long, how many failures, for each plugin and hook."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class HookCount:
    """What one plugin's implementation of one hook did so far.

    Attributes:
        plugin: the name the plugin is registered under.
        hook: the name of the hook.
        calls: how often it was begun.
        errors: how often it failed, or took longer than the hook's timeout.
        nanoseconds: wall time spent in it; of an asynchronous one with what it waited for. A wrapper's time is not
            taken, because the others run inside it.
    """

    plugin: str
    hook: str
    calls: int = 0
    errors: int = 0
    nanoseconds: int = 0

    @property
    def seconds(self) -> float:
        """The wall time in seconds."""
        return self.nanoseconds / 1e9


class HookCounters:
    """The counts of one manager, by plugin and hook; they outlive a plugin's registration.

    Calls and time are taken only while `enabled`: a manager is told through `HookManager.count`. Errors always are.
    """

    def __init__(self, *, enabled: bool = False) -> None:
        self.enabled = enabled
        self._counts: dict[tuple[str, str], HookCount] = {}

    def of(self, plugin: str, hook: str) -> HookCount:
        """Return the count of one plugin's implementation of one hook, made at zero when it is new."""
        count = self._counts.get((plugin, hook))
        if count is None:
            count = self._counts[plugin, hook] = HookCount(plugin, hook)
        return count

    def __iter__(self) -> Iterator[HookCount]:
        return iter(tuple(self._counts.values()))

    def by_plugin(self) -> dict[str, HookCount]:
        """Return one count for each plugin, summed over its hooks; the hook of the sums is `*`."""
        sums: dict[str, HookCount] = {}
        for count in self:
            total = sums.setdefault(count.plugin, HookCount(count.plugin, "*"))
            total.calls += count.calls
            total.errors += count.errors
            total.nanoseconds += count.nanoseconds
        return sums

    def reset(self) -> None:
        """Set every count to zero, in place: callers hold on to them."""
        for count in self._counts.values():
            count.calls = count.errors = count.nanoseconds = 0
