"""Awaiting something and counting the time for which it keeps the event loop, without one being loaded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from functools import partial
from time import monotonic
from typing import Any


class InSteps:
    """Awaits something and tells of the time of each step, until it waits for the loop or has ended.

    Args:
        awaitable: what is awaited.
        took: called after each step with when it began.
    """

    __slots__ = ("_awaitable", "_took")

    def __init__(self, awaitable: Awaitable[Any], took: Callable[[float], None]) -> None:
        self._awaitable = awaitable
        self._took = took

    def __await__(self) -> Generator[Any, None, Any]:
        inner: Any = self._awaitable.__await__()
        step = inner.__next__
        while True:
            began = monotonic()
            try:
                waited_for = step()
            except StopIteration as ended:
                return ended.value
            finally:
                self._took(began)
            try:
                yield waited_for
            except BaseException as error:  # noqa: BLE001  # cancelled, most often; what is awaited has to see it
                step = partial(inner.throw, error)
            else:
                step = inner.__next__
