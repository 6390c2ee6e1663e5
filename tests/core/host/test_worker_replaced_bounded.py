"""How long a replacement keeps others: until its end, at most for the time of its callbacks; each fails alone."""

from __future__ import annotations

import asyncio
from functools import partial
from time import monotonic

import pytest
from jackfield.api import Event

from tests.core.host.test_worker_replaced_slowly import DECLARES, LIMIT_SECONDS, SLOW, Specs, code
from tests.support.speakers import Speaker
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def worker(profile, build, running):
    """Start a host with a worker of this code."""

    async def start(text: str):
        profile.install(build("a", code=text, isolation="worker", more=DECLARES))
        profile.enable("a", isolation="worker")
        host = await running(specs=Specs())
        assert host.plugins.status("a").state == "active", host.plugins.status("a")
        return host

    return start


@pytest.mark.feature("C26", "M36")
async def test_a_hostile_one_keeps_nobody_longer_than_its_callbacks_have(worker, profile, build, caplog):
    host = await worker(code(on_disable="time.sleep(0.9)", on_unload="time.sleep(0.9)"))
    speaker, said = Speaker(), []
    host.plugins.on_change(lambda status: said.append(str(status.state)))
    hangs = code(on_load="time.sleep(0.9)", on_enable="time.sleep(60)")
    profile.install(build("a", "1.1.0", code=hangs, isolation="worker", more=DECLARES))
    profile.enable("a", isolation="worker")
    changing = asyncio.ensure_future(host.reload_changes())
    await until(lambda: not host.plugins.record("a").wiring.entrances.is_open, timeout_seconds=20)
    began = monotonic()
    event = Event("plugin:a:tick", "", {"number": 1})
    threads = [asyncio.to_thread(partial(host.hook.note, number=number)) for number in range(3)]
    calls = [host.call.ask(number=number) for number in range(4)]
    found = await asyncio.gather(
        *calls, *threads, host.commands.dispatch("note 1", speaker), host.events.emit(event), host.call.hurry(number=1)
    )
    assert monotonic() - began < 4 * LIMIT_SECONDS + 2
    assert found[:7] == [[]] * 7
    assert speaker.answers == ["a could not be started: a was replaced meanwhile, and its next code is not there"]
    await changing
    assert host.plugins.status("a").state == "failed"
    await until(lambda: "8 calls of hooks of a had no answer while it was replaced" in caplog.text)
    assert caplog.text.count("had no answer while it was replaced") == 1


HELPS = """
import asyncio
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        self.context.services.provide("help", self)

    async def linger(self) -> None:
        await asyncio.sleep(4)
"""
LINGERS = """
help = await self.context.services.get("help")
        for _ in range(ROUNDS):
            await help.linger()
"""


@pytest.mark.feature("C26", "M36")
async def test_one_whose_time_stands_still_keeps_nobody_longer_than_that_either(profile, build, running):
    begins = code(on_load="pass").replace("def on_enable", "async def on_enable")
    begins = begins.replace("on_enable(self):\n        pass", f"on_enable(self):\n        {LINGERS.strip()}")
    more = DECLARES.replace(f"{LIMIT_SECONDS:g}s", "0.5s") + '[requires]\nhelps = "*"\n'
    profile.install(
        build("helps", code=HELPS, isolation="worker", more='[contributes]\nservices = ["help"]\n'),
        build("a", code=begins.replace("ROUNDS", "0"), isolation="worker", more=more),
    )
    profile.enable("a", "helps", isolation="worker")
    host = await running(specs=Specs())
    assert host.plugins.status("a").state == "active", host.plugins.status("a")
    source = host.plugins.record("a").candidate.folder / "__init__.py"
    source.chmod(0o600)
    source.write_text(begins.replace("ROUNDS", "7"))
    reloading = asyncio.ensure_future(host.reload("a"))
    await until(lambda: host.plugins.record("a").life.state != "active", timeout_seconds=20)
    began = monotonic()
    assert await host.call.ask(number=1) == []
    assert 24 < monotonic() - began < 26, "nine calls of half a second, and 20 s beside them"
    assert not reloading.done()
    asked = asyncio.ensure_future(host.call.ask(number=2))
    await reloading
    assert await asked in ([], [2])
    assert await host.call.ask(number=3) == [3]


@pytest.mark.feature("M36")
async def test_who_has_a_deadline_of_their_own_fails_alone_at_that(worker, caplog):
    host = await worker(code(on_load=SLOW, on_enable=SLOW))
    reloading = asyncio.ensure_future(host.reload("a"))
    await until(lambda: host.plugins.record("a").life.state != "active", timeout_seconds=20)
    began = monotonic()
    asked = asyncio.ensure_future(host.call.ask(number=7))
    assert await host.call.hurry(number=1) == []
    assert monotonic() - began < 0.6
    assert not asked.done()
    began = monotonic()
    assert await host.call.hurry.batch([{"number": 1}, {"number": 2}]) == [[], []]
    assert monotonic() - began < 0.6
    assert not asked.done()
    assert await asked == [7]
    await reloading
    assert await host.call.hurry(number=1) == [1]
    await until(lambda: "3 calls of hooks of a had no answer while it was replaced" in caplog.text)


HEARS = """
from jackfield import Plugin, listener

class Main(Plugin):
    @listener("plugin:a:tick")
    def heard(self, event):
        self.context.logger.warning("heard")
"""


@pytest.mark.feature("M36")
async def test_a_callback_does_not_wait_for_one_that_comes_up_after_it(profile, build, running, caplog):
    sends = code(on_enable='await self.context.events.emit("tick", {"number": 1})')
    sends = sends.replace("def on_enable", "async def on_enable")
    hears = '[limits]\ncall = "1s"\n[requires]\na = "*"\n'
    profile.install(
        build("a", code=sends, isolation="worker", more=DECLARES.replace("[limits]", 'events = ["tick"]\n[limits]')),
        build("b", code=HEARS, isolation="worker", more=hears),
    )
    profile.enable("a", "b", isolation="worker")
    host = await running(specs=Specs())
    began = monotonic()
    await host.reload("a")
    assert monotonic() - began < LIMIT_SECONDS + 2
    assert [host.plugins.status(name).state for name in "ab"] == ["active", "active"]
    assert "an event was not heard: b was replaced meanwhile, and its next code is not there" in caplog.text


@pytest.mark.feature("M36")
async def test_an_event_that_the_next_code_does_not_listen_for_is_told_as_that(worker, profile, build, caplog):
    host = await worker(code(on_unload=SLOW))
    deaf = code().replace('@listener("plugin:a:tick")', '@listener("plugin:a:tock")')
    profile.install(build("a", "1.1.0", code=deaf, isolation="worker", more=DECLARES))
    profile.enable("a", isolation="worker")
    changing = asyncio.ensure_future(host.reload_changes())
    await until(lambda: not host.plugins.record("a").wiring.entrances.is_open, timeout_seconds=20)
    await host.events.emit(Event("plugin:a:tick", "", {"number": 1}))
    await changing
    assert host.plugins.status("a").state == "active"
    assert "an event was not heard: a was replaced meanwhile, and its next code does not listen for it" in caplog.text
