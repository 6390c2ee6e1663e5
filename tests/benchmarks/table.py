"""What a measurement says, and the one table in which all of them are printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

HEADER = ("WHAT", "MEASURED", "GOAL", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure against its goal.

    Args:
        name: what was measured, in words, e.g. "chat, idle with four plugins".
        value: the figure, in `unit`; None where it could not be measured.
        unit: "MiB", "ms", "ns", "x" …
        goal: what it should be, in words that can be read beside the figure: "≤ 120 MiB"; empty where there is none.
            Why it could not be measured, where `value` is None.
        ok: whether the goal is met; None where there is no goal, as for a peer measured beside us.
    """

    name: str
    value: float | None
    unit: str
    goal: str = ""
    ok: bool | None = None

    @classmethod
    def at_most(cls, name: str, value: float, limit: float, unit: str) -> Row:
        """Make a row whose goal is to stay at or under `limit`."""
        return cls(name, value, unit, f"≤ {number(limit)} {unit}", value <= limit)

    @classmethod
    def at_least(cls, name: str, value: float, limit: float, unit: str) -> Row:
        """Make a row whose goal is to reach `limit` or more."""
        return cls(name, value, unit, f"≥ {number(limit)} {unit}", value >= limit)

    @classmethod
    def missing(cls, name: str, why: str) -> Row:
        """Make a row for a peer that is not there; `why` says how to get it."""
        return cls(name, None, "", why)

    def to_mapping(self) -> dict[str, object]:
        """Return the row as JSON carries it."""
        return asdict(self)


def number(value: float) -> str:
    """Write a figure with three significant digits and without an exponent."""
    if value >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def table(rows: Iterable[Row]) -> str:
    """Lay the rows out in aligned columns under one header line; a missed goal is marked `MISSED`."""
    marks = {True: "ok", False: "MISSED", None: ""}
    lines = [HEADER, *((row.name, _figure(row), row.goal, marks[row.ok]) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    return "\n".join(_line(line, widths) for line in lines)


def _figure(row: Row) -> str:
    return "-" if row.value is None else f"{number(row.value)} {row.unit}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """One line: the name to the left, the figure to the right so that digits stand under digits."""
    name, figure, goal, mark = cells
    return f"{name:<{widths[0]}}  {figure:>{widths[1]}}  {goal:<{widths[2]}}  {mark}".rstrip()
