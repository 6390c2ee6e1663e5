"""Charts of plugins, drawn here as SVG, so that no front end with a page needs a drawing library.

Colours come from classes, never from styles (CSP). The page puts a table of the same numbers behind each.
"""

import math
import re
from collections.abc import Sequence
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

WIDTH = 256
MOST_BARS = 50  # more are not told apart by the eye; the table has them
MOST_TOLD = 12  # values that are read out; more are summed up

_ROW, _BAR = 40, 8
_LINE_TOP, _LINE_HEIGHT, _LINE_BOTTOM = 20, 72, 20
_DOT = 3
_LONGEST_LABEL = 24
# What XML 1.0 cannot hold, escaped or not (2.2): one such character would make the whole picture unreadable.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def chart_svg(labels: Sequence[str], values: Sequence[float], kind: Literal["bar", "line"], unit: str) -> str:
    """Return a chart as one `<svg>` element.

    Args:
        labels: one for each value.
        values: finite numbers, of any size and sign.
        kind: bars below each other, or a line from left to right.
        unit: follows each number.
    """
    parts, height = _line(labels, values, unit) if kind == "line" else _bars(labels, values, unit)
    told = quoteattr(_clean(_summary(labels, values, unit)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH} {height}" role="img" '
        f"aria-label={told}>{''.join(parts)}</svg>"
    )


def number_text(value: float) -> str:
    """Return a number as people read it: 1,234 and 0.333333, and beyond a quadrillion 1e+15."""
    if abs(value) >= 1e15:
        return f"{value:.6g}"
    return f"{int(value):,}" if value == int(value) else f"{value:,.6g}"


def _summary(labels: Sequence[str], values: Sequence[float], unit: str) -> str:
    if not values:
        return "No values"
    if len(values) <= MOST_TOLD:
        return ", ".join(f"{label}: {_with(unit, value)}" for label, value in zip(labels, values, strict=True))
    between = f"between {_with(unit, min(values))} and {_with(unit, max(values))}"
    return f"{len(values)} values from {labels[0]} to {labels[-1]}, {between}"


def _bars(labels: Sequence[str], values: Sequence[float], unit: str) -> tuple[list[str], int]:
    shown = list(zip(labels, values, strict=True))[:MOST_BARS]
    shares, zero = _shares([value for _, value in shown])
    parts = []
    for index, ((label, value), share) in enumerate(zip(shown, shares, strict=True)):
        told = _escaped(f"{label}: {_with(unit, value)}")
        top = index * _ROW
        left, width = min(zero, share) * WIDTH, abs(share - zero) * WIDTH
        bar = f'<rect class="bar-shape" x="{left:.1f}" y="{top + 20}" width="{width:.1f}" height="{_BAR}" rx="4">'
        parts += [
            _text(0, top + 14, label),
            _text(WIDTH, top + 14, _with(unit, value), anchor="end"),
            f'<rect class="track" x="0" y="{top + 20}" width="{WIDTH}" height="{_BAR}" rx="4"/>',
            f"{bar}<title>{told}</title></rect>",
        ]
    return parts, max(1, len(shown)) * _ROW


def _line(labels: Sequence[str], values: Sequence[float], unit: str) -> tuple[list[str], int]:
    height = _LINE_TOP + _LINE_HEIGHT + _LINE_BOTTOM
    if not values:
        return [], height
    shares, zero = _shares(values)
    step = (WIDTH - 2 * _DOT) / max(1, len(values) - 1)

    def at(share: float) -> float:
        return _LINE_TOP + (1 - share) * _LINE_HEIGHT

    points = [(_DOT + index * step, at(share)) for index, share in enumerate(shares)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    last_x, last_y = points[-1]
    parts = [
        f'<line class="axis" x1="0" y1="{at(zero):.1f}" x2="{WIDTH}" y2="{at(zero):.1f}"/>',
        f'<polyline class="line-shape" points="{path}"/>',
        f'<circle class="bar-shape" cx="{last_x:.1f}" cy="{last_y:.1f}" r="{_DOT}"/>',
        _text(WIDTH, 12, f"most {_with(unit, max(values))}", anchor="end"),
        _text(0, height - 4, labels[0]),
    ]
    if len(labels) > 1:
        parts.append(_text(WIDTH, height - 4, labels[-1], anchor="end"))
    return parts, height


def _shares(values: Sequence[float]) -> tuple[list[float], float]:
    """Return each value and zero as shares of the whole scale, from 0 to 1; zero is always on it."""
    largest = max((abs(value) for value in values), default=0.0) or 1.0
    parts = [value / largest for value in values]  # first: the span of two huge numbers is no number any more
    low, high = min(0.0, *parts, 0.0), max(0.0, *parts, 0.0)
    span = (high - low) or 1.0
    return [(part - low) / span for part in parts], abs(low) / span


def finite(value: object, what: str) -> float:
    """Return a number that can be drawn.

    Raises:
        TypeError: it is no number.
        ValueError: it is none that has a place on a scale: infinite, not a number, or too large.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{what} is {type(value).__name__}, a number is expected")
    try:
        number = float(value)
    except OverflowError as exc:
        raise ValueError(f"{what} is too large to be drawn") from exc
    if not math.isfinite(number):
        raise ValueError(f"{what} is {number}, which has no place on a scale")
    return number


def _with(unit: str, value: float) -> str:
    return f"{number_text(value)} {unit[:_LONGEST_LABEL]}".strip()


def _text(x: int, y: int, text: str, *, anchor: str = "start") -> str:
    short = text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{_escaped(short)}</text>'


def _escaped(text: str) -> str:
    return escape(_clean(text))


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
