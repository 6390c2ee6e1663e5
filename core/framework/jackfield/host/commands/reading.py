"""Reading one argument from a line: where it ends, what it is worth, and what is wrong with it (U13).

Pure but for two kinds: the host's own things and a plugin's own types ask those who know them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from typing import Any, TypeAlias

from jackfield.api import (
    ArgumentSource,
    ArgumentType,
    Choice,
    CommandSource,
    Custom,
    Duration,
    Float,
    Greedy,
    Integer,
    Quoted,
    Word,
    YesNo,
)
from jackfield.errors import UsageError
from jackfield.runtime import read_own

_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>\d{{1,9}}){unit})?" for unit in _UNITS), re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,100}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d{1,300}(\.\d{0,300})?|\.\d{1,300})(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_TRUTHS = {"yes": True, "on": True, "true": True, "1": True, "no": False, "off": False, "false": False, "0": False}
_MOST_SHOWN = 6


@dataclass(frozen=True, slots=True)
class FromHost:
    """The type of an argument that the host finds: a member, a room.

    Args:
        source: who finds it.
        rest: takes the rest of the line.
    """

    source: ArgumentSource
    rest: bool = False


Kind: TypeAlias = ArgumentType | FromHost


class Unreadable(ValueError):
    """What stands there is not of the kind that is expected.

    Args:
        problem: the end of a sentence that begins with the argument's name: `must be a whole number`.
        start, end: where it stands in the line.
        whole: whether `problem` is a sentence by itself.
    """

    def __init__(self, problem: str, start: int, end: int, *, whole: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.whole = whole
        self.start = start
        self.end = end


class KindFailed(Exception):
    """A plugin's own type of argument failed; the cause is its error."""


def skip_spaces(text: str, position: int) -> int:
    """Return the place of the next character that is no space."""
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def word_end(text: str, position: int) -> int:
    """Return where the word that begins at `position` ends."""
    while position < len(text) and not text[position].isspace():
        position += 1
    return position


def takes_rest(kind: Kind) -> bool:
    """Say whether nothing can follow an argument of this kind."""
    return isinstance(kind, Greedy) or (isinstance(kind, Custom | FromHost) and kind.rest)


def read_text(kind: Kind, text: str, start: int) -> tuple[str, int]:
    """Return what is written for an argument that begins at `start`, and where it ends.

    Raises:
        Unreadable: a quote is not closed.
    """
    if takes_rest(kind):
        rest = text[start:].rstrip()
        inner = _quoted(text, start)
        whole = inner is not None and inner[1] == start + len(rest)
        return (inner[0] if inner is not None and whole else rest), start + len(rest)
    if not isinstance(kind, Word) and text[start] in "\"'":
        inner = _quoted(text, start)
        if inner is not None and (inner[1] == len(text) or text[inner[1]].isspace()):
            return inner
        if is_open_quote(text, start):
            raise Unreadable("has a quote that is not closed", start, len(text.rstrip()))
    end = word_end(text, start)
    return text[start:end], end


def _quoted(text: str, start: int) -> tuple[str, int] | None:
    """What stands between the quote at `start` and the one that closes it, and where that is; None: nothing does."""
    if start >= len(text) or text[start] not in "\"'":
        return None
    quote, position = text[start], start + 1
    found: list[str] = []
    while position < len(text):
        character = text[position]
        if character == quote:
            return "".join(found), position + 1
        if character == "\\" and text[position + 1 : position + 2] in (quote, "\\"):
            position += 1
            character = text[position]
        found.append(character)
        position += 1
    return None


def is_open_quote(text: str, start: int) -> bool:
    """Say whether a quote begins at `start` and is not closed; an apostrophe in plain words is none."""
    return text[start : start + 1] == '"' and _quoted(text, start) is None


