"""The time that a worker has for what is asked of it: commands, callbacks, listeners, what nobody waits for (C26)."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest
from jackfield.api import Event
from jackfield.errors import PluginError
from jackfield.hooks import HookspecMarker

from tests.support.speakers import Speaker
from tests.support.waiting import until
from tests.support.wheels import manifest_text

pytestmark = pytest.mark.slow


hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec
    async def process(self) -> int: ...

    @hookspec(timeout=0.2)
    def hurried(self) -> int: ...


CODE = """
import asyncio, os, time
from typing import Annotated
from jackfield import Plugin, command, listener
from jackfield.api import Custom
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

def forever(prefix):
    while True:
        pass

class Main(Plugin):
    @hookimpl
    async def process(self):
        return os.getpid()

    @hookimpl
    def hurried(self):
        while True:
            pass

    @command("spin")
    def spin(self, source):
        while True:
            pass

    @command("spin later")
    async def spin_later(self, source):
        await asyncio.sleep(0)
        while True:
            pass

    @command("sleep")
    def sleep(self, source, seconds: float):
        time.sleep(seconds)

    @command("say")
    def say(self, source, word: Annotated[str, Custom(str, "a word", complete=forever)]):
        pass

    @listener("plugin:weather:spin")
    def hear(self, event):
        while True:
            pass

    def on_health(self):
        while True:
            pass
"""

COMMANDS = "[contributes]\nevents = ['spin']\ncommands = ["
COMMANDS += ", ".join(f"{{ name = '{name}' }}" for name in ("spin", "sleep", "say")) + "]\n"


@pytest.fixture
def weather(profile, build, running):
    """Start a host with a worker whose calls may take so long."""

    async def start(call: str = "300ms", **options):
        profile.install(build("weather", code=CODE, isolation="worker", more=f'{COMMANDS}[limits]\ncall = "{call}"\n'))
        profile.enable("weather", isolation="worker")
        host = await running(specs=Specs(), **options)
        assert host.plugins.status("weather").state == "active", host.plugins.status("weather")
        return host

    return start


async def pid_of(host):
    (pid,) = await host.call.process()
    return pid


class Said:
    """What a plugin's life says, step by step, with the problem; and that it has another process in the end."""

    def __init__(self, host, pid: int) -> None:
        self._host = host
        self._pid = pid
        self.steps: list[str] = []
        host.plugins.on_change(lambda status: self.steps.append(f"{status.state}: {status.problem}"))

    async def replaced(self, what: str, within: str = "300 ms", more: str = "600ms") -> None:
        """Wait for the next process, and see what was said of the end of the one before."""
        await until(lambda: any(one.startswith("active") for one in self.steps), timeout_seconds=20)
        hint = f"if it should: jackfield limits weather call={more}" if more else "the application gives it no more"
        assert self.steps[0] == f"failed: weather did not answer {what} within {within} and was stopped ({hint})"
        await until(lambda: not Path(f"/proc/{self._pid}").exists())
        assert await pid_of(self._host) != self._pid


@pytest.mark.feature("C26", "M43")
@pytest.mark.parametrize("line", ["spin", "spin later"])
async def test_a_command_that_loops_ends_its_worker_when_its_time_is_over(weather, line):
    host = await weather()
    said, speaker = Said(host, await pid_of(host)), Speaker()
    assert await host.commands.dispatch(line, speaker)
    assert speaker.answers == [
        (
            f"{line}: weather did not answer the command {line} within 300 ms and was stopped "
            "(if it should: jackfield limits weather call=600ms)"
        )
    ]
    await said.replaced(f"the command {line}")
    assert host.usage.one("weather").errors >= 1


@pytest.mark.feature("C26")
async def test_a_listener_that_loops_ends_its_worker_and_not_who_sends(weather):
    host = await weather()
    said = Said(host, await pid_of(host))
    await host.events.emit(Event("plugin:weather:spin", "weather", {}))
    await said.replaced("the event plugin:weather:spin")


