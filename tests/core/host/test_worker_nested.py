"""A worker that asks its host, which calls another one: who overruns or fails is blamed, and nobody else (C8, C26)."""

from __future__ import annotations

import asyncio
import time

import pytest
from jackfield.hooks import HookspecMarker
from jackfield.permissions import Permission

from tests.support.led_on import LIMITS, started
from tests.support.speakers import Speaker
from tests.support.waiting import until

pytestmark = pytest.mark.slow


hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec
    async def process(self) -> tuple[str, int]: ...

    @hookspec
    async def asked(self, what: str) -> str: ...

    @hookspec
    async def answered(self, what: str) -> str: ...


ASKS = """
import os, time
from jackfield import Plugin, command
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    async def process(self):
        return self.context.plugin_id, os.getpid()

    @hookimpl
    async def asked(self, what: str):
        if what.startswith("late"):
            time.sleep(0.6)
        if what == "self":
            time.sleep(60)
        return f"{self.context.plugin_id} heard {await self.context.api.ask(what)}"

    @command("ask")
    async def ask(self, source, what: str):
        finder = await self.context.services.require("finder")
        await source.reply(await finder.find(what))
"""

ANSWERS = """
import asyncio, os, time
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

def find(what: str) -> str:
    if what.endswith("loop"):
        while True:
            pass
    if what.endswith("die"):
        os._exit(7)
    if what.endswith("raise"):
        raise ValueError("not on Sundays")
    if what.endswith("slow"):
        time.sleep(0.6)
    return what

class Finder:
    async def find(self, what):
        return find(what)

class Main(Plugin):
    def on_enable(self):
        if self.context.plugin_id == "b":
            self.context.services.provide("finder", Finder())

    @hookimpl
    async def process(self):
        return self.context.plugin_id, os.getpid()

    @hookimpl
    async def answered(self, what: str):
        if what == "none":
            return None
        return find(what)
"""

NEEDS = """[requires]
b = "*"

[contributes]
commands = [{ name = "ask" }]
"""
OFFERS = """[contributes]
services = ["finder"]
"""


@pytest.fixture
async def workers(profile, build, running):
    """A host with two workers: a asks, and b answers."""
    profile.install(
        build("a", code=ASKS, isolation="worker", more=NEEDS + LIMITS),
        build("b", code=ANSWERS, isolation="worker", more=OFFERS + LIMITS),
    )
    profile.enable("a", "b", isolation="worker", permissions=[Permission("services", ("call",))])
    return await started(running, Specs())


async def pids(host) -> dict[str, int]:
    return dict(await host.call.process())


async def back(host, plugin: str, pid: int) -> None:
    """Wait for the next process of a plugin."""
    record = host.plugins.record(plugin)
    await until(lambda: record.remote is not None and record.remote.process.pid != pid, timeout_seconds=20)
    await until(lambda: host.plugins.status(plugin).state == "active", timeout_seconds=20)


@pytest.mark.feature("C26", "J26")
@pytest.mark.parametrize("what", ["loop", "late loop"])
async def test_who_does_not_answer_in_a_nested_call_is_stopped_and_not_who_waits_for_it(workers, what):
    host, before = workers, await pids(workers)
    said: list[str] = []
    host.plugins.on_change(lambda status: said.append(f"{status.id} {status.state}: {status.problem}"))
    assert await host.call.asked(what=what) == ["a heard nothing"]
    await back(host, "b", before["b"])
    assert said[0] == (
        "b failed: b did not answer hook answered within 1 s and was stopped (if it should: jackfield limits b call=2s)"
    )
    assert not any(one.startswith("a failed") for one in said)
    assert host.usage.one("a").errors == 0
    assert host.usage.one("b").errors >= 1


@pytest.mark.feature("C8")
@pytest.mark.parametrize("what", ["die", "raise"])
async def test_who_fails_in_a_nested_call_is_blamed_and_not_who_waits_for_it(workers, what):
    host, before = workers, await pids(workers)
    assert await host.call.asked(what=what) == ["a heard nothing"]
    assert host.usage.one("a").errors == 0
    assert host.usage.one("b").errors >= 1
    if what == "die":
        await back(host, "b", before["b"])
    else:
        assert (await pids(host))["a"] == before["a"]


@pytest.mark.feature("C26")
async def test_what_others_take_is_not_counted_to_who_waits_and_its_own_time_is(workers):
    host, before = workers, await pids(workers)
    assert await host.call.asked(what="late slow") == ["a heard late slow"], "0.6 s each, and 1 s is allowed"
    assert await pids(host) == before
    began = time.monotonic()
    assert await host.call.asked(what="self") == []
    assert 0.9 < time.monotonic() - began < 10
    await back(host, "a", before["a"])
    assert (await pids(host))["b"] == before["b"]
    assert host.usage.one("b").errors == 0


@pytest.mark.feature("C26", "J26")
async def test_a_service_that_does_not_answer_is_stopped_and_not_who_uses_it(workers):
    host, before = workers, await pids(workers)
    speaker = Speaker()
    assert await host.commands.dispatch("ask slow", speaker)
    assert await host.commands.dispatch("ask loop", speaker)
    assert speaker.answers[0] == "slow"
    assert speaker.answers[1].startswith("ask: b did not answer find of the service finder within 1 s and was stopped")
    await back(host, "b", before["b"])
    await until(lambda: host.plugins.status("a").state == "active", timeout_seconds=20)
    assert "did not answer" not in host.plugins.status("a").problem.replace("b did not answer", "")


@pytest.mark.feature("C26")
async def test_many_that_wait_at_once_have_their_own_time_each(workers):
    host, before = workers, await pids(workers)
    many = await asyncio.gather(*(host.call.asked(what=f"{one}") for one in range(50)))
    assert many == [[f"a heard {one}"] for one in range(50)]
    assert await pids(host) == before
    assert await host.call.asked(what="self") == [], "its own time goes on afterwards"
    await back(host, "a", before["a"])


@pytest.mark.feature("C26", "M27")
async def test_whose_event_is_heard_for_long_in_the_host_is_not_stopped(profile, build, running):
    sends = """
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        await self.context.events.emit("up", {})
"""
    hears = """
import asyncio
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        self.context.events.on("plugin:a:up", self.hear)

    async def hear(self, event):
        await asyncio.sleep(2.5)
"""
    listens = '[[permissions]]\nresource = "events"\nactions = ["observe", "listen"]\n'
    profile.install(
        build("a", code=sends, isolation="worker", more=LIMITS + '[contributes]\nevents = ["up"]\n'),
        build("b", code=hears, isolation="any", permissions=listens),
    )
    profile.enable("a", isolation="worker")
    profile.enable("b", isolation="inline")
    host = await running(specs=Specs())
    await host.disable("a")
    await host.enable("a")  # whatever came first at the start, it is heard now
    assert host.plugins.status("a").state == "active", host.plugins.status("a")
    assert host.plugins.record("a").remote.process.breach is None
