"""A stack says whose implementation it is inside of, and calls pay nothing for it."""

from __future__ import annotations

import asyncio
import sys
from types import FrameType
from typing import Any

import pytest
from jackfield.hooks import running_implementation

from tests.core.hooks.room import hookimpl, plugin, room


def whose(frame: FrameType | None) -> list[tuple[str, str]]:
    """Every implementation that a stack is inside of, innermost first."""
    found = []
    while frame is not None:
        if (one := running_implementation(frame)) is not None:
            found.append(one)
        frame = frame.f_back
    return found


@pytest.mark.parametrize("options", [{}, {"count": True, "on_error": "skip"}])
def test_each_implementation_is_told_from_the_others(options: dict[str, Any]) -> None:
    manager = room(**options)
    seen: list[tuple[str, str]] = []
    for name in ("one", "two", "three"):
        manager.register(plugin("names", lambda room: seen.extend(whose(sys._getframe()))), name)

    manager.hook.names(room="lobby")

    assert seen == [("three", "names"), ("two", "names"), ("one", "names")]


def test_nested_calls_are_told_innermost_first() -> None:
    manager = room()
    seen: list[tuple[str, str]] = []
    manager.register(plugin("topic", lambda room: seen.extend(whose(sys._getframe()))), "inner")
    manager.register(plugin("names", lambda room: manager.hook.topic(room=room)), "outer")

    manager.hook.names(room="lobby")

    assert seen == [("inner", "topic"), ("outer", "names")]


async def test_awaited_implementations_are_told_after_they_waited_too() -> None:
    manager = room()
    seen: list[tuple[str, str]] = []

    async def fetched(room: str) -> None:
        await asyncio.sleep(0)
        seen.extend(whose(sys._getframe()))

    manager.register(plugin("fetched", fetched), "one")
    await manager.call.fetched(room="lobby")

    assert seen == [("one", "fetched")]


def test_a_wrapper_is_told_until_its_yield_and_never_as_another() -> None:
    manager = room()
    seen: list[list[tuple[str, str]]] = []

    @hookimpl(specname="names", wrapper=True)
    def around(room: str):
        seen.append(whose(sys._getframe()))
        result = yield
        seen.append(whose(sys._getframe()))
        return result

    manager.register(plugin("names", lambda room: room), "one")
    manager.register(type("Around", (), {"names": staticmethod(around)})(), "around")
    manager.hook.names(room="lobby")

    assert seen == [[("around", "names")], []]
