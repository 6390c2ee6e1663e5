"""The types of a command's arguments, as data; the host reads and completes them (M43, U13, U26).

They stand in annotations, `Annotated[int, Integer(1, 6)]`, and in trees, `argument("dice", Integer(1, 6))`. What is
written, and what the function gets: docs/reference/commands.md.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from inspect import iscoroutinefunction
from typing import Any, TypeAlias

from jackfield.errors import UsageError


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number.

    Args:
        minimum, maximum: bounds, both allowed themselves; None: no bound.
    """

    minimum: int | None = None
    maximum: int | None = None

    def __post_init__(self) -> None:
        _require_order(self.minimum, self.maximum)


@dataclass(frozen=True, slots=True)
class Float:
    """A number with or without a fraction; never infinite and never `nan`.

    Args:
        minimum, maximum: bounds, both allowed themselves; None: no bound.
    """

    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        _require_order(self.minimum, self.maximum)


@dataclass(frozen=True, slots=True)
class YesNo:
    """`yes`, `on`, `true`, `1`, or `no`, `off`, `false`, `0`."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it is written, quotes included."""


@dataclass(frozen=True, slots=True)
class Quoted:
    r"""One word, or several in quotes: `"two words"`; within quotes `\"` is a quote and `\\` a backslash."""


@dataclass(frozen=True, slots=True)
class Greedy:
    """The rest of the line; quotes around all of it are taken off. Nothing can follow it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words.

    Args:
        words: what can be written.
        values: what the function gets for each word; empty: the words.
    """

    words: tuple[str, ...]
    values: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if not self.words or not all(self.words):
            raise UsageError("a choice needs words to choose from")
        if self.values and len(self.values) != len(self.words):
            raise UsageError(f"{len(self.words)} words and {len(self.values)} values make no choice")


@dataclass(frozen=True, slots=True)
class Duration:
    """A time span, `1h30m`: weeks, days, hours, minutes, seconds, milliseconds as `w d h m s ms`, the largest first.

    Args:
        minimum, maximum: bounds, both allowed themselves; None: no bound.
    """

    minimum: timedelta | None = None
    maximum: timedelta | None = None

    def __post_init__(self) -> None:
        _require_order(self.minimum, self.maximum)


@dataclass(frozen=True, slots=True)
class Custom:
    """A type of the plugin's own.

    Args:
        parse: makes the value of what was written, a `def`; `ValueError` is the user's mistake and its message the
            sentence they read, any other error the plugin's.
        label: what is expected, as in "dice must be …": `a roll like 2d6`.
        complete: what begins with a text, `def` or `async def`; None: nothing is offered.
        rest: takes the rest of the line instead of one word or quoted text.

    Raises:
        UsageError: `parse` is `async def`.
    """

    parse: Callable[[str], Any]
    label: str
    complete: Callable[[str], Iterable[str] | Awaitable[Iterable[str]]] | None = None
    rest: bool = False

    def __post_init__(self) -> None:
        if iscoroutinefunction(self.parse):
            raise UsageError(
                f"parse of {self.label} is async def, and a line is read without waiting",
                hint="take the text, and await in the command",
            )


#: Every type of argument. Beside them stand the host's own things, each by its type (`Member`, `Room`).
ArgumentType: TypeAlias = Integer | Float | YesNo | Word | Quoted | Greedy | Choice | Duration | Custom


def _require_order(minimum: Any, maximum: Any) -> None:
    if minimum is not None and maximum is not None and minimum > maximum:
        raise UsageError(f"the minimum {minimum} is above the maximum {maximum}")
