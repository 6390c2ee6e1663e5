"""Calls, errors and time are counted by plugin and hook, if somebody asks for it."""

from __future__ import annotations

import asyncio

import pytest
from jackfield.hooks import HookCount

from tests.core.hooks.room import plugin, room


def test_nothing_is_counted_until_it_is_asked_for() -> None:
    manager = room()
    manager.register(plugin("names", lambda room: room), "one")
    manager.hook.names(room="lobby")

    manager.count()
    manager.hook.names(room="lobby")
    manager.hook.names(room="lobby")
    manager.count(False)
    manager.hook.names(room="lobby")

    assert [(count.plugin, count.hook, count.calls) for count in manager.counters] == [("one", "names", 2)]


def test_calls_are_counted_only_for_implementations_that_were_called() -> None:
    manager = room(count=True)
    manager.register(plugin("topic", lambda room: "never asked"), "second")
    manager.register(plugin("topic", lambda room: "weather"), "first")

    manager.hook.topic(room="lobby")

    assert manager.counters.of("first", "topic").calls == 1
    assert manager.counters.of("second", "topic").calls == 0


def test_a_call_that_raises_is_counted_as_a_call() -> None:
    manager = room(count=True)
    manager.register(plugin("names", lambda room: 1 / 0), "broken")

    with pytest.raises(ZeroDivisionError):
        manager.hook.names(room="lobby")

    assert (manager.counters.of("broken", "names").calls, manager.counters.of("broken", "names").errors) == (1, 1)


def test_the_time_goes_to_the_plugin_that_took_it() -> None:
    import time

    def busy(room: str) -> None:
        until = time.perf_counter() + 0.01
        while time.perf_counter() < until:
            pass

    manager = room(count=True)
    manager.register(plugin("names", lambda room: room), "quick")
    manager.register(plugin("names", busy), "busy")

    manager.hook.names(room="lobby")

    assert manager.counters.of("busy", "names").seconds >= 0.01
    assert manager.counters.of("quick", "names").seconds < manager.counters.of("busy", "names").seconds


async def test_awaited_calls_are_counted_with_what_they_waited_for() -> None:
    async def waiting(room: str) -> str:
        await asyncio.sleep(0.01)
        return room

    manager = room(count=True)
    manager.register(plugin("fetched", waiting), "waiting")

    await manager.call.fetched(room="lobby")

    assert manager.counters.of("waiting", "fetched").calls == 1
    assert manager.counters.of("waiting", "fetched").seconds >= 0.009


def test_sums_by_plugin_and_a_reset() -> None:
    manager = room(count=True, on_error="skip")
    both = type("Both", (), {})()
    manager.register(both, "both")
    for hook in ("names", "topic"):
        manager.register(plugin(hook, lambda room: 1 / 0), f"broken {hook}")
    manager.hook.names(room="lobby")
    manager.hook.names(room="lobby")

    sums = manager.counters.by_plugin()
    assert sums["broken names"].calls == 2
    assert sums["broken names"].errors == 2
    assert sums["broken names"].hook == "*"

    manager.counters.reset()
    manager.hook.names(room="lobby")
    assert manager.counters.of("broken names", "names").calls == 1


def test_a_count_says_seconds() -> None:
    assert HookCount("one", "names", nanoseconds=1_500_000_000).seconds == 1.5
