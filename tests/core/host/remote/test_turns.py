"""Turns: so many at a time, nobody waits for who waits for them, and giving up wins nobody a turn."""

from __future__ import annotations

import asyncio
from time import process_time

import pytest
from jackfield.host.facets.circles import Underway
from jackfield.host.remote.asking import Asking, Waiting, asking
from jackfield.host.remote.facets import turns
from jackfield.host.remote.facets.turns import AT_ONCE, Turns, TurnsOfCalls
from jackfield.host.remote.starts import Waited
from jackfield.isolation import OwnTime


class Room:
    """Who has a turn, until they are let go."""

    def __init__(self) -> None:
        self.here = 0
        self.over = asyncio.Event()

    async def have(self, taken) -> None:
        async with taken:
            self.here += 1
            try:
                await self.over.wait()
            finally:
                self.here -= 1


async def a_while() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_so_many_have_their_turn_and_the_others_after_them():
    room, many = Room(), Turns()
    having = [asyncio.create_task(room.have(many.taken())) for _ in range(2 * AT_ONCE + 1)]
    await a_while()
    assert room.here == AT_ONCE
    room.over.set()
    await asyncio.gather(*having)


@pytest.mark.parametrize(("seconds", "next_has_it"), [(3600.0, False), (0.0, True)])
async def test_what_is_given_up_has_its_turn_for_a_while(monkeypatch, seconds, next_has_it):
    monkeypatch.setattr(turns, "GIVEN_UP_SECONDS", seconds)
    room, many = Room(), Turns()
    first, *others = (asyncio.create_task(room.have(many.taken())) for _ in range(AT_ONCE + 1))
    await a_while()
    first.cancel()
    await asyncio.wait({first})
    await a_while()
    assert room.here == AT_ONCE - (not next_has_it)
    for one in others:
        one.cancel()
    await asyncio.wait(others)


async def test_who_gives_up_waiting_takes_no_turn():
    room, many = Room(), Turns()
    having = [asyncio.create_task(room.have(many.taken())) for _ in range(AT_ONCE + 2)]
    await a_while()
    having[AT_ONCE].cancel()
    room.over.set()
    await asyncio.wait(having)
    assert [one.cancelled() for one in having] == [False] * AT_ONCE + [True, False]


async def test_who_has_its_turn_when_it_is_given_up_leaves_it_to_the_next():
    room, many = Room(), Turns()
    having = [asyncio.create_task(room.have(many.taken())) for _ in range(AT_ONCE + 2)]
    await a_while()
    room.over.set()
    while not all(one.done() for one in having[:AT_ONCE]):
        await asyncio.sleep(0)
        having[AT_ONCE].cancel()
    await asyncio.wait(having)
    assert not having[-1].cancelled()


async def test_each_call_that_waits_for_who_asks_has_a_turn_more():
    room, many, waited = Room(), Turns(), Waited()
    having = [asyncio.create_task(room.have(many.taken())) for _ in range(AT_ONCE)]
    await a_while()
    token = asking.set(Asking("ann", OwnTime({}, lambda: None), waited))
    for number in range(1, 4):
        waiting = Waiting(None, waited, ())
        having += [asyncio.create_task(room.have(many.taken())) for _ in range(2)]
        await a_while()
        assert room.here == AT_ONCE + number
        waiting.end()
        waiting.end()
        waited.begin(())
    asking.reset(token)
    room.over.set()
    await asyncio.gather(*having)
    assert waited.calls == 3


async def test_who_asks_for_nobody_has_turns_of_its_own():
    calls, underway, room = TurnsOfCalls(), Underway(), Room()

    async def call(consumer: str) -> None:
        with underway.begun(consumer, "bob"):
            await room.have(calls.taken())

    having = [asyncio.create_task(call(one)) for one in ("ann", "carl") for _ in range(AT_ONCE + 1)]
    await a_while()
    assert room.here == 2 * AT_ONCE
    token = asking.set(Asking("ann", OwnTime({}, lambda: None), Waited()))
    having += [asyncio.create_task(call("carl")) for _ in range(AT_ONCE + 1)]
    asking.reset(token)
    await a_while()
    assert room.here == 3 * AT_ONCE
    room.over.set()
    await asyncio.gather(*having)


@pytest.mark.slow
async def test_a_crowd_that_gives_up_at_once_goes_without_a_look_at_the_others():
    room, many = Room(), Turns()
    having = [asyncio.create_task(room.have(many.taken())) for _ in range(20_000)]
    await a_while()
    for one in reversed(having[AT_ONCE:]):
        one.cancel()
    began = process_time()
    await asyncio.gather(*having[AT_ONCE:], return_exceptions=True)
    assert process_time() - began < 2.0, "where each looks through the others it takes several"
    room.over.set()
    await asyncio.gather(*having[:AT_ONCE])
