"""What plugins did, as the owner reads it: charts, tables and log lines, told in words and units."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jackfield_chat.plugins.charts import chart_svg

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jackfield.host import Host, PluginStatus

MOST_BARS = 10
MOST_LINES = 200

_SIZES = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


@dataclass(frozen=True, slots=True)
class Picture:
    """One chart.

    Args:
        title: what it shows.
        svg: the chart; empty where every value is zero.
        nothing: what is said in its place then.
    """

    title: str
    svg: str
    nothing: str


@dataclass(frozen=True, slots=True)
class Row:
    """One plugin of the table, or one use of a plugin.

    Args:
        id: the plugin's id; of a use its name.
        name: for people.
        calls, errors, messages: numbers.
        time, worst, p99, storage: with their units.
        last_used: None for never.
        blocked: a sentence where it blocked the event loop; else empty.
    """

    id: str
    name: str
    calls: int
    time: str
    worst: str
    p99: str
    errors: int
    messages: int = 0
    storage: str = ""
    last_used: datetime | None = None
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One log line.

    Args:
        time: when.
        level: `warning`, in small letters.
        message: what was logged.
        fields: what was kept beside it: `place=Vienna`.
        traceback: of an exception; empty without.
    """

    time: datetime
    level: str
    message: str
    fields: str
    traceback: str


@dataclass(frozen=True, slots=True)
class PluginFigures:
    """One plugin.

    Args:
        status: where it stands.
        total: its sums; None before its first use.
        uses: each use, the most time first.
        lines: its last log lines, the newest first.
    """

    status: PluginStatus
    total: Row | None
    uses: Sequence[Row]
    lines: Sequence[Line]


class Figures:
    """Reads what the host of the plugins counts.

    Args:
        host: runs them.
        name_of: what a plugin is called, by its id.
    """

    def __init__(self, host: Host, name_of: Callable[[str], str]) -> None:
        self._host = host
        self._name_of = name_of

    async def rows(self) -> list[Row]:
        """Return every plugin that was used, failed or keeps something, the most used first."""
        found = await asyncio.to_thread(self._host.observed.stats)
        return [self._row(one) for one in found if one.uses or one.storage_bytes]

    async def pictures(self) -> list[Picture]:
        """Return the charts: of the most used plugins their calls, time and errors."""
        found = [one for one in await asyncio.to_thread(self._host.observed.stats) if one.uses]
        calls = sorted(found, key=lambda one: -one.invocations)
        slow = sorted(found, key=lambda one: -one.seconds)
        failing = sorted(found, key=lambda one: -one.errors)
        in_seconds = bool(slow) and slow[0].seconds >= 1  # one unit for all bars, that of the longest
        per_second, unit, digits = (1, "s", 2) if in_seconds else (1000, "ms", 1)
        return [
            self._picture("Calls", [(one.plugin, one.invocations) for one in calls], "", "No plugin was called yet."),
            self._picture("Time", [(one.plugin, round(one.seconds * per_second, digits)) for one in slow], unit,
                          "No plugin took any time yet."),
            self._picture("Errors", [(one.plugin, one.errors) for one in failing], "", "No plugin failed."),
        ]  # fmt: skip

    async def plugin(self, plugin: str) -> PluginFigures:
        """Return one plugin.

        Raises:
            UnknownPlugin: none of that id is installed.
        """
        status = self._host.plugins.status(plugin)
        stats = next(
            (one for one in await asyncio.to_thread(self._host.observed.stats) if one.plugin == status.id), None
        )
        uses = [
            Row(use.use, use.use, use.calls, brief(use.seconds), brief(use.worst_seconds), brief(use.p99_seconds),
                use.errors, last_used=_moment(use.last_used))
            for use in (stats.uses if stats is not None else ())
        ]  # fmt: skip
        lines = [
            Line(
                datetime.fromtimestamp(line.time, UTC),
                line.level.lower(),
                line.message,
                "  ".join(f"{name}={value}" for name, value in line.fields.items()),
                line.traceback,
            )
            for line in self._host.logs.lines(status.id)[-MOST_LINES:]
        ]
        total = self._row(stats) if stats is not None and stats.uses else None
        return PluginFigures(status, total, uses, lines[::-1])

    def _row(self, stats: Any) -> Row:
        blocked = ""
        if stats.blocked:
            times = "once" if stats.blocked == 1 else f"{stats.blocked} times"
            blocked = f"It held up the whole chat {times}, for up to {brief(stats.blocked_seconds)}."
        return Row(
            id=stats.plugin,
            name=self._name_of(stats.plugin),
            calls=stats.invocations,
            time=brief(stats.seconds),
            worst=brief(stats.worst_seconds),
            p99=brief(stats.p99_seconds),
            errors=stats.errors,
            messages=stats.messages,
            storage=size(stats.storage_bytes),
            last_used=_moment(stats.last_used),
            blocked=blocked,
        )

    def _picture(self, title: str, values: list[tuple[str, float]], unit: str, nothing: str) -> Picture:
        shown = [(self._name_of(plugin), value) for plugin, value in values if value][:MOST_BARS]
        svg = chart_svg([name for name, _ in shown], [value for _, value in shown], "bar", unit) if shown else ""
        return Picture(title, svg, nothing)


def brief(seconds: float) -> str:
    """Return a duration in the unit that fits: `2 min`, `3.1 s`, `12 ms`, `86 µs`; `–` for none."""
    if seconds >= 60:
        return f"{seconds / 60:.0f} min"
    for length, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= length:
            value = seconds / length
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    return "under 1 µs" if seconds > 0 else "–"


def size(size_bytes: int) -> str:
    """Return a number of bytes in binary units: `812 bytes`, `47 KiB`; empty for none."""
    for length, unit in _SIZES:
        if size_bytes >= length:
            return f"{size_bytes / length:.0f} {unit}"
    return f"{size_bytes} bytes" if size_bytes else ""


def _moment(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
