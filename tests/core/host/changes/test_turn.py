"""One change of the set of plugins at a time, and changes within a change."""

from __future__ import annotations

import asyncio

from jackfield.host.changes.turn import Turn


async def test_two_changes_wait_for_each_other():
    turn, steps = Turn(), []

    async def change(name: str) -> None:
        async with turn.taken():
            steps.append(f"{name} begins")
            await asyncio.sleep(0)
            steps.append(f"{name} ends")

    await asyncio.gather(change("one"), change("two"))
    assert steps == ["one begins", "one ends", "two begins", "two ends"]


async def test_whoever_is_called_within_a_change_can_make_another_one():
    turn, steps = Turn(), []

    async def inner(name: str) -> None:
        async with turn.taken():
            steps.append(f"{name} begins")
            async with turn.taken():
                await asyncio.sleep(0)
            steps.append(f"{name} ends")

    async with turn.taken():
        await asyncio.gather(inner("one"), inner("two"))
    assert steps == ["one begins", "one ends", "two begins", "two ends"]


async def test_a_task_that_outlives_its_change_waits_for_the_next_one_like_everybody_else():
    turn, go, steps = Turn(), asyncio.Event(), []

    async def late() -> None:
        await go.wait()
        async with turn.taken():
            steps.append("late")

    async with turn.taken():
        task = asyncio.create_task(late())

    async def other() -> None:
        async with turn.taken():
            go.set()
            for _ in range(5):
                await asyncio.sleep(0)
            steps.append("other")

    await other()
    await task
    assert steps == ["other", "late"]


async def test_an_inner_change_that_waited_too_long_takes_a_turn_of_its_own():
    turn, steps = Turn(), []
    inside = asyncio.Event()

    async def first() -> None:
        async with turn.taken():
            inside.set()
            for _ in range(3):
                await asyncio.sleep(0)
            steps.append("first")

    async def second() -> None:
        await inside.wait()
        async with turn.taken():
            steps.append("second")

    async with turn.taken():
        tasks = [asyncio.create_task(first()), asyncio.create_task(second())]
        await inside.wait()
        steps.append("outer ends")
    async with turn.taken():
        pass
    await asyncio.gather(*tasks)
    assert steps == ["outer ends", "first", "second"]


async def test_a_change_that_nobody_waits_for_lets_those_go_first_that_are_waited_for():
    turn, go = Turn(), asyncio.Event()
    steps: list[str] = []

    async def change(name: str, *, asked_for: bool = True) -> None:
        async with turn.taken(asked_for=asked_for):
            if not steps:
                await go.wait()
            steps.append(name)

    changes = [change("first"), change("of a connection", asked_for=False), change("second"), change("third")]
    tasks = [asyncio.create_task(one) for one in changes]
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(*tasks)
    assert steps == ["first", "second", "third", "of a connection"]
