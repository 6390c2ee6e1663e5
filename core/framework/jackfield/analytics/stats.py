"""What is told of a plugin's uses: for each use, and summed for the plugin (C29, C31)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias, get_args

from jackfield.hooks import HookCount, percentile_of

Kind: TypeAlias = Literal["hook", "command", "event", "callback", "other", "action", "sent", "blocked"]
"""The plugin was called: for a hook, a command, an event that it listens to, a step of its life, anything else.
Or it did something: at the application, an event that it sent, time for which it blocked the event loop."""

KINDS: tuple[Kind, ...] = get_args(Kind)

_CALLED: frozenset[Kind] = frozenset(("hook", "command", "event", "callback", "other"))


@dataclass(frozen=True, slots=True)
class UseStats:
    """One use of one plugin.

    Attributes:
        plugin: its id.
        use: what for: a hook's name, `command roll`, `messages:send`.
        kind: see `Kind`.
        calls: how often.
        errors: how often it failed.
        seconds: time spent in it, with what it waited for.
        worst_seconds: the longest.
        last_used: seconds since the epoch; 0 for never.
        durations: bits of nanoseconds -> how many took so long; those without any are left out.
    """

    plugin: str
    use: str
    kind: Kind
    calls: int = 0
    errors: int = 0
    seconds: float = 0.0
    worst_seconds: float = 0.0
    last_used: float = 0.0
    durations: Mapping[int, int] | None = None

    @classmethod
    def of(cls, count: HookCount, kind: Kind) -> "UseStats":
        """Return what a count holds now."""
        return cls(
            plugin=count.plugin,
            use=count.hook,
            kind=kind,
            calls=count.calls,
            errors=count.errors,
            seconds=count.seconds,
            worst_seconds=count.worst_nanoseconds / 1e9,
            last_used=count.last_used,
            durations={bits: number for bits, number in enumerate(count.durations) if number},
        )

    @property
    def p99_seconds(self) -> float:
        """What 99 of 100 calls did not exceed, right to a factor of two."""
        return min(_percentile(self.durations or {}), self.worst_seconds)

    def merged(self, other: "UseStats") -> "UseStats":
        """Return both together: the same use in another run, or another use in the same sum."""
        durations = dict(self.durations or {})
        for bits, number in (other.durations or {}).items():
            durations[bits] = durations.get(bits, 0) + number
        return replace(
            self,
            calls=self.calls + other.calls,
            errors=self.errors + other.errors,
            seconds=self.seconds + other.seconds,
            worst_seconds=max(self.worst_seconds, other.worst_seconds),
            last_used=max(self.last_used, other.last_used),
            durations=durations,
        )

    def to_mapping(self) -> dict[str, Any]:
        """Return it as plain data, from which `from_mapping` reads it back."""
        return {
            "use": self.use,
            "kind": self.kind,
            "calls": self.calls,
            "errors": self.errors,
            "seconds": self.seconds,
            "worst_seconds": self.worst_seconds,
            "p99_seconds": self.p99_seconds,
            "last_used": _moment(self.last_used),
            "durations": {str(bits): number for bits, number in (self.durations or {}).items()},
        }

    @classmethod
    def from_mapping(cls, plugin: str, mapping: Mapping[str, Any]) -> "UseStats":
        """Read it back.

        Raises:
            ValueError, TypeError, KeyError: it is something else.
        """
        kind = mapping["kind"]
        last = mapping["last_used"]
        return cls(
            plugin=plugin,
            use=str(mapping["use"]),
            kind=kind if kind in KINDS else "other",
            calls=int(mapping["calls"]),
            errors=int(mapping["errors"]),
            seconds=float(mapping["seconds"]),
            worst_seconds=float(mapping["worst_seconds"]),
            last_used=datetime.fromisoformat(last).timestamp() if last else 0.0,
            durations={int(bits): int(number) for bits, number in mapping["durations"].items() if 0 <= int(bits) < 64},
        )


@dataclass(frozen=True, slots=True)
class PluginStats:
    """One plugin: its uses, and the sums of them.

    Attributes:
        plugin: its id.
        uses: every use, the most time first.
        storage_bytes: what its storage takes on disk.
    """

    plugin: str
    uses: tuple[UseStats, ...] = ()
    storage_bytes: int = 0

    @property
    def invocations(self) -> int:
        """How often its code was called: hooks, commands, listeners, steps of its life."""
        return self._called.calls

    @property
    def errors(self) -> int:
        """How often it failed, in whatever; also before its first use (C30)."""
        return sum(one.errors for one in self.uses)

    @property
    def seconds(self) -> float:
        """Time spent in its code, with what that waited for."""
        return self._called.seconds

    @property
    def worst_seconds(self) -> float:
        """Its longest call."""
        return self._called.worst_seconds

    @property
    def p99_seconds(self) -> float:
        """What 99 of 100 of its calls did not exceed, right to a factor of two."""
        return self._called.p99_seconds

    @property
    def last_used(self) -> float:
        """When its code was last called, seconds since the epoch; 0 for never."""
        return self._called.last_used

    @property
    def actions(self) -> Mapping[str, int]:
        """How often it was used for what, and did what at the application."""
        return {one.use: one.calls for one in self.uses if one.kind in _CALLED or one.kind == "action"}

    @property
    def messages(self) -> int:
        """How much it sent: actions at the application that are called `send`."""
        return sum(one.calls for one in self.uses if one.kind == "action" and one.use.endswith(":send"))

    @property
    def blocked(self) -> int:
        """How often it blocked the event loop."""
        return self.calls_of("blocked")

    @property
    def blocked_seconds(self) -> float:
        """The longest time for which it did."""
        return max((one.worst_seconds for one in self.uses if one.kind == "blocked"), default=0.0)

    def calls_of(self, kind: Kind) -> int:
        """Return how often it was used in one way."""
        return sum(one.calls for one in self.uses if one.kind == kind)

    @property
    def _called(self) -> UseStats:
        total = UseStats(self.plugin, "*", "other")
        for one in self.uses:
            if one.kind in _CALLED:
                total = total.merged(one)
        return total

    def to_mapping(self) -> dict[str, Any]:
        """Return it as plain data, from which `from_mapping` reads it back."""
        return {
            "plugin": self.plugin,
            "invocations": self.invocations,
            "errors": self.errors,
            "seconds": self.seconds,
            "worst_seconds": self.worst_seconds,
            "p99_seconds": self.p99_seconds,
            "last_used": _moment(self.last_used),
            "hooks": self.calls_of("hook"),
            "commands": self.calls_of("command"),
            "events": self.calls_of("event"),
            "events_sent": self.calls_of("sent"),
            "messages": self.messages,
            "storage_bytes": self.storage_bytes,
            "blocked": self.blocked,
            "blocked_seconds": self.blocked_seconds,
            "uses": [one.to_mapping() for one in self.uses],
        }

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> "PluginStats":
        """Read it back; the sums are made anew.

        Raises:
            ValueError, TypeError, KeyError: it is something else.
        """
        plugin = str(mapping["plugin"])
        uses = tuple(UseStats.from_mapping(plugin, one) for one in mapping["uses"])
        return cls(plugin, uses, int(mapping.get("storage_bytes", 0)))


def stats_of(uses: Iterable[UseStats], storage: Mapping[str, int] | None = None) -> list[PluginStats]:
    """Sort uses by plugin; the same use of several runs becomes one.

    Args:
        uses: in any order.
        storage: plugin -> bytes on disk.

    Returns:
        The plugins, the most used first (C31).
    """
    found: dict[str, dict[tuple[Kind, str], UseStats]] = {}
    for one in uses:
        known = found.setdefault(one.plugin, {})
        key = (one.kind, one.use)
        known[key] = known[key].merged(one) if key in known else one
    stats = [
        PluginStats(plugin, _slowest_first(known.values()), (storage or {}).get(plugin, 0))
        for plugin, known in found.items()
    ]
    return sorted(stats, key=lambda one: (-one.invocations, -one.errors, one.plugin))


def _slowest_first(uses: Iterable[UseStats]) -> tuple[UseStats, ...]:
    return tuple(sorted(uses, key=lambda one: (-one.seconds, -one.calls, one.use)))


def _percentile(durations: Mapping[int, int]) -> float:
    whole: Sequence[int] = [durations.get(bits, 0) for bits in range(64)]
    return percentile_of(whole, 99)


def _moment(seconds: float) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else None