def quoted(text: str) -> str:
    """Return a text so that it is read back as one argument: in quotes where it must be."""
    if text and text[0] not in "\"'" and not any(character.isspace() for character in text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def read(kind: Kind, text: str, start: int, source: CommandSource) -> tuple[Any, int]:
    """Read the argument that begins at `start`.

    Returns:
        its value and where it ends.

    Raises:
        Unreadable: it is not of that kind.
        KindFailed: the plugin's own type failed.
    """
    written, end = read_text(kind, text, start)
    try:
        return _value(kind, written, source), end
    except UsageError as error:
        raise Unreadable(str(error), start, end, whole=True) from error
    except ValueError as error:
        raise Unreadable(str(error), start, end) from error


def _value(kind: Kind, written: str, source: CommandSource) -> Any:
    match kind:
        case Integer() | Float():
            return _bounded(kind, _number(kind, written))
        case YesNo():
            if written.lower() not in _TRUTHS:
                raise ValueError(f"must be {described(kind)}")
            return _TRUTHS[written.lower()]
        case Choice():
            if written not in kind.words:
                raise ValueError(f"must be {described(kind)}")
            return (kind.values or kind.words)[kind.words.index(written)]
        case Duration():
            return _bounded(kind, _duration(kind, written))
        case Custom():
            return _custom(kind, written)
        case FromHost():
            try:
                return kind.source.resolve(written, source)
            except ValueError as error:
                raise UsageError(str(error)) from error
        case _:
            return written


def _number(kind: Integer | Float, written: str) -> int | float:
    if isinstance(kind, Integer):
        if not _WHOLE.fullmatch(written):
            raise ValueError(f"must be {described(kind)}")
        return int(written)
    number = float(written) if _NUMBER.fullmatch(written) else float("nan")
    if not isfinite(number):
        raise ValueError(f"must be {described(kind)}")
    return number


def _custom(kind: Custom, written: str) -> Any:
    try:
        return read_own(kind.parse, kind.label, written)
    except UsageError:
        raise
    except Exception as error:
        raise KindFailed from error


def _duration(kind: Duration, written: str) -> timedelta:
    match = _DURATION.fullmatch(written)
    if not written or match is None:
        raise ValueError(f"must be {described(kind)}")
    try:
        return sum(
            (int(number) * _UNITS[unit] for unit, number in match.groupdict().items() if number is not None),
            timedelta(),
        )
    except OverflowError:
        raise ValueError("is longer than any calendar") from None


def _bounded(kind: Integer | Float | Duration, value: Any) -> Any:
    if (kind.minimum is not None and value < kind.minimum) or (kind.maximum is not None and value > kind.maximum):
        raise ValueError(f"must be {described(kind)}")
    return value


def duration_text(span: timedelta) -> str:
    """Return a time span as it is written in a command: `1h30m`; what is below a millisecond is left out."""
    left, parts = span, []
    for unit, size in _UNITS.items():
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def described(kind: Kind) -> str:
    """Return what is expected, as the end of "it must be …"."""
    match kind:
        case Integer():
            return "a whole number" + _bounds(kind.minimum, kind.maximum)
        case Float():
            return "a number" + _bounds(kind.minimum, kind.maximum)
        case YesNo():
            return "yes or no"
        case Choice():
            return alternatives(kind.words)
        case Duration():
            bounds = [None if bound is None else duration_text(bound) for bound in (kind.minimum, kind.maximum)]
            return "a time like 1h30m" + _bounds(*bounds)
        case Custom():
            return kind.label
        case FromHost():
            return kind.source.label
        case Greedy():
            return "the rest of the line"
        case Quoted():
            return "a word, or text in quotes"
        case Word():
            return "a word"


def alternatives(words: Sequence[str]) -> str:
    """Return words as `a, b or c`; of many, the first few."""
    shown = list(words[:_MOST_SHOWN])
    if len(words) > _MOST_SHOWN:
        return ", ".join(shown) + " …"
    return ", ".join(shown[:-1]) + f" or {shown[-1]}" if len(shown) > 1 else shown[0]


def _bounds(minimum: object, maximum: object) -> str:
    if minimum is not None and maximum is not None:
        return f" from {minimum} to {maximum}"
    if minimum is not None:
        return f", {minimum} or more"
    return f", at most {maximum}" if maximum is not None else ""
