"""A process that answers just before its host gives up waiting for it does not keep the event loop for itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import pytest
from jackfield.rpc.loop import intake

from tests.core.rpc.child import CODECS, child
from tests.core.rpc.test_loop import Host

pytestmark = pytest.mark.slow


JUST_IN_TIME = 0.003  # seconds; an answer is waited for as long as 0.004


class Turns:
    """Counts the turns of the running loop that others have had."""

    def __init__(self) -> None:
        self.count = 0
        self._loop = asyncio.get_running_loop()
        self._turn()

    def _turn(self) -> None:
        self.count += 1
        self._next = self._loop.call_soon(self._turn)

    def stop(self) -> None:
        self._next.cancel()


@pytest.fixture
def all_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each answer count as quick that comes by way of the loop, however busy this machine is."""
    monkeypatch.setattr(intake, "QUICK_SECONDS", 10.0)
    monkeypatch.setattr(intake, "QUICK_BATCH_NANOSECONDS", 10**10)


@asynccontextmanager
async def hosts(count: int, *, quick: bool) -> AsyncIterator[list[Host]]:
    with ExitStack() as stack:
        started = [Host(stack.enter_context(child()), quick=quick) for _ in range(count)]
        for host in started:
            await host.connection.greet()
            for number in range(8):
                assert await host.call("double", number=number) == 2 * number
        yield started
        for host in started:
            host.connection.close()


async def held(host: Host, turns: Turns, calls: int) -> int:
    """Call it in turns quickly answered and slowly; returns how often nobody else had a turn during a slow one."""
    found = 0
    for _ in range(calls):
        await host.call("double", number=1)
        before = turns.count
        await host.call("sleep", seconds=JUST_IN_TIME)
        found += turns.count == before
    return found


@pytest.mark.parametrize("quick", [False, True], ids=["any method", "quick"])
@pytest.mark.usefixtures("all_quick")
async def test_one_that_answers_just_in_time_holds_the_loop_for_a_quarter_of_its_calls(quick: bool) -> None:
    async with hosts(1, quick=quick) as (host,):
        turns = Turns()
        found = await held(host, turns, 60)
        turns.stop()
    assert found <= 40, "of 60; on an idle machine 15: what is owed is paid by time, also by that of other processes"


@pytest.mark.parametrize("quick", [False, True], ids=["any method", "quick"])
@pytest.mark.usefixtures("all_quick")
async def test_many_of_them_hold_it_no_more_than_half_of_the_time_together(quick: bool) -> None:
    async with hosts(6, quick=quick) as many:
        turns, began = Turns(), time.perf_counter()
        found = sum(await asyncio.gather(*(held(host, turns, 30) for host in many)))
        took = time.perf_counter() - began
        turns.stop()
    assert found * JUST_IN_TIME < 0.6 * took


@pytest.mark.usefixtures("all_quick")
async def test_a_batch_that_is_answered_late_is_followed_by_turns_of_others() -> None:
    async with hosts(1, quick=False) as (host,):
        turns, found = Turns(), 0
        for _ in range(40):
            await host.call("double", number=1)
            before = turns.count
            await host.connection.call_batch("sleep", [{"seconds": JUST_IN_TIME}], CODECS["sleep"])
            found += turns.count == before
        turns.stop()
    assert found <= 27, "of 40; on an idle machine 10"
