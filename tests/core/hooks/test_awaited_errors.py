"""Failures of implementations that are awaited: blamed, skipped, cancelled in time."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from jackfield.errors import PluginError

from tests.core.hooks.room import plugin, room, told


async def test_asynchronous_failures_are_blamed_and_skipped() -> None:
    async def crash_later(room: str) -> str:
        await asyncio.sleep(0)
        raise LookupError(room)

    async def answer(room: str) -> str:
        return room

    manager = room(on_error="skip")
    blames = told(manager)
    manager.register(plugin("fetched", answer))
    manager.register(plugin("fetched", crash_later), "broken")

    assert await manager.call.fetched(room="lobby") == ["lobby"]
    assert [(name, hook) for name, hook, _ in blames] == [("broken", "fetched")]


async def test_an_implementation_that_outlasts_the_timeout_is_cancelled_and_blamed() -> None:
    ended: list[str] = []

    async def forever() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")
        return "never"

    async def quick() -> str:
        return "quick"

    manager = room()
    blames = told(manager)
    manager.register(plugin("hurried", quick))
    manager.register(plugin("hurried", forever), "slow")

    assert await manager.call.hurried() == ["quick"]
    assert ended == ["cancelled"]
    assert [(name, str(error)) for name, _, error in blames] == [
        ("slow", "plugin slow did not answer hook hurried within 0.05 s")
    ]
    assert isinstance(blames[0][2], PluginError)
    assert blames[0][2].plugin == "slow"


async def test_a_plain_implementation_that_returns_something_to_await_is_blamed_once() -> None:
    manager = room()
    blames = told(manager)
    manager.register(plugin("hurried", lambda: asyncio.Event().wait()), "slow")

    assert await manager.call.hurried() == []
    assert [(name, str(error)) for name, _, error in blames] == [
        ("slow", "plugin slow did not answer hook hurried within 0.05 s")
    ]


async def test_a_plugins_own_timeout_error_stays_its_own() -> None:
    async def impatient() -> str:
        raise TimeoutError("mine")

    manager = room()
    blames = told(manager)
    manager.register(plugin("hurried", impatient), "impatient")

    assert await manager.call.hurried() == []
    assert [str(error) for _, _, error in blames] == ["mine"]


async def test_cancelling_the_call_is_no_failure_of_a_plugin() -> None:
    begun = asyncio.Event()

    async def forever() -> str:
        begun.set()
        await asyncio.Event().wait()
        return "never"

    manager = room(on_error="skip")
    blames = told(manager)
    manager.register(plugin("fetched", lambda room: forever()))
    task = asyncio.create_task(manager.call.fetched(room="lobby"))
    await begun.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert blames == []


async def test_a_plugin_that_awaits_what_it_cancelled_has_failed_and_the_others_go_on() -> None:
    async def cancels_its_own(room: str) -> None:
        task = asyncio.create_task(asyncio.Event().wait())
        task.cancel()
        await task

    async def answer(room: str) -> str:
        return room

    manager = room(on_error="skip")
    blames = told(manager)
    manager.register(plugin("fetched", answer))
    manager.register(plugin("fetched", cancels_its_own), "confused")

    assert await manager.call.fetched(room="lobby") == ["lobby"]
    assert [(name, type(error)) for name, _, error in blames] == [("confused", asyncio.CancelledError)]


@pytest.mark.parametrize("spec", ["fetched", "names"])
async def test_a_plugins_own_kind_of_base_exception_ends_no_awaited_call(spec: str) -> None:
    class Ended(BaseException):
        """As libraries have it that cancel by raising."""

    async def ended_later(room: str) -> None:
        await asyncio.sleep(0)
        raise Ended

    def ended(room: str) -> None:
        raise Ended

    manager = room(on_error="skip")
    blames = told(manager)
    manager.register(plugin(spec, lambda room: room))
    manager.register(plugin(spec, ended_later if spec == "fetched" else ended), "ending")

    assert await getattr(manager.call, spec)(room="lobby") == ["lobby"]
    assert [(name, type(error)) for name, _, error in blames] == [("ending", Ended)]


async def test_cancelling_the_call_ends_it_in_the_midst_of_an_implementation_that_is_awaited() -> None:
    begun = asyncio.Event()

    async def forever(room: str) -> None:
        begun.set()
        await asyncio.Event().wait()

    manager = room(on_error="skip")
    blames = told(manager)
    manager.register(plugin("fetched", forever))
    task = asyncio.create_task(manager.call.fetched(room="lobby"))
    await begun.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert blames == []


async def test_an_implementation_that_does_not_let_itself_be_cancelled_is_blamed_and_its_answer_used() -> None:
    async def stubborn() -> str:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "late"

    manager = room()
    blames = told(manager)
    manager.register(plugin("hurried", stubborn), "stubborn")

    assert await manager.call.hurried() == ["late"]
    assert [(name, hook) for name, hook, _ in blames] == [("stubborn", "hurried")]


@pytest.mark.parametrize("spec", ["fetched", "names"])
@pytest.mark.feature("C8")
async def test_an_interrupt_in_a_group_comes_through_an_awaited_call(spec: str) -> None:
    async def later(room: str) -> None:
        await asyncio.sleep(0)
        now(room)

    def now(room: str) -> None:
        raise BaseExceptionGroup("of tasks", [ValueError("no"), KeyboardInterrupt()])

    manager = room(on_error="skip")
    blames = told(manager)
    manager.register(plugin(spec, later if spec == "fetched" else now), "stopping")
    with pytest.raises(BaseExceptionGroup, match="of tasks"):
        await getattr(manager.call, spec)(room="lobby")
    assert blames == []
