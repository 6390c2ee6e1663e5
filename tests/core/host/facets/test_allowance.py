"""What is under way at the same time stays within what is allowed, and nobody who waits is forgotten."""

from __future__ import annotations

import asyncio

import pytest
from jackfield.host.facets.allowance import Allowance


async def held(allowance: Allowance, size: int, order: list[int], until: asyncio.Event) -> None:
    async with allowance.taken(size):
        order.append(size)
        await until.wait()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_finds_too_little_left_waits_for_those_before():
    order: list[int] = []
    allowance, until = Allowance(10), asyncio.Event()
    tasks = [asyncio.create_task(held(allowance, size, order, until)) for size in (6, 4, 5, 1)]
    await settled()
    assert order == [6, 4]
    until.set()
    await asyncio.gather(*tasks)
    assert order == [6, 4, 5, 1], "in the order of asking: who wants much is not kept waiting by who wants little"


async def test_more_than_there_is_counts_as_all_of_it():
    order: list[int] = []
    allowance, until = Allowance(10), asyncio.Event()
    until.set()
    await asyncio.gather(*(held(allowance, size, order, until) for size in (1000, -5, 10)))
    assert order == [1000, -5, 10]


@pytest.mark.parametrize("which", [0, 1], ids=["who holds", "who waits"])
async def test_who_is_cancelled_leaves_room_for_the_next(which):
    order: list[int] = []
    allowance, until = Allowance(10), asyncio.Event()
    tasks = [asyncio.create_task(held(allowance, size, order, until)) for size in (7, 9, 3)]
    await settled()
    tasks[which].cancel()
    await asyncio.gather(tasks[which], return_exceptions=True)
    await settled()
    assert order == ([7, 9] if which == 0 else [7, 3])
    until.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(5), allowance.taken(10):
        pass


async def test_who_is_cancelled_at_the_moment_of_its_turn_gives_it_back():
    order: list[int] = []
    allowance, until = Allowance(10), asyncio.Event()
    first = asyncio.create_task(held(allowance, 10, order, until))
    await settled()
    second = asyncio.create_task(held(allowance, 10, order, until))
    await settled()
    until.set()
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    async with asyncio.timeout(5), allowance.taken(10):
        pass
