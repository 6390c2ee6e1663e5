"""Calls, errors and time are counted by plugin and hook, if somebody asks for it."""

from __future__ import annotations

import asyncio
import math
import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.hooks import HookCount

from tests.core.hooks.room import hookimpl, plugin, room


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


def test_a_reset_sets_all_to_zero_in_place() -> None:
    manager = room(count=True, on_error="skip")
    for hook in ("names", "topic"):
        manager.register(plugin(hook, lambda room: 1 / 0), f"broken {hook}")
    manager.hook.names(room="lobby")
    manager.hook.names(room="lobby")
    broken = manager.counters.of("broken names", "names")
    assert (broken.calls, broken.errors) == (2, 2)

    manager.counters.reset()
    manager.hook.names(room="lobby")
    assert manager.counters.of("broken names", "names").calls == 1


def test_a_count_says_seconds() -> None:
    count = HookCount("one", "names")
    count.took(1_500_000_000, ended=1)
    assert count.seconds == 1.5


def test_a_count_knows_its_worst_call_when_it_was_last_and_what_99_of_100_did_not_exceed() -> None:
    count = HookCount("one", "names")
    assert (count.percentile(99), count.last_used) == (0.0, 0.0)
    for _ in range(99):
        count.took(1_000_000, time.perf_counter_ns())
    count.took(500_000_000, time.perf_counter_ns())

    assert count.worst_nanoseconds == 500_000_000
    assert 0.0005 <= count.percentile(50) <= 0.002  # right to a factor of two
    assert count.percentile(99) <= 0.0021
    assert count.percentile(100) == 0.5
    assert abs(time.time() - count.last_used) < 60


@given(st.lists(st.integers(0, 10**12), min_size=1), st.floats(1, 100))
def test_a_percentile_is_right_to_a_factor_of_two(durations: list[int], percent: float) -> None:
    count = HookCount("one", "names")
    for duration in durations:
        count.took(duration, 1)

    exact = sorted(durations)[math.ceil(len(durations) * percent / 100 - 1e-9) - 1] / 1e9
    assert exact / 2 <= count.percentile(percent) * (1 + 1e-9)
    assert count.percentile(percent) <= exact * 2 + 1e-12
    assert sum(count.durations) == len(durations)


def test_generated_calls_take_the_same_notes_as_took() -> None:
    manager = room(count=True)
    manager.register(plugin("names", lambda room: room), "one")
    for _ in range(7):
        manager.hook.names(room="lobby")

    count = manager.counters.of("one", "names")
    assert sum(count.durations) == count.calls == 7
    assert 0 < count.worst_nanoseconds <= count.nanoseconds
    assert abs(time.time() - count.last_used) < 60


def test_no_call_is_lost_when_threads_call_at_the_same_time() -> None:
    """Exact with a global lock; without one (PEP 703) some may be lost, none is invented."""
    manager = room(count=True, on_error="skip")

    def names(room: str) -> str:
        if room == "odd":
            raise ValueError(room)
        return room

    manager.register(plugin("names", names), "one")
    calls, threads = 3000, 6

    def call() -> None:
        for number in range(calls):
            manager.hook.names(room="odd" if number % 100 == 0 else "even")

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        running = [threading.Thread(target=call) for _ in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
    finally:
        sys.setswitchinterval(before)

    count = manager.counters.of("one", "names")
    told = (count.calls, sum(count.durations), count.errors)
    exact = (calls * threads, calls * threads, calls * threads // 100)
    if getattr(sys, "_is_gil_enabled", lambda: True)():
        assert told == exact
    else:
        assert all(0 < one <= other for one, other in zip(told, exact, strict=True))


def test_a_use_is_told_before_it_while_somebody_listens() -> None:
    manager = room()
    manager.register(plugin("names", lambda room: heard.append(("", "called"))), "one")
    heard: list[tuple[str, str]] = []
    remove = manager.add_use_listener(lambda name, hook: heard.append((name, hook)))

    manager.hook.names(room="lobby")
    remove()
    manager.hook.names(room="lobby")

    assert heard == [("one", "names"), ("", "called"), ("", "called")]


async def test_uses_are_told_of_awaited_calls_and_wrappers_and_a_failing_listener_disturbs_none() -> None:
    @hookimpl(specname="names", wrapper=True)
    def around(room: str):
        return (yield)

    async def fetched(room: str) -> str:
        return room

    manager = room()
    manager.register(type("Around", (), {"names": staticmethod(around)})(), "around")
    manager.register(plugin("names", lambda room: room), "one")
    manager.register(plugin("fetched", fetched), "two")
    heard: list[tuple[str, str]] = []

    def listen(name: str, hook: str) -> None:
        heard.append((name, hook))
        raise ValueError("listeners may fail")

    manager.add_use_listener(listen)
    assert manager.hook.names(room="lobby") == ["lobby"]
    assert await manager.call.fetched(room="lobby") == ["lobby"]

    assert heard == [("around", "names"), ("one", "names"), ("two", "fetched")]
