"""Numbers, sizes and times as people read them."""

from __future__ import annotations

from datetime import datetime

from markupsafe import Markup

from jackfield_marketplace.db import now

_STEPS = ((60, "second"), (60, "minute"), (24, "hour"), (7, "day"), (4.35, "week"), (12, "month"))

ISOLATION = {
    "worker": (
        "runs in its own process",
        "Asks for a confined process of its own, with no files and no network but what it names above.",
    ),
    "inline": (
        "runs inside the host",
        "Runs inside the host, with all of its rights: what it asks for is checked, not enforced.",
    ),
    "any": (
        "runs on its own",
        "Runs in a confined process of its own, unless its user lets it into the host, with all of the host's rights.",
    ),
}
"""A manifest's isolation -> a label for lists, and the sentence of the plugin's page."""

REVOKED = {
    "critical": "Nobody is given its files any more; where it is installed it is stopped.",
    "high": "Installers refuse it, and where it is installed it is stopped.",
    "low": "Installers refuse it; where it is installed it runs on.",
}
"""How bad a revocation is -> what comes of it, for the plugin's page."""


def short_number(number: int) -> str:
    """`950`, `4.2k`, `1.3M`."""
    if number < 1000:
        return str(number)
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + letter
    return str(number)


def file_size(size: int) -> str:
    """`812 B`, `14 KiB`, `2.3 MiB`."""
    if size < 1024:
        return f"{size} B"
    if size < 1024 * 1024:
        return f"{size / 1024:.0f} KiB"
    return f"{size / 1024 / 1024:.1f} MiB"


def relative_time(moment: datetime) -> Markup:
    """`3 weeks ago`, with the exact time on hover."""
    amount: float = max(0.0, (now() - moment).total_seconds())
    unit = "year"
    for size, name in _STEPS:
        if amount < size:
            unit = name
            break
        amount /= size
    count = int(amount)
    text = "just now" if unit == "second" else f"{count} {unit}{'' if count == 1 else 's'} ago"
    exact = moment.strftime("%Y-%m-%d %H:%M UTC")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(moment.isoformat(), exact, text)
