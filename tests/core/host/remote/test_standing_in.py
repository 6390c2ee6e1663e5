"""A crowd that waits for a plugin's next process: whoever goes costs the others nothing, and all go on in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from time import monotonic, process_time
from typing import Any

import pytest
from jackfield.errors import PluginError, TakenDown
from jackfield.hooks import HookManager
from jackfield.host.remote.hooks import Proxy
from jackfield.host.remote.standing_in import StandIn

MANY = 20_000
FOREVER_SECONDS = 60.0
MOST_SECONDS = 1.5
"""Of a processor, for what takes a quarter of a second where nobody looks at the others, and three where each does."""


def standing_in(left: Callable[[], float] = lambda: FOREVER_SECONDS) -> StandIn:
    return StandIn(Proxy("a"), HookManager("chat"), lambda: left)


def crowd(wait: Callable[[], Coroutine[Any, Any, object]]) -> list[asyncio.Task[object]]:
    return [asyncio.ensure_future(wait()) for _ in range(MANY)]


async def seconds_of(waiting: list[asyncio.Task[object]]) -> tuple[float, list[object]]:
    """How much of a processor it takes until nobody waits any more, and what came of each."""
    began = process_time()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    return process_time() - began, found


@pytest.mark.slow
@pytest.mark.feature("M36")
async def test_a_crowd_that_has_no_time_left_is_let_go_at_once():
    stand_in = standing_in()
    waiting = crowd(stand_in.successor)
    await asyncio.sleep(0.1)
    for one in reversed(waiting):
        one.cancel()
    took, found = await seconds_of(waiting)
    assert took < MOST_SECONDS
    assert {type(one) for one in found} == {asyncio.CancelledError}


@pytest.mark.slow
@pytest.mark.feature("M36")
async def test_a_crowd_is_let_go_at_the_bound_of_the_replacement():
    until = monotonic() + 2.0
    waiting = crowd(standing_in(lambda: until - monotonic()).successor)
    took, found = await seconds_of(waiting)
    assert took < 2 * MOST_SECONDS, "from their coming on"
    assert until <= monotonic() < until + 5.0
    assert {type(one) for one in found} == {TakenDown}


@pytest.mark.slow
@pytest.mark.feature("M36")
async def test_a_crowd_goes_on_in_the_order_in_which_it_came():
    stand_in, target, came = standing_in(), Proxy("a"), []
    numbers = iter(range(MANY))

    async def wait() -> object:
        number = next(numbers)
        found = await stand_in.successor()
        came.append(number)
        return found

    waiting = crowd(wait)
    await asyncio.sleep(0.1)
    stand_in.give_way(target)
    took, found = await seconds_of(waiting)
    assert took < MOST_SECONDS
    assert came == list(range(MANY))
    assert set(found) == {target}
    assert await stand_in.successor() is target, "whoever comes later does not wait"


@pytest.mark.feature("M36")
async def test_who_goes_takes_nobody_along():
    stand_in, target = standing_in(), Proxy("a")
    waiting = [asyncio.ensure_future(stand_in.successor()) for _ in range(4)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.wait(waiting[1:2])
    assert [one.done() for one in waiting] == [False, True, False, False]
    stand_in.give_way(target)
    waiting[2].cancel()  # in the turn of the loop in which it is let go
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [found[0], found[3]] == [target, target]
    assert [type(one) for one in found[1:3]] == [asyncio.CancelledError] * 2


@pytest.mark.feature("M36")
async def test_who_waits_for_code_that_does_not_come_is_told_so():
    stand_in = standing_in()
    waiting = [asyncio.ensure_future(wait()) for wait in (stand_in.successor, stand_in.is_over)]
    await asyncio.sleep(0)
    stand_in.give_way(None)
    stand_in.end()
    for one in waiting:
        with pytest.raises(PluginError, match="a was replaced meanwhile, and its next code is not there"):
            await one
