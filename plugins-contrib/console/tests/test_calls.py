"""A function of a script gets as many of the arguments, from the first, as it takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.demo.wheels import CONTRIB
from tests.support.sources import imported


class Listener:
    """A listener with methods."""

    def hear(self, server: str) -> tuple[str, ...]:
        return (server,)

    @staticmethod
    def overhear(server: str, info: str) -> tuple[str, ...]:
        return server, info

    def __call__(self, *every: str) -> tuple[str, ...]:
        return every


def nothing() -> tuple[str, ...]:
    return ()


def three(server: str, info: str, more: str = "none", *, named: str = "") -> tuple[str, ...]:
    return server, info, more


@pytest.mark.parametrize(
    ("function", "given"),
    [
        (nothing, ()),
        (lambda server: (server,), ("s",)),
        (three, ("s", "i", "m")),
        (partial(three, "first"), ("first", "s", "i")),
        (Listener().hear, ("s",)),
        (Listener().overhear, ("s", "i")),
        (Listener(), ("s", "i", "m")),
    ],
)
@pytest.mark.feature("M28")
def test_a_function_gets_what_it_takes_at_its_first_call_and_at_the_next(
    function: Callable[..., Any], given: tuple[str, ...]
) -> None:
    with imported(CONTRIB / "console", "chat_console.calls") as calls:
        assert [calls.call(function, "s", "i", "m") for _ in range(3)] == [given] * 3
        assert calls.call(Listener.hear, "self", "i", "m") == ("i",), "not bound, it takes one more"
