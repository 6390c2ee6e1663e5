"""Turns: so many at a time, nobody waits for who waits for them, and giving up wins nobody a turn."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest
from jackfield.host.facets import Underway
from jackfield.host.remote.facets import turns
from jackfield.host.remote.facets.turns import AT_ONCE, Turns, TurnsOfCalls, TurnsOfEvents


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
    room, many = Room(), Turns(2)
    having = [asyncio.create_task(room.have(many.taken())) for _ in range(5)]
    await a_while()
    assert room.here == 2
    room.over.set()
    await asyncio.gather(*having)


@pytest.mark.parametrize(("seconds", "second_has_it"), [(3600.0, False), (0.0, True)])
async def test_what_is_given_up_has_its_turn_for_a_while(monkeypatch, seconds, second_has_it):
    monkeypatch.setattr(turns, "GIVEN_UP_SECONDS", seconds)
    room, many = Room(), Turns(1)
    first, second = (asyncio.create_task(room.have(many.taken())) for _ in range(2))
    await a_while()
    first.cancel()
    await asyncio.wait({first})
    await a_while()
    assert (room.here == 1) is second_has_it
    second.cancel()
    await asyncio.wait({second})


async def test_who_gives_up_waiting_takes_no_turn():
    room, many = Room(), Turns(1)
    first, second, third = (asyncio.create_task(room.have(many.taken())) for _ in range(3))
    await a_while()
    second.cancel()
    room.over.set()
    await asyncio.gather(first, third)
    assert second.cancelled()


@pytest.mark.parametrize("between", [(), ("carl",), ("carl", "dora")])
async def test_a_call_within_what_its_provider_waits_for_waits_for_no_turn(between):
    underway, room = Underway(), Room()
    calls = TurnsOfCalls(underway)

    async def call() -> None:
        with underway.begun("ann", "bob"):
            await room.have(calls.taken())

    having = [asyncio.create_task(call()) for _ in range(AT_ONCE + 1)]
    await a_while()
    assert room.here == AT_ONCE
    with ExitStack() as back:
        for one, other in zip(("bob", *between), (*between, "ann"), strict=True):
            back.enter_context(underway.begun(one, other))
        having.append(asyncio.create_task(call()))
        await a_while()
        assert room.here == AT_ONCE + 1
    room.over.set()
    await asyncio.gather(*having)


async def test_events_that_others_have_led_to_do_not_wait_for_those():
    room, events = Room(), TurnsOfEvents()
    having = [asyncio.create_task(room.have(events.taken(led_by))) for led_by in (0, 1, 2) for _ in range(AT_ONCE + 1)]
    await a_while()
    assert room.here == AT_ONCE + 2 * turns.WITHIN
    room.over.set()
    await asyncio.gather(*having)
