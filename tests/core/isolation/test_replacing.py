"""A plugin whose workers end: replaced at once, then with patience, then left down; with real workers."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from jackfield.errors import PluginError
from jackfield.isolation import Child, Ending, Replacing, Standing, Zygote
from jackfield.isolation.circuit import MOST_ENDS
from jackfield.sandbox import Grade, grade_of, probe

from tests.support.waiting import until
from tests.support.workers import spec_in, tell

pytestmark = [
    pytest.mark.slow,
    pytest.mark.feature("J25"),
    pytest.mark.skipif(grade_of(probe()) is Grade.PROCESS, reason="this machine confines nothing"),
]


class House:
    """What a host does for one plugin: forks its workers, sees their ends, and keeps what follows."""

    def __init__(self, zygote: Zygote, folder: Path) -> None:
        self.zygote = zygote
        self.spec = spec_in(folder)
        self.endings: list[Ending] = []
        self.children: list[Child] = []
        self.refused = 0
        self.full = False
        self.replacing = Replacing("weather", self.up)
        self._tasks: set[asyncio.Task[None]] = set()

    async def up(self) -> None:
        if self.full:
            self.refused += 1
            raise PluginError("the machine is full")
        child = await self.zygote.fork(self.spec)
        self.children.append(child)
        self.replacing.started()
        task = asyncio.create_task(self.see(child))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def see(self, child: Child) -> None:
        how = await child.wait()
        child.close()
        self.endings.append(self.replacing.ended(f"weather {how}"))

    @property
    def standing(self) -> str:
        """As a text: a type checker takes what it has seen once of an enumeration to last."""
        return str(self.replacing.standing)

    @property
    def child(self) -> Child:
        return self.children[-1]

    async def end(self) -> Ending:
        """Kill the worker that runs; what follows."""
        told = len(self.endings)
        os.kill(self.child.pid, signal.SIGKILL)
        await until(lambda: len(self.endings) > told)
        return self.endings[-1]

    def all_ended(self) -> bool:
        """Kill every worker, also one that was just being started; whether all are gone."""
        for child in self.children:
            child.kill()
        return len(self.endings) == len(self.children)

    async def worker(self, number: int) -> Child:
        await until(lambda: len(self.children) >= number, timeout_seconds=30)
        return self.child


@pytest.fixture
async def house(zygote: Zygote, tmp_path: Path) -> AsyncIterator[House]:
    one = House(zygote, tmp_path)
    await one.up()
    yield one
    one.replacing.release()
    await until(one.all_ended)


async def test_a_worker_that_ends_is_replaced_at_once(house):
    assert house.standing == Standing.RUNNING
    assert await house.end() == Ending("weather was killed by SIGKILL", 0.0, False)
    assert await tell(await house.worker(2), "told = 1") == 1
    assert house.standing == Standing.RUNNING


async def test_one_that_kills_itself_again_and_again_is_left_down_until_its_user_begins_anew(house):
    for number in range(1, MOST_ENDS + 1):
        with suppress(EOFError):
            await tell(await house.worker(number), "import os\nos._exit(7)")
        await until(lambda: len(house.endings) >= number)  # noqa: B023 (awaited in the same turn)
    assert [round(one.again_seconds, 3) for one in house.endings] == [0.0, 0.1, 0.2, 0.4, 300.0]
    assert [one.circuit_open for one in house.endings] == [False] * 4 + [True]
    assert house.endings[2].sentence == "weather ended with exit code 7; it is started again in 0.2 s"
    assert house.endings[4].sentence == (
        "weather ended with exit code 7; its process ended 5 times within a minute and is started again in 5 minutes, "
        "or at once by: jackfield enable weather"
    )
    assert house.standing == Standing.OPEN
    house.replacing.begin_anew()
    assert house.standing == Standing.NONE
    await house.up()
    assert (await house.end()).again_seconds == 0.0


async def test_who_used_much_processor_time_waits_until_there_is_room_and_says_so(house):
    os.kill(house.child.pid, signal.SIGKILL)
    await until(lambda: house.endings)
    ending = house.replacing.ended("weather used much", rest_seconds=22.4)
    assert ending == Ending(
        "weather used much; it comes back in 23 s, when it has processor time left again", 22.4, False
    )
    assert house.standing == Standing.WAITING


async def test_ends_together_with_the_process_that_forks_all_leave_no_plugin_down(house):
    for _ in range(2 * MOST_ENDS):
        ending = house.replacing.ended("weather ended with all others", blamed=False)
        assert not ending.circuit_open
    assert ending.sentence == "weather ended with all others; it is started again in 25.6 s"
    assert house.replacing.ended("weather ended").again_seconds == 0.0, "its own patience begins now"


async def test_an_end_that_is_wanted_starts_no_other(house):
    house.replacing.release()
    assert house.standing == Standing.NONE
    await asyncio.sleep(0.05)
    assert len(house.children) == 1


async def test_ends_before_a_wanted_one_stay_remembered(house):
    await house.end()
    await house.worker(2)
    house.replacing.release()
    house.replacing.started()
    assert (await house.end()).again_seconds == pytest.approx(0.1)


async def test_a_start_that_fails_is_left_to_who_started_it(house):
    house.full = True
    await house.end()
    await until(lambda: house.refused)
    await until(lambda: house.standing == Standing.NONE)
    await asyncio.sleep(0.2)
    assert house.refused == 1


async def test_a_start_that_was_to_come_is_left_out_when_the_user_is_faster(house):
    for number in range(1, MOST_ENDS):
        await house.worker(number)
        pause = (await house.end()).again_seconds
    assert pause == pytest.approx(0.4), "long enough to be faster also on a busy machine"
    house.replacing.begin_anew()
    await house.up()
    await asyncio.sleep(0.6)
    assert len(house.children) == MOST_ENDS
