"""Limits of workers: what breaks one is stopped and told, what floods its host is held (C26, C27)."""

from __future__ import annotations

import asyncio
import re
from time import monotonic

import pytest
from jackfield.isolation import measuring
from jackfield.permissions import Permission

from tests.support.frail import CODE, COMMANDS, Specs, pid_of, told
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.mark.feature("C26", "J26")
async def test_a_call_over_its_time_stops_the_worker_and_another_one_answers(weather):
    host = await weather(limits='[limits]\ncall = "2s"\n')
    said = told(host)
    before = await pid_of(host)
    assert await host.call.message_received(text="sleep") == []
    await until(lambda: any(one.startswith("active") for one in said))
    assert said[0] == (
        "failed: weather did not answer hook message_received within 2 s and was stopped "
        "(if it should: jackfield limits weather call=4s)"
    )
    assert await pid_of(host) != before


@pytest.mark.feature("C27", "J26")
async def test_a_limit_that_is_broken_is_the_plugins_problem_in_one_sentence(weather):
    host = await weather()
    said = told(host)
    await host.call.message_received(text="hog")
    await until(lambda: any(one.startswith("active") for one in said), timeout_seconds=20)
    told_so = (
        r"failed: weather used \d+ MiB of 50 MiB and was stopped \(if it should: jackfield limits weather memory=.*\)"
    )
    assert re.fullmatch(told_so, said[0])


@pytest.mark.feature("C26", "C27")
async def test_limits_that_the_user_changes_hold_in_a_worker_that_takes_the_others_place(weather):
    host = await weather()
    before = await pid_of(host)
    host.state.change({"limits/weather": {"call": 2.0, "memory": 400 << 20}}, by="ann")
    await host.reload_changes()
    after = await pid_of(host)
    assert after != before
    said = told(host)
    assert await host.call.message_received(text="hog") == ["hog"], "it has the memory now"
    await asyncio.sleep(1)
    assert await pid_of(host) == after
    assert await host.call.message_received(text="sleep") == []
    await until(lambda: said)
    assert "did not answer hook message_received within 2 s and was stopped" in said[0]


async def left_down(host) -> list[str]:
    """Have the plugin end until it is not started again at once; return where what is heard of it is kept."""
    said = told(host)
    for number in range(1, 6):
        await host.call.message_received(text="die")
        await until(lambda: sum(one.startswith("failed") for one in said) >= number)  # noqa: B023 (awaited at once)
        if number < 5:
            await until(lambda: host.plugins.status("weather").state == "active", timeout_seconds=20)
    assert "its process ended 5 times within a minute" in host.plugins.status("weather").problem
    said.clear()
    return said


@pytest.mark.feature("C27", "J25")
async def test_a_plugin_that_is_left_down_comes_back_when_its_user_gives_it_more(weather):
    host = await weather()
    said = await left_down(host)
    host.state.change({"limits/weather": {"memory": 200 << 20}}, by="ann")
    await host.reload_changes()
    assert host.plugins.status("weather").state == "active"
    await host.call.message_received(text="die")
    await until(lambda: any(one.startswith("failed") for one in said))
    assert "failed: weather ended with exit code 7" in said
    await until(lambda: host.plugins.status("weather").state == "active")


@pytest.mark.feature("J25")
@pytest.mark.parametrize("removed", [False, True], ids=["updated", "removed and installed again"])
async def test_ends_of_what_was_installed_before_are_not_counted_to_what_is_installed_now(
    weather, profile, build, removed
):
    host = await weather()
    said = await left_down(host)
    if removed:
        profile.install()
        await host.reload_changes()
    version = "1.0.0" if removed else "1.1.0"
    profile.install(build("weather", version, code=CODE, isolation="worker", more=COMMANDS))
    await host.reload_changes()
    assert host.plugins.status("weather").state == "active"
    await host.call.message_received(text="die")
    await until(lambda: any(one.startswith("failed") for one in said))
    assert "failed: weather ended with exit code 7" in said
    await until(lambda: host.plugins.status("weather").state == "active")


FLOOD = """
import threading, time
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    async def message_received(self, text: str):
        threading.Thread(target=self.flood, args=(text,), daemon=True).start()
        return text

    def flood(self, text: str):
        calls = self.context._inside.calls
        while True:
            if text == "asks":
                self.context.blocking.storage.get("key")
            elif text == "logs":
                self.context.logger.warning("much to say")
            else:
                calls.notify("log", {"level": 10, "message": "x" * 10_000})

    @hookimpl
    async def process(self):
        return 1
"""


