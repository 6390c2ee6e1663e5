"""Calls to the host wait for their turn, and what lies within others never waits for them."""

from __future__ import annotations

import asyncio
import re

import pytest
from jackfield.errors import UsageError
from jackfield.worker.turns import Turns, Within, at_work_on


@pytest.mark.feature("U28")
async def test_as_many_as_are_allowed_go_on_and_the_others_follow_in_order() -> None:
    turns, at_work, most, order = Turns(3), 0, 0, []

    async def call(number: int) -> None:
        nonlocal at_work, most
        async with turns.one():
            order.append(number)
            at_work += 1
            most = max(most, at_work)
            await asyncio.sleep(0)
            at_work -= 1

    await asyncio.gather(*map(call, range(20)))
    assert (most, order) == (3, list(range(20)))


@pytest.mark.feature("U28")
async def test_calls_that_wait_for_those_within_them_get_on_however_many_they_are() -> None:
    turns = Turns(3)

    async def call(level: int) -> int:
        with at_work_on(Within(level, level)):
            async with turns.one():
                await asyncio.sleep(0)
                return await call(level + 2) if level < 60 else level

    assert set(await asyncio.gather(*(call(0) for _ in range(50)))) == {60}


@pytest.mark.feature("U28")
async def test_one_within_a_call_is_refused_where_all_turns_are_taken_by_who_does_not_end() -> None:
    turns = Turns(2, wait_seconds=0.05)
    ended = asyncio.Event()

    async def hold() -> None:
        async with turns.one():
            await ended.wait()

    held = [asyncio.create_task(hold()) for _ in range(2)]
    await asyncio.sleep(0)
    said = "a call within a call of a service gets no turn: 2 calls to the host wait, and none of them has ended for"
    with at_work_on(Within(7, 1)), pytest.raises(UsageError, match=re.escape(said)):
        async with turns.one():
            raise AssertionError
    ended.set()
    await asyncio.gather(*held)
    async with turns.one():
        pass


@pytest.mark.feature("U28")
async def test_who_is_cancelled_while_it_waits_takes_no_turn_with_it() -> None:
    turns = Turns(1)

    async def hold() -> None:
        async with turns.one():
            await asyncio.sleep(0)

    for _ in range(3):
        first, second, third = (asyncio.create_task(hold()) for _ in range(3))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(first, second, third, return_exceptions=True)
        assert second.cancelled()
    async with turns.one():
        pass
