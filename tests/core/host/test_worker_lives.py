"""The life of workers as a host sees it: their end, their reload and update while they are called."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from functools import partial

import pytest
from jackfield.host import PluginStatus

from tests.support.counting import DECLARES, code
from tests.support.processes import is_there
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.mark.feature("C8", "J25")
async def test_the_end_of_a_worker_is_told_and_its_hooks_are_called_no_more(workers):
    host = await workers(a=code(1), b=code(2))
    pid, _ = await host.call.plain(number=0)
    seen: list[PluginStatus] = []
    host.plugins.on_change(seen.append)
    waiting = asyncio.create_task(host.plugins.wait_for("b"))
    os.kill(pid, signal.SIGKILL)
    await until(lambda: seen)
    status = seen[0]
    assert (status.id, status.state) == ("b", "failed")
    assert (status.problem, status.errors) == ("b was killed by SIGKILL", 1)
    assert await host.call.counted(number=1) == [2]
    assert (await waiting).state == "active", "it ran when it was waited for"
    await until(lambda: host.plugins.status("b").state == "active")
    assert await host.call.counted(number=1) == [3, 2], "it is back in its place"


async def test_a_worker_that_dies_while_it_is_called_fails_that_call_alone(workers):
    dies = code(2).replace("return number + ADDED", "os._exit(7) if number else None", 1)
    host = await workers(a=code(1), b=dies)
    seen: list[PluginStatus] = []
    host.plugins.on_change(seen.append)
    assert await host.call.counted(number=1) == [2]
    await until(lambda: seen)
    assert (seen[0].id, seen[0].problem) == ("b", "b ended with exit code 7")
    assert host.usage.one("b").errors >= 1


@pytest.mark.feature("J20")
async def test_reloading_makes_a_new_process_and_unloading_ends_it(workers):
    host = await workers(a=code(1))
    (before,) = await host.call.plain(number=0)
    await host.reload("a")
    (after,) = await host.call.plain(number=0)
    assert before != after
    assert not is_there(before)
    assert await host.unload("a")
    assert not is_there(after)


HANDS_OVER = """
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    def on_load(self, previous):
        self.votes = previous or {"tea": 1}

    async def on_unload(self):
        return {**self.votes, "coffee": self.votes.get("coffee", 0) + 1}

    @hookimpl
    def plain(self, number: int):
        return self.votes.get("coffee", 0)
"""


@pytest.mark.feature("M36")
async def test_what_a_worker_hands_over_reaches_its_next_one(workers):
    host = await workers(a=HANDS_OVER)
    assert await host.call.plain(number=1) == [0]
    await host.reload("a")
    await host.reload("a")
    assert await host.call.plain(number=1) == [2]


REMEMBERS = """
import asyncio, os
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    def on_load(self, previous):
        self.seen = (previous or {}).get("seen", [])

    def on_unload(self):
        return {"seen": self.seen}

    @hookimpl
    async def counted(self, number: int):
        await asyncio.sleep(0.003)
        self.seen.append(number)
        return os.getpid()

    @hookimpl
    def plain(self, number: int):
        return len(self.seen) if number < 0 else self.seen[number]
"""


@pytest.mark.feature("M36", "C45")
@pytest.mark.parametrize("change", ["reload", "update"])
async def test_while_a_worker_is_replaced_under_load_no_call_is_lost_or_seen_twice(workers, profile, build, change):
    host = await workers(a=REMEMBERS)
    pids: list[list[int]] = []
    over = False

    def grown(before: int) -> bool:
        return len(pids) > before + 20

    async def load() -> None:
        while not over:
            answers = await asyncio.gather(*(host.call.counted(number=len(pids) + one) for one in range(5)))
            pids.extend(answers)
            await asyncio.sleep(0)

    loading = asyncio.ensure_future(load())
    for version in range(1, 4):
        before = len(pids)
        await until(partial(grown, before))
        if change == "reload":
            await host.reload("a")
            continue
        profile.install(build("a", f"1.{version}.0", code=REMEMBERS, isolation="worker", more=DECLARES))
        profile.enable("a", isolation="worker")
        await host.reload_changes()
        assert host.plugins.status("a").version == f"1.{version}.0"
    before = len(pids)
    await until(partial(grown, before))
    over = True
    await loading
    assert all(len(one) == 1 for one in pids)
    assert len({one for (one,) in pids}) == 4
    assert await host.call.plain(number=-1) == [len(pids)]
    seen = await host.call.plain.batch([{"number": one} for one in range(len(pids))])
    assert sorted(one for (one,) in seen) == list(range(len(pids)))


SLOW_TO_IMPORT = f"import time\ntime.sleep(4)\n{code(2)}"


@pytest.mark.parametrize("change", ["reload", "update"])
async def test_the_next_worker_is_up_before_the_one_before_goes(workers, profile, build, change):
    host = await workers(a=SLOW_TO_IMPORT if change == "reload" else code(2))
    longest, over = 0.0, False

    async def load() -> None:
        nonlocal longest
        while not over:
            began = time.perf_counter()
            assert await host.call.counted(number=1) == [3]
            longest = max(longest, time.perf_counter() - began)
            await asyncio.sleep(0.01)

    (before,) = await host.call.plain(number=0)
    loading = asyncio.ensure_future(load())
    if change == "reload":
        await host.reload("a")
    else:
        profile.install(build("a", "1.1.0", code=SLOW_TO_IMPORT, isolation="worker", more=DECLARES))
        profile.enable("a", isolation="worker")
        await host.reload_changes()
    over = True
    await loading
    assert await host.call.plain(number=0) != [before]
    assert longest < 3  # of the four seconds that the next code takes to import, nobody waits


async def test_an_update_whose_code_cannot_be_imported_fails_in_words_and_leaves_no_process(workers, profile, build):
    host = await workers(a=code(2))
    (before,) = await host.call.plain(number=0)
    profile.install(build("a", "1.1.0", code="raise ValueError('no paint')", isolation="worker", more=DECLARES))
    profile.enable("a", isolation="worker")
    await host.reload_changes()
    status = host.plugins.status("a")
    assert status.state == "failed"
    assert "no paint" in status.problem
    assert not is_there(before)
    assert await host.call.plain(number=0) == []


STUBBORN = """
import os, time
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    def on_enable(self):
        self.context.scheduler.start_thread(time.sleep, 600, name="stubborn")

    @hookimpl
    def plain(self, number: int):
        return os.getpid()
"""


@pytest.mark.feature("K28")
async def test_a_worker_in_which_something_does_not_end_is_killed_when_it_is_disabled(workers):
    host = await workers(a=STUBBORN)
    (pid,) = await host.call.plain(number=0)
    status = await host.disable("a")
    assert (status.state, status.problem) == ("found", "")
    assert not is_there(pid)
    await host.enable("a")
    (other,) = await host.call.plain(number=0)
    assert other != pid