@pytest.mark.feature("C27")
async def test_a_worker_that_floods_its_host_is_stopped(profile, build, running):
    limits = '[limits]\nrequests = 100\ntraffic = "1MiB"\n'
    profile.install(build("weather", code=FLOOD, isolation="worker", more=limits))
    profile.enable("weather", isolation="worker")
    host = await running(specs=Specs())
    said = told(host)
    await host.call.message_received(text="sends")
    await until(lambda: said, timeout_seconds=20)
    broken = r"(asked the application \d+ of 100 times|sent the application \d+ MiB of 1 MiB) a second"
    assert re.match(f"failed: weather {broken} and was stopped", said[0])


@pytest.mark.feature("C27")
async def test_a_worker_that_asks_without_end_is_answered_at_its_pace(profile, build, running, caplog):
    asks = '[[permissions]]\nresource = "storage"\nactions = ["read"]\n'
    limits = "[limits]\nrequests = 20\n"
    profile.install(build("weather", code=FLOOD, isolation="worker", more=limits, permissions=asks))
    profile.enable("weather", isolation="worker", permissions=[Permission("storage", ("read",))])
    host = await running(specs=Specs())
    said = told(host)
    assert await host.call.message_received(text="asks") == ["asks"]
    await until(lambda: "weather asks the application more than 20 times a second" in caplog.text, timeout_seconds=20)
    assert await host.call.process() == [1], "what it answers is not delayed"
    assert said == [], "it is no breach to be in haste"


@pytest.mark.feature("C27")
async def test_a_log_flood_costs_lines_and_not_the_worker(profile, build, running, caplog):
    profile.install(build("weather", code=FLOOD, isolation="worker"))
    profile.enable("weather", isolation="worker")
    host = await running(specs=Specs())
    assert await host.call.message_received(text="logs") == ["logs"]
    await until(lambda: "the rest is dropped" in caplog.text, timeout_seconds=20)
    await asyncio.sleep(1)
    assert await host.call.process() == [1]
    assert sum(one.getMessage() == "much to say" for one in caplog.records) < 1000


SPINS = """
import os, threading, time
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

def spin(seconds):
    while time.process_time() < seconds:
        pass

class Main(Plugin):
    @hookimpl
    async def message_received(self, text: str):
        if text == "die":
            os._exit(7)
        threading.Thread(target=spin, args=(float(text),), daemon=True).start()
        return text

    @hookimpl
    async def process(self):
        return os.getpid()
"""


@pytest.mark.feature("C27", "J25", "J26")
async def test_a_worker_that_only_spins_comes_back_when_it_has_processor_time_again(profile, build, running):
    profile.install(build("weather", code=SPINS, isolation="worker", more="[limits]\ncpu = 0.05\n"))
    profile.enable("weather", isolation="worker")
    host = await running(specs=Specs())
    said = told(host)
    await host.call.message_received(text="inf")
    await until(lambda: said, timeout_seconds=60)
    assert re.fullmatch(
        r"failed: weather used \d+\.\d s of 1\.5 s of processor time within 30 s and was stopped "
        r"\(if it should: jackfield limits weather cpu=[\d.]+\); "
        r"it comes back in \d+ s, when it has processor time left again",
        said[0],
    )
    assert host.plugins.status("weather").comes_back
    await host.enable("weather")
    assert host.plugins.status("weather").state == "active", "its user need not wait"
    assert await pid_of(host)


@pytest.mark.feature("C27", "J25")
async def test_what_a_worker_has_used_counts_for_the_one_after_it(profile, build, running):
    profile.install(build("weather", code=SPINS, isolation="worker", more="[limits]\ncpu = 0.1\n"))
    profile.enable("weather", isolation="worker")
    host = await running(specs=Specs())
    said = told(host)
    process = host.plugins.record("weather").remote.process
    process.look(monotonic(), 1 << 40)  # as the supervisor does, which may be late on a busy machine
    await host.call.message_received(text="2.5")
    await until(lambda: cpu_seconds(process.pid) >= 2.4, timeout_seconds=60)
    process.look(monotonic(), 1 << 40)
    await host.call.message_received(text="die")
    await until(lambda: said)
    assert re.search(r"; it comes back in \d+ s, when it has processor time left again$", said[0]), said[0]


def cpu_seconds(pid: int) -> float:
    """What a process has used, or more than any could when it is gone."""
    used = measuring.usage(pid)
    return 1e9 if used is None else used.cpu_seconds
