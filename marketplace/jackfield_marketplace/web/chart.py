"""Charts, drawn here: an SVG for the eye; the page puts a table of the same numbers behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from markupsafe import Markup

_WIDTH, _HEIGHT, _GAP = 300, 64, 2


def downloads_chart(days: Sequence[tuple[date, int]]) -> Markup:
    """A bar for each day, as high as its share of the busiest; classes, not styles, give the colours (CSP)."""
    most = max((count for _, count in days), default=0)
    step = _WIDTH / max(len(days), 1)
    bars = []
    for index, (day, count) in enumerate(days):
        # A day without any still shows a line: absence of a bar reads as absence of data.
        height = 1 if not count else max(3, round(count / most * (_HEIGHT - 4)))
        bars.append(
            f'<rect class="{"bar" if count else "bar none"}" x="{index * step:.2f}" y="{_HEIGHT - height}" '
            f'width="{max(step - _GAP, 1):.2f}" height="{height}"><title>{day.isoformat()}: {count}</title></rect>'
        )
    total = sum(count for _, count in days)
    label = f"Downloads on each of the last {len(days)} days, {total} in all"
    return Markup(  # noqa: S704  # numbers and dates of our own
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}" '
        f'preserveAspectRatio="none">{"".join(bars)}</svg>'
    )
