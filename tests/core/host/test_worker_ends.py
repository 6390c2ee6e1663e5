"""Workers that end, use too much or do not answer: told, stopped, started again, left down (C26, C27, J25)."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import signal
from pathlib import Path

import pytest
from jackfield.errors import PluginError
from jackfield.hooks import HookspecMarker
from jackfield.permissions import Permission

from tests.support.speakers import Speaker
from tests.support.waiting import until

pytestmark = pytest.mark.slow

hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec
    async def process(self) -> int: ...

    @hookspec
    async def message_received(self, text: str) -> str: ...


CODE = """
import os, time
from jackfield import Plugin, command
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    async def process(self):
        return os.getpid()

    @hookimpl
    def message_received(self, text: str):
        if text == "sleep":
            time.sleep(60)
        if text == "die":
            os._exit(7)
        if text == "hog":
            self.kept = b"x" * (120 << 20)
        return text

    @command("where")
    async def where(self, source):
        await source.reply(str(os.getpid()))

    @command("vanish")
    async def vanish(self, source):
        os._exit(7)
"""

NEEDS = """
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        self.context.logger.warning("up again")
"""

COMMANDS = '[contributes]\ncommands = [{ name = "where" }, { name = "vanish" }]\n'


@pytest.fixture
def weather(profile, build, running):
    """Start a host with a worker; its limits may be chosen."""

    async def start(*more, limits: str = ""):
        profile.install(build("weather", code=CODE, isolation="worker", more=COMMANDS + limits), *more)
        profile.enable("weather", isolation="worker")
        host = await running(specs=Specs())
        assert host.plugins.status("weather").state == "active", host.plugins.status("weather")
        return host

    return start


async def pid_of(host):
    (pid,) = await host.call.process()
    return pid


def told(host, plugin: str = "weather") -> list[str]:
    """What the plugin's life says, step by step, with the problem."""
    said: list[str] = []

    def hear(status) -> None:
        if status.id == plugin:
            said.append(f"{status.state}: {status.problem}")

    host.plugins.on_change(hear)
    return said


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


@pytest.mark.feature("C26", "J26")
async def test_a_call_over_its_time_stops_the_worker_and_another_one_answers(weather):
    host = await weather(limits='[limits]\ncall = "300ms"\n')
    said = told(host)
    before = await pid_of(host)
    assert await host.call.message_received(text="sleep") == []
    await until(lambda: any(one.startswith("active") for one in said))
    assert said[0] == (
        "failed: weather did not answer hook message_received within 300 ms and was stopped "
        "(if it should: jackfield limits weather call=600ms)"
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
    with pytest.raises(PluginError, match="weather is failed: weather ended with exit code 7"):
        await host.plugins.wait_for("weather")
    await host.enable("weather")
    assert await pid_of(host)
    assert host.plugins.status("weather").problem == ""


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


@pytest.mark.feature("C26", "C27")
async def test_limits_that_the_user_changes_hold_in_a_worker_that_takes_the_others_place(weather):
    host = await weather()
    before = await pid_of(host)
    host.state.change({"limits/weather": {"call": 0.3, "memory": 400 << 20}}, by="ann")
    await host.reload_changes()
    after = await pid_of(host)
    assert after != before
    said = told(host)
    assert await host.call.message_received(text="hog") == ["hog"], "it has the memory now"
    await asyncio.sleep(1)
    assert await pid_of(host) == after
    assert await host.call.message_received(text="sleep") == []
    await until(lambda: said)
    assert "did not answer hook message_received within 300 ms and was stopped" in said[0]


@pytest.mark.feature("C27")
async def test_a_plugin_that_is_left_down_comes_back_when_its_user_gives_it_more(weather):
    host = await weather()
    said = told(host)
    for number in range(1, 6):
        await host.call.message_received(text="die")
        await until(lambda: sum(one.startswith("failed") for one in said) >= number)  # noqa: B023 (awaited at once)
        if number < 5:
            await until(lambda: host.plugins.status("weather").state == "active", timeout_seconds=20)
    assert host.plugins.status("weather").state == "failed"
    host.state.change({"limits/weather": {"memory": 200 << 20}}, by="ann")
    await host.reload_changes()
    assert host.plugins.status("weather").state == "active"


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
    assert speaker.answers == ["vanish: weather did not answer a command: the worker of weather went away"]
