"""Starts of plugins that go on, and what is done within them: that must not wait for their end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context


class Start:
    """Plugins that come up in one go.

    Attributes:
        variables: what is run in a copy of them is done within this start.
        is_over: whether all of them are up, or could not be brought up.
    """

    __slots__ = ("is_over", "variables")

    def __init__(self) -> None:
        self.variables: Context = copy_context()
        self.is_over = False


_WITHIN: ContextVar[tuple[Start, ...]] = ContextVar("starts of plugins that have led here", default=())


@contextmanager
def begun() -> Iterator[Start]:
    """Have what is done in this block, and what that begins, count as done within a start."""
    start = Start()
    within = (*_WITHIN.get(), start)
    start.variables.run(_WITHIN.set, within)
    token = _WITHIN.set(within)
    try:
        yield start
    finally:
        start.is_over = True
        _WITHIN.reset(token)


def within() -> tuple[Start, ...]:
    """Return the starts that go on and within which this is done, the outermost first."""
    return tuple(start for start in _WITHIN.get() if not start.is_over)


class Waited:
    """What waits for one plugin: calls on behalf of others, and the starts within which they are made.

    A plugin in another process does not say for which call it asks its host for something. So that may be done for any
    of these.

    Attributes:
        calls: on behalf of plugins, or of a start of them, that have no answer; without the one for its own life that
            there may be.
    """

    __slots__ = ("_starts", "calls")

    def __init__(self) -> None:
        self._starts: Counter[Start] = Counter()
        self.calls = 0

    def begin(self, starts: tuple[Start, ...], *, is_life: bool = False) -> None:
        """Note a call that is made within these; `is_life`: of its own life."""
        self.calls += not is_life
        self._starts.update(starts)

    def end(self, starts: tuple[Start, ...], *, is_life: bool = False) -> None:
        """Note that it has its answer, once for each."""
        self.calls -= not is_life
        self._starts.subtract(starts)
        for one in starts:
            if not self._starts[one]:
                del self._starts[one]

    def now(self) -> tuple[Start, ...]:
        """Return those that wait now, in the order in which they began to."""
        return tuple(self._starts)
