"""What plugins do to whoever calls them: late, never, or out of the process; the caller always gets an answer."""

from __future__ import annotations

import asyncio
import time

import pytest
from jackfield.errors import PluginError, UsageError
from jackfield.runtime import Guard


@pytest.fixture
def blamed():
    return []


@pytest.fixture
def guard(blamed) -> Guard:
    return Guard(lambda plugin, what, error: blamed.append((plugin, what, str(error))), timeout_seconds=0.3)


async def test_plain_and_asynchronous_functions_return_their_results(guard, blamed):
    async def later(value: int) -> int:
        await asyncio.sleep(0)
        return value

    assert await guard.run("weather", "x", lambda value: value, 1) == 1
    assert await guard.run("weather", "x", later, 2) == 2
    assert blamed == []


@pytest.mark.feature("U18")
async def test_a_coroutine_that_hangs_is_cancelled_and_blamed(guard, blamed):
    ended = asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(PluginError, match=r"weather: on_enable did not return within 0.3 s"):
        await guard.run("weather", "on_enable", hang)
    assert ended.is_set()
    assert blamed == [("weather", "on_enable", "weather: on_enable did not return within 0.3 s")]


async def test_one_that_will_not_be_cancelled_is_left_behind_and_named(guard, caplog, monkeypatch):
    monkeypatch.setattr("jackfield.runtime.guard.GRACE_SECONDS", 0.05)
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    with pytest.raises(PluginError, match="did not return"):
        await guard.run("weather", "on_enable", stubborn)
    assert "weather: on_enable does not end when it is cancelled" in caplog.text
    release.set()
    await asyncio.sleep(0)


async def test_a_plain_function_that_is_slow_is_measured_and_blamed(guard, blamed):
    def slow() -> str:
        end = time.perf_counter() + 0.35
        while time.perf_counter() < end:
            pass
        return "done"

    assert await guard.run("weather", "listener", slow) == "done"
    assert blamed[0][2].startswith("weather: listener held everything up for 0.")


async def test_leaving_the_process_is_a_failure_like_any_other(guard, blamed):
    def leave() -> None:
        raise SystemExit(1)

    async def leave_later() -> None:
        await asyncio.sleep(0)
        raise SystemExit(1)

    for function in (leave, leave_later):
        with pytest.raises(PluginError, match="weather: command tried to end the process"):
            await guard.run("weather", "command", function)
    assert len(blamed) == 2


async def test_what_would_end_its_caller_is_a_failure_like_any_other(guard, blamed):
    def cancelled() -> None:
        raise asyncio.CancelledError  # as the result of a task that was cancelled does

    def closed() -> None:
        raise GeneratorExit

    async def closed_later() -> None:
        await asyncio.sleep(0)
        raise GeneratorExit

    for function, told in ((cancelled, "cancelled itself"), (closed, "raised Gen"), (closed_later, "raised Gen")):
        with pytest.raises(PluginError, match=f"weather: on_disable {told}"):
            await guard.run("weather", "on_disable", function)
    assert len(blamed) == 3


async def test_cancelling_the_caller_cancels_the_plugin(guard):
    ended = asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    calling = asyncio.ensure_future(guard.run("weather", "x", hang))
    await asyncio.sleep(0.01)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    await ended.wait()


async def test_a_coroutine_that_cancels_itself_does_not_cancel_the_host(guard, blamed):
    async def confused() -> None:
        raise asyncio.CancelledError

    with pytest.raises(PluginError, match="weather: x cancelled itself"):
        await guard.run("weather", "x", confused)


async def test_a_users_mistake_is_not_counted_to_the_plugin(guard, blamed):
    def mistaken() -> None:
        raise UsageError("7 is no month")

    with pytest.raises(UsageError):
        await guard.run_for_user("weather", "command", mistaken)
    assert blamed == []
    with pytest.raises(UsageError):
        await guard.run("weather", "on_enable", mistaken)
    assert len(blamed) == 1
