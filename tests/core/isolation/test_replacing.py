"""What becomes of a plugin whose worker ended: told, replaced, left down; with real workers that end in many ways."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from jackfield.errors import PluginError
from jackfield.isolation import Child, Ending, Flow, Replacing, Standing, Supervisor, WorkerLimits, Zygote
from jackfield.isolation.circuit import MOST_ENDS
from jackfield.sandbox import Grade, grade_of, probe

from tests.support.waiting import until
from tests.support.workers import running, spec_in, tell

pytestmark = pytest.mark.skipif(grade_of(probe()) is Grade.PROCESS, reason="this machine confines nothing")


class House:
    """What a host does for one plugin: forks its workers, and keeps what it was told."""

    def __init__(self, zygote: Zygote, supervisor: Supervisor, folder: Path) -> None:
        self.zygote = zygote
        self.spec = spec_in(folder)
        self.endings: list[Ending] = []
        self.children: list[Child] = []
        self.flow = Flow()
        self.refusal: Exception | None = None
        self.replacing = Replacing("weather", supervisor, WorkerLimits(), down=self.endings.append, up=self.up)

    async def up(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        child = await self.zygote.fork(self.spec)
        self.children.append(child)
        self.flow = Flow()
        self.replacing.watch(child, self.flow)

    @property
    def standing(self) -> str:
        """As a text: a type checker takes what it has seen once of an enumeration to last."""
        return str(self.replacing.standing)

    @property
    def child(self) -> Child:
        return self.children[-1]

    async def end(self) -> Ending:
        """Kill the worker that runs; what the host was told."""
        told = len(self.endings)
        os.kill(self.child.pid, signal.SIGKILL)
        await until(lambda: len(self.endings) > told)
        return self.endings[-1]

    async def next_worker(self) -> Child:
        count = len(self.children)
        await until(lambda: len(self.children) > count, timeout_seconds=30)
        return self.child


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with running() as zygote:
        supervisor = Supervisor(lambda: zygote.pid)
        one = House(zygote, supervisor, tmp_path)
        await one.up()
        yield one
        one.replacing.release()
        supervisor.close()
        for child in one.children:
            child.close()


@pytest.mark.feature("J25")
async def test_a_worker_that_ends_is_told_and_replaced_at_once(house):
    assert house.standing == Standing.RUNNING
    ending = await house.end()
    assert (ending.sentence, ending.again_seconds) == ("weather was killed by SIGKILL", 0.0)
    assert (ending.breach, ending.circuit_open, ending.hint) == (None, False, "")
    assert house.standing == Standing.WAITING
    assert await tell(await house.next_worker(), "told = 1") == 1
    assert house.standing == Standing.RUNNING


@pytest.mark.feature("J25")
async def test_one_that_kills_itself_again_and_again_is_left_down_and_its_user_brings_it_back(house, caplog):
    caplog.set_level(logging.WARNING, "jackfield.isolation")
    for number in range(MOST_ENDS):
        with suppress(EOFError):
            await tell(house.child, "import os\nos._exit(7)")
        await until(lambda: len(house.endings) > number)  # noqa: B023 (awaited in the same turn)
        if number < MOST_ENDS - 1:
            await until(lambda: len(house.children) > number + 1, timeout_seconds=30)  # noqa: B023 (as above)
    assert [round(one.again_seconds, 3) for one in house.endings] == [0.0, 0.1, 0.2, 0.4, 300.0]
    last = house.endings[-1]
    assert last.circuit_open
    assert last.sentence == (
        "weather ended with exit code 7; it ended 5 times within a minute and is not started again for 5 minutes"
    )
    assert last.hint == "to try at once: jackfield enable weather"
    assert house.standing == Standing.OPEN
    assert last.sentence in caplog.text
    house.replacing.begin_anew()
    assert house.standing == Standing.NONE
    await house.up()
    assert (await house.end()).again_seconds == 0.0


@pytest.mark.feature("C26")
async def test_a_call_over_its_time_stops_the_worker(house):
    child = house.child
    telling = asyncio.create_task(tell(child, "import time\ntime.sleep(60)"))
    error = house.replacing.overdue("message_received")
    assert error.message == "weather did not answer message_received within 5 s and was stopped"
    assert error.hint == "if it should: jackfield limits weather call=10s"
    why = house.replacing.why()
    assert why is not None
    assert why.message == error.message
    with pytest.raises(EOFError):
        await telling
    await until(lambda: house.endings)
    assert house.endings[0].sentence == error.message
    assert house.endings[0].breach is not None
    assert await house.next_worker() is not child


async def test_a_shorter_time_of_one_call_is_told_as_what_it_was(house):
    assert house.replacing.overdue("forecast", 0.25).message.startswith("weather did not answer forecast within 250 ms")


@pytest.mark.feature("C27")
async def test_a_flood_of_requests_stops_the_worker(house):
    house.flow.requests += 1_000_000
    await until(lambda: house.endings)
    assert house.endings[0].breach is not None
    assert house.endings[0].breach.limit == "requests"
    assert house.endings[0].sentence.endswith(" of 5000 times a second and was stopped")
    await house.next_worker()
    assert house.standing == Standing.RUNNING


@pytest.mark.feature("C27")
async def test_a_flood_of_bytes_stops_the_worker(house):
    house.flow.sent_bytes = lambda: 100 << 20
    await until(lambda: house.endings)
    assert house.endings[0].sentence == "weather sent the application 50 MiB of 8 MiB a second and was stopped"


async def test_an_end_that_is_wanted_is_nobodys_business(house):
    child = house.child
    house.replacing.release()
    child.kill()
    await child.wait()
    await asyncio.sleep(0.05)
    assert (house.endings, house.standing) == ([], Standing.NONE)


async def test_a_worker_that_another_one_replaced_ends_unnoticed(house):
    old = house.child
    await house.up()  # the new one is up before the old one goes
    old.kill()
    await old.wait()
    await asyncio.sleep(0.05)
    assert house.endings == []
    assert house.standing == Standing.RUNNING
    await house.end()
    assert len(house.endings) == 1


@pytest.mark.feature("J25")
async def test_a_start_that_fails_counts_as_an_end(house):
    house.refusal = PluginError("the machine is full")
    await house.end()
    await until(lambda: len(house.endings) == 3)
    assert house.endings[1].sentence == "weather could not be started again: the machine is full"
    assert [round(one.again_seconds, 3) for one in house.endings] == [0.0, 0.1, 0.2]
    house.refusal = None
    await house.next_worker()
    assert house.standing == Standing.RUNNING


async def test_a_start_that_was_to_come_is_left_out_when_it_is_released(house):
    house.refusal = PluginError("the machine is full")
    await house.end()
    await until(lambda: len(house.endings) == 2)
    house.replacing.release()
    assert house.standing == Standing.NONE
    await asyncio.sleep(0.3)
    assert len(house.endings) == 2


async def test_limits_are_changed_for_the_worker_that_runs(house):
    house.replacing.change_limits(WorkerLimits(call_seconds=2.0, memory_bytes=1 << 20))
    assert "within 2 s" in house.replacing.overdue("x").message
