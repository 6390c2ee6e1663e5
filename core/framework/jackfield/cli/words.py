"""How numbers, times and other people's texts read on a terminal.

Numbers carry units and times are relative (the absolute ones are in `--json`). What a plugin's author or a marketplace
wrote is shown without control characters, so that no text can move the cursor, recolour a question or turn its
direction around.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_SKEW_SECONDS = 60
_STEPS = (
    (365 * 86400, "year"),
    (30 * 86400, "month"),
    (7 * 86400, "week"),
    (86400, "day"),
    (3600, "hour"),
    (60, "minute"),
)
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
"""Not from the locale: everything else is in English too."""

_RUNS = frozenset({"active", "idle", "loaded", "pending restart"})
"""States in a running application in which a plugin's code is there."""

_SIZES = ("bytes", "KiB", "MiB", "GiB", "TiB")

_COLOURED = re.compile("\x1b\\[[0-9;]*m")
"""How `click.style` colours (ECMA-48, SGR)."""
_OBEYED = re.compile(f"{_COLOURED.pattern}|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    """`text` on one line, without control and formatting characters (Unicode Cc, Cf, Cs, Co, Zl, Zp)."""
    if text.isascii() and text.isprintable():
        return text
    kept = (" " if char in "\n\r\t\u2028\u2029" else char for char in text)
    return "".join(char for char in kept if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co"})


def seen(text: str) -> str:
    """`text` with nothing that a terminal obeys but colours, tabs and the ends of lines: the last look at what is said.

    `plain` is for what others wrote, and leaves no colours either.
    """
    if text.isprintable():
        return text
    return _OBEYED.sub(lambda found: found[0] if _COLOURED.fullmatch(found[0]) else "", text)


def width(text: str) -> int:
    """The columns that `text` takes on a terminal; wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) != 0 for char in text)


def shorten(text: str, columns: int) -> str:
    """`text` cut to at most `columns` columns, with `…` where something is left out."""
    if width(text) <= columns:
        return text
    kept = ""
    for char in text:
        if width(kept + char) > columns - 1:
            break
        kept += char
    return kept.rstrip() + "…"


def size(count_bytes: int) -> str:
    """A number of bytes in binary units, as limits are set in: `812 bytes`, `47 KiB`, `2.3 MiB`."""
    value, unit = float(count_bytes), 0
    while value >= 1023.5 and unit < len(_SIZES) - 1:
        value, unit = value / 1024, unit + 1
    digits = 1 if unit and value < 9.95 else 0
    return f"{value:.{digits}f} {_SIZES[unit]}"


def count(number: int) -> str:
    """A number of things, short: `310`, `4.2k`, `1.3M`."""
    if number < 1000:
        return str(number)
    value, letter = (number / 1000, "k") if number < 999_500 else (number / 1_000_000, "M")
    return f"{value:.1f}{letter}" if value < 99.95 else f"{value:.0f}{letter}"


def plural(number: int, noun: str, many: str = "") -> str:
    """`1 plugin`, `3 plugins`; `many` where an s is not enough."""
    return f"{number} {noun if number == 1 else many or noun + 's'}"


def counted(number: int, noun: str) -> str:
    """`1 download`, `4.2k downloads`."""
    return f"{count(number)} {noun if number == 1 else noun + 's'}"


def ago(moment: str, *, now: datetime | None = None) -> str:
    """An ISO 8601 time as `3 weeks ago`, one to come as `on 2 May`; a text that is no time comes back cleaned."""
    try:
        then = datetime.fromisoformat(moment)
    except ValueError:
        return plain(moment)
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    seconds = ((now or datetime.now(UTC)) - then).total_seconds()
    for length, unit in _STEPS:
        if seconds >= length:
            return f"{plural(int(seconds // length), unit)} ago"
    # Clocks differ by a little; one that was put back has left times that are yet to come.
    return "just now" if seconds > -_SKEW_SECONDS else f"on {day(moment, now=now)}"


def day(moment: str, *, now: datetime | None = None) -> str:
    """An ISO 8601 time as `2 May`, in another year `2 May 2025`; a text that is no time comes back cleaned."""
    try:
        then = datetime.fromisoformat(moment).astimezone()
    except ValueError:
        return plain(moment)
    year = "" if then.year == (now or datetime.now(UTC)).astimezone().year else f" {then.year}"
    return f"{then.day} {_MONTHS[then.month - 1]}{year}"


def duration(seconds: float) -> str:
    """How long something took: `0.04 s`, `0.4 s`, `12 s`, `2 min 5 s`."""
    if seconds < 0.095:
        return f"{seconds:.2f} s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def memory_in_words(count_bytes: int | None) -> str:
    """What a process uses: `uses 47 KiB`; None: nobody here knows, as of one that comes over TCP."""
    return "its memory is unknown" if count_bytes is None else f"uses {size(count_bytes)}"


def brief(seconds: float) -> str:
    """How long a call took: `0.4 s`, `12 ms`, `7.5 µs`; `–` for nothing at all."""
    for unit, length in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= 0.9995 * length:
            value = seconds / length
            return duration(seconds) if unit == "s" else f"{value:.{1 if value < 9.95 else 0}f} {unit}"
    return f"{seconds * 1e9:.0f} ns" if seconds > 0 else "–"


def whom(by: str, reader: str) -> str:
    """The one who did something, as the history names people: `you` where that is who reads it."""
    return "you" if by == reader else plain(by)


def other_version(installed: str, running: Mapping[str, Any] | None) -> str:
    """The version whose code runs where that is not the installed one; else empty.

    New code that was taken back, or waits for another plugin or a restart, is on disk and does not run.

    Args:
        installed: what is on disk.
        running: what the running application tells of the plugin; None where none runs.
    """
    if running is None or running["state"] not in _RUNS or running["version"] == installed:
        return ""
    return plain(str(running["version"]))


def joined(items: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