@pytest.mark.feature("C26")
async def test_a_callback_has_the_time_of_any_call(weather):
    host = await weather()
    said = Said(host, await pid_of(host))
    assert "did not answer on_health within 300 ms and was stopped" in await host.health.trouble("weather")
    await said.replaced("on_health")


@pytest.mark.feature("C26")
async def test_what_a_worker_is_given_may_be_more_than_what_the_application_gives_its_own_plugins(weather):
    host = await weather("2s", callback_timeout_seconds=0.2)
    pid, speaker = await pid_of(host), Speaker()
    began = time.monotonic()
    assert await host.commands.dispatch("sleep 0.7", speaker)
    assert time.monotonic() - began >= 0.7
    assert speaker.answers == []
    assert await pid_of(host) == pid


@pytest.mark.feature("C26")
async def test_what_nobody_waits_for_any_more_ends_its_worker_all_the_same(weather):
    host = await weather("1500ms")
    said = Said(host, await pid_of(host))
    began = time.monotonic()
    assert await host.commands.complete("say x", 5, Speaker()) == []
    assert time.monotonic() - began < 1.5, "nobody who writes waits for that"
    await said.replaced("what can follow in a command", "1.5 s", "3s")


@pytest.mark.feature("C26")
async def test_a_hook_that_is_given_up_earlier_by_its_spec_ends_its_worker(weather):
    host = await weather("1s")
    said = Said(host, await pid_of(host))
    assert await host.call.hurried() == []
    await said.replaced("hook hurried", "200 ms", more="")


@pytest.mark.feature("C26")
async def test_a_call_that_is_cancelled_and_ends_in_its_time_costs_nobody_a_process(weather):
    host = await weather("2s")
    pid = await pid_of(host)
    asking = asyncio.ensure_future(host.commands.dispatch("sleep 0.5", Speaker()))
    await asyncio.sleep(0.1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.sleep(1)
    assert await pid_of(host) == pid
    os.kill(pid, 0)


MIGRATES = """
import time
from jackfield import Plugin

class Main(Plugin):
    def on_migrate(self, old, new):
        time.sleep({seconds})
"""


@pytest.mark.feature("C14", "C26")
@pytest.mark.parametrize(("seconds", "state"), [(0.6, "active"), (60, "failed")])
async def test_a_migration_has_the_time_that_it_has_in_the_application(profile, build, running, seconds, state):
    quiet = "from jackfield import Plugin\n\nclass Main(Plugin):\n    pass\n"
    profile.install(build("weather", code=quiet, isolation="worker"))
    profile.enable("weather", isolation="worker")
    host = await running(specs=Specs(), callback_timeout_seconds=2.5)
    more = '[limits]\ncall = "300ms"\n'
    text = manifest_text("weather", "2.0.0", isolation="worker", more=more)
    text = text.replace("\n\n", "\ndata_version = 2\n\n", 1)
    profile.install(build("weather", "2.0.0", code=MIGRATES.format(seconds=seconds), manifest=text))
    profile.enable("weather", isolation="worker")
    await host.reload_changes()
    status = host.plugins.status("weather")
    assert status.state == state, status.problem
    if state == "failed":
        assert "did not answer on_migrate within 2.5 s and was stopped" in status.problem
    else:
        assert status.version == "2.0.0"


SLOW_TO_BEGIN = """
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        while True:
            pass
"""


@pytest.mark.feature("C26")
async def test_one_that_loops_when_it_is_enabled_has_failed_in_its_own_time(profile, build, running):
    profile.install(build("weather", code=SLOW_TO_BEGIN, isolation="worker", more='[limits]\ncall = "300ms"\n'))
    profile.enable("weather", isolation="worker")
    began = time.monotonic()
    host = await running(specs=Specs())
    assert time.monotonic() - began < 8
    with pytest.raises(PluginError, match="did not answer on_enable within 300 ms and was stopped"):
        await host.plugins.wait_for("weather")
