"""Calls that are awaited: in order, the first answer, wrappers, and what cannot be awaited."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pluggy
import pytest
from jackfield.errors import UsageError
from jackfield.hooks.awaited import AsyncCaller

from tests.core.hooks.room import answer, answer_later, plugin, room


async def test_monitors_see_awaited_calls_with_their_results() -> None:
    manager = room()
    manager.register(plugin("fetched", answer_later))
    await manager.call.fetched(room="lobby")
    seen: list[Any] = []

    undo = manager.add_hookcall_monitoring(
        lambda name, impls, given: seen.append(("before", name)),
        lambda outcome, name, impls, given: seen.append(("after", outcome.get_result())),
    )
    await manager.call.fetched(room="lobby")
    undo()
    await manager.call.fetched(room="attic")

    assert seen == [("before", "fetched"), ("after", ["lobby later"])]


async def test_implementations_are_awaited_one_after_another_in_order() -> None:
    manager = room()
    order: list[str] = []

    def visitor(name: str) -> Any:
        async def visit(room: str) -> str:
            order.append(f"{name} begins")
            await asyncio.sleep(0)
            order.append(f"{name} ends")
            return name

        return visit

    manager.register(plugin("fetched", visitor("one")))
    manager.register(plugin("fetched", visitor("two")))

    assert await manager.call.fetched(room="lobby") == ["two", "one"]
    assert order == ["two begins", "two ends", "one begins", "one ends"]


async def test_awaited_calls_follow_registration() -> None:
    manager = room()
    caller = manager.call.fetched
    one = plugin("fetched", answer_later)

    before = await caller(room="lobby")
    manager.register(one)
    with_one = await caller(room="lobby")
    manager.unregister(one)

    assert (before, with_one, await caller(room="lobby")) == ([], ["lobby later"], [])


async def test_the_first_awaited_answer_ends_the_call() -> None:
    manager = room()
    manager.register(plugin("found", answer_later))
    manager.register(plugin("found", lambda room: None))
    manager.register(plugin("found", lambda room: answer_later("plain function, awaitable answer")))

    assert await manager.call.found(room="lobby") == "plain function, awaitable answer later"


async def test_plain_specs_and_hooks_without_a_spec_can_be_awaited() -> None:
    manager = room()
    manager.register(plugin("names", answer))
    manager.register(plugin("unspecified", answer))

    assert await manager.call.names(room="lobby") == ["lobby"]
    assert await manager.call.unspecified(room="lobby") == ["lobby"]


async def test_a_wrapper_goes_around_awaited_implementations() -> None:
    def around(room: str) -> Any:
        result = yield
        return [*result, f"around {room}"]

    manager = room()
    manager.register(plugin("fetched", answer_later))
    manager.register(plugin("fetched", around, wrapper=True))

    assert await manager.call.fetched(room="lobby") == ["lobby later", "around lobby"]


async def test_an_awaited_call_that_lacks_an_argument_warns_and_raises() -> None:
    manager = room()
    manager.register(plugin("fetched", answer_later))

    with pytest.warns(UserWarning, match="'room'"), pytest.raises(pluggy.HookCallError, match="'room'"):
        await manager.call.fetched()


async def test_a_historic_hook_cannot_be_awaited_and_says_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"historic.*call_historic"):
        await room().call.opened(room="lobby")


async def test_a_batch_looks_at_the_arguments_of_each_call() -> None:
    manager = room()
    manager.register(plugin("fetched", answer_later))
    calls = [{"room": "lobby"}, {"room": "attic", "more": "than is asked for"}]
    assert await manager.call.fetched.batch(calls) == [["lobby later"], ["attic later"]]
    with pytest.warns(Warning, match="room"), pytest.raises(pluggy.HookCallError, match="room"):
        await manager.call.fetched.batch([{"room": "lobby"}, {"attic": "lobby"}])
    assert await manager.call.fetched.batch([]) == []


def test_threads_that_come_first_at_the_same_time_hold_the_caller_that_hears_of_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that is held and replaced would call the implementations of its first call for ever."""
    both = threading.Barrier(2)
    callers: list[AsyncCaller] = []
    make = AsyncCaller.__init__

    def slowly(self: AsyncCaller, hook: pluggy.HookCaller) -> None:
        make(self, hook)
        both.wait(20)

    monkeypatch.setattr(AsyncCaller, "__init__", slowly)
    manager = room()
    threads = [threading.Thread(target=lambda: callers.append(manager.call.fetched)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = callers
    assert first is second
    assert first is manager.call.fetched
