"""Counters of what plugins do: how often, how long, how slow at worst, how many failures, by plugin and use."""

import time
from collections.abc import Iterator, Sequence

BUCKETS = 64
"""A duration falls into the bucket of its number of bits, in nanoseconds: 64 hold every duration there is."""

_WALL_CLOCK = time.time_ns() - time.perf_counter_ns()


class HookCount:
    """What one plugin's implementation of one hook did so far.

    Its memory does not grow with the calls. Counting is exact from any number of threads where Python has a global
    lock, because no number is given up between reading and writing it; without that lock (PEP 703) increments that meet
    may be lost, never invented. Only `worst_nanoseconds` may miss the slower one of two calls that end together.

    Attributes:
        plugin: the name the plugin is registered under.
        hook: the name of the hook, or of another use that is counted in the same way: `command roll`.
        calls: how often it was begun.
        errors: how often it failed, or took longer than the hook's timeout.
        nanoseconds: wall time spent in it; of an asynchronous one with what it waited for. A wrapper's time is not
            taken, because the others run inside it.
        worst_nanoseconds: the longest of those times.
        last_nanoseconds: when the last one ended, on the clock of `time.perf_counter_ns`; 0 for never.
        durations: how many took so many bits of nanoseconds: a histogram on a logarithmic scale.
    """

    __slots__ = (
        "calls",
        "durations",
        "errors",
        "hook",
        "last_nanoseconds",
        "nanoseconds",
        "plugin",
        "worst_nanoseconds",
    )

    def __init__(self, plugin: str, hook: str) -> None:
        self.plugin = plugin
        self.hook = hook
        self.calls = 0
        self.errors = 0
        self.nanoseconds = 0
        self.worst_nanoseconds = 0
        self.last_nanoseconds = 0
        self.durations = [0] * BUCKETS

    @property
    def seconds(self) -> float:
        """The wall time in seconds."""
        return self.nanoseconds / 1e9

    @property
    def last_used(self) -> float:
        """When the last one ended, in seconds since the epoch; 0 for never."""
        return (self.last_nanoseconds + _WALL_CLOCK) / 1e9 if self.last_nanoseconds else 0.0

    def took(self, nanoseconds: int, ended: int) -> None:
        """Add the time of one that ended; generated calls have these lines in themselves.

        Args:
            nanoseconds: what it took.
            ended: when, on the clock of `time.perf_counter_ns`.
        """
        self.nanoseconds += nanoseconds
        self.durations[nanoseconds.bit_length()] += 1
        if nanoseconds > self.worst_nanoseconds:
            self.worst_nanoseconds = nanoseconds
        self.last_nanoseconds = ended

    def took_many(self, nanoseconds: int, count: int, ended: int) -> None:
        """Add the time of many that ran one after another and were not timed apart.

        Args:
            nanoseconds: what all of them took.
            count: how many, one at least.
            ended: when the last one ended, on the clock of `time.perf_counter_ns`.
        """
        self.took(nanoseconds // count, ended)
        self.nanoseconds += nanoseconds - nanoseconds // count
        self.durations[(nanoseconds // count).bit_length()] += count - 1

    def percentile(self, percent: float) -> float:
        """Return the seconds that so many per cent of the calls did not exceed, `percentile_of` its durations."""
        return min(percentile_of(self.durations, percent), self.worst_nanoseconds / 1e9)


def percentile_of(durations: Sequence[int], percent: float) -> float:
    """Return what `percent` of the durations did not exceed, in seconds; 0.0 where there are none.

    It is right to a factor of two at worst: a bucket spans one, and its durations are taken to be spread evenly.
    """
    wanted = sum(durations) * percent / 100
    if not wanted:
        return 0.0
    seen = 0.0
    for bits, number in enumerate(durations):
        if number and seen + number >= wanted:
            least = 1 << (bits - 1) if bits else 0
            most = 1 << bits if bits else 0
            return (least + (most - least) * (wanted - seen) / number) / 1e9
        seen += number
    return 0.0


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
        # Two threads that come first at the same time get the same one.
        return count if count is not None else self._counts.setdefault((plugin, hook), HookCount(plugin, hook))

    def __iter__(self) -> Iterator[HookCount]:
        return iter(tuple(self._counts.values()))

    def reset(self) -> None:
        """Set every count to zero, in place: callers hold on to them."""
        for count in self._counts.values():
            count.calls = count.errors = count.nanoseconds = count.worst_nanoseconds = count.last_nanoseconds = 0
            count.durations[:] = [0] * BUCKETS
