"""Workers that end, use too much or do not answer: told, stopped, started again, left down (C26, C27, J25)."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from pathlib import Path

import pytest
from jackfield.errors import PluginError

from tests.support.frail import CODE, Specs, pid_of, told
from tests.support.speakers import Speaker
from tests.support.waiting import until

pytestmark = pytest.mark.slow

NEEDS = """
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        self.context.logger.warning("up again")
"""


@pytest.mark.feature("J25", "J26")
async def test_a_worker_that_ends_is_told_and_comes_back_in_its_place_with_hooks_and_commands(weather):
    host = await weather()
    said = told(host)
    before = await pid_of(host)
    os.kill(before, signal.SIGKILL)
    await until(lambda: host.plugins.status("weather").state == "active" and len(said) > 2)
    assert said[0] == "failed: weather was killed by SIGKILL"
    after = await pid_of(host)
    assert after != before
    speaker = Speaker()
    assert await host.commands.dispatch("where", speaker)
    assert speaker.answers == [str(after)]
    assert await host.call.message_received(text="hello") == ["hello"]
    assert host.plugins.status("weather").enabled


@pytest.mark.feature("J25", "J26")
async def test_who_waits_for_a_plugin_is_told_of_its_end(weather):
    host = await weather()
    await host.disable("weather")
    waiting = asyncio.create_task(host.plugins.wait_for("weather"))
    await host.enable("weather")
    assert (await waiting).state == "active"
    answers = asyncio.create_task(host.call.message_received(text="sleep"))
    await asyncio.sleep(0.1)
    os.kill(host.plugins.record("weather").remote.process.pid, signal.SIGKILL)
    assert await answers == [], "whoever called is told at once, and the call goes on without it"


@pytest.mark.feature("J25", "J26")
async def test_one_that_ends_again_and_again_is_left_down_until_its_user_enables_it(weather):
    host = await weather()
    said = told(host)
    for number in range(1, 6):
        assert await host.call.message_received(text="die") == []
        await until(lambda: sum(one.startswith("failed") for one in said) >= number)  # noqa: B023 (awaited at once)
        if number < 5:
            await until(lambda: host.plugins.status("weather").state == "active", timeout_seconds=20)
    status = host.plugins.status("weather")
    assert status.state == "failed"
    assert status.problem == (
        "weather ended with exit code 7; its process ended 5 times within a minute and is started again in 5 minutes, "
        "or at once by: jackfield enable weather"
    )
    assert status.errors >= 5, "of all five processes, and not of the last one only"
    with pytest.raises(PluginError, match="weather is failed: weather ended with exit code 7"):
        await host.plugins.wait_for("weather")
    await host.enable("weather")
    assert await pid_of(host)
    assert host.plugins.status("weather").problem == ""
    assert host.plugins.status("weather").errors == 0


@pytest.mark.feature("J25", "J26", "K23")
async def test_who_needs_a_plugin_whose_worker_ended_goes_down_with_it_and_comes_back(weather, build, profile, caplog):
    needs = build("hat", code=NEEDS, more='[requires]\nweather = "*"\n')
    profile.enable("hat")
    host = await weather(needs)
    seen = told(host, "hat")
    os.kill(await pid_of(host), signal.SIGKILL)
    await until(lambda: seen and seen[-1] == "active: " and host.plugins.status("weather").state == "active")
    assert "unloaded: " in seen
    assert sum(record.message == "up again" for record in caplog.records) == 2


@pytest.mark.feature("J19")
async def test_a_host_that_stops_starts_nothing_again(weather):
    host = await weather()
    said = told(host)
    await host.stop()
    await asyncio.sleep(0.2)
    assert not any(one.startswith(("failed", "active")) for one in said)


async def test_a_plugin_that_is_disabled_while_it_waits_stays_down(weather):
    host = await weather()
    said = told(host)
    for number in (1, 2, 3):
        assert await host.call.message_received(text="die") == []
        await until(lambda: sum(one.startswith("failed") for one in said) >= number)  # noqa: B023 (awaited at once)
        if number < 3:
            await until(lambda: host.plugins.status("weather").state == "active", timeout_seconds=20)
    assert host.plugins.status("weather").problem.endswith("; it is started again in 0.2 s")
    await host.disable("weather")
    await asyncio.sleep(0.4)
    assert host.plugins.status("weather").state in {"found", "failed"}
    assert not host.plugins.status("weather").enabled


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.feature("J25")
async def test_the_end_of_the_process_that_forks_all_workers_ends_none_for_good(profile, build, running):
    code = CODE.replace("@command", "#")
    profile.install(*(build(name, code=code, isolation="worker") for name in ("a", "b", "c")))
    profile.enable("a", "b", "c", isolation="worker")
    host = await running(specs=Specs())
    before = await host.call.process()
    zygotes = {parent_of(pid) for pid in before}
    assert len(zygotes) == 1
    os.kill(zygotes.pop(), signal.SIGKILL)
    await until(lambda: any(host.plugins.status(name).state != "active" for name in "abc"))
    await until(lambda: all(host.plugins.status(name).state == "active" for name in "abc"), timeout_seconds=30)
    after = await host.call.process()
    assert len(after) == 3
    assert not {*before} & {*after}


@pytest.mark.feature("J25")
async def test_ends_of_the_process_that_forks_all_workers_count_for_no_plugin(weather):
    host = await weather()
    for number in range(6):
        before = await pid_of(host)
        said = told(host)
        os.kill(parent_of(before), signal.SIGKILL)
        await until(lambda: said)  # noqa: B023 (awaited at once)
        assert said[0].startswith("failed: weather ended together with the process that forks all workers")
        assert "times within a minute" not in said[0], number
        await until(lambda: host.plugins.status("weather").state == "active", timeout_seconds=60)
    assert host.plugins.status("weather").errors == 0, "no failure of the plugin"


@pytest.mark.feature("J25")
async def test_a_worker_that_cannot_be_started_again_is_tried_again(weather):
    host = await weather()
    said = told(host)
    pid = await pid_of(host)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open("/dev/null", os.O_RDONLY) for _ in range(20)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(taken) + 1, hard))  # nothing more can be opened
    try:
        os.kill(pid, signal.SIGKILL)
        await until(lambda: sum(one.startswith("failed") for one in said) >= 2, timeout_seconds=20)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)
    await until(lambda: host.plugins.status("weather").state == "active", timeout_seconds=30)
    assert await pid_of(host) != pid


async def test_who_gave_a_command_is_told_in_words_that_its_worker_went(weather):
    host = await weather()
    speaker = Speaker()
    assert await host.commands.dispatch("vanish", speaker)
    assert speaker.answers == ["vanish: weather did not answer the command vanish: the worker of weather went away"]
