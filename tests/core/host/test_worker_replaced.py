"""While a worker is replaced its commands and listeners are there: none is lost, none is run twice (M36, C45)."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from jackfield.api import Event
from jackfield.hooks import HookspecMarker

from tests.support.load import Load
from tests.support.speakers import Speaker
from tests.support.waiting import until
from tests.support.wheels import manifest_text

pytestmark = pytest.mark.slow


hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec
    async def known(self, what: str) -> list[int]: ...

    @hookspec
    async def process(self) -> int: ...


CODE = """
import asyncio, os
from jackfield import Plugin, command, listener
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    def on_load(self, previous):
        self.known_of = previous or {"command": [], "added": [], "heard": [], "told": [], "any": []}

    def on_enable(self):
        self.context.commands.add("added", self.added)
        self.context.events.on("tock", self.told)
        self.context.events.on("plugin:a:*", self.any)

    async def on_disable(self):
        await asyncio.sleep(0.05)

    def on_unload(self):
        return self.known_of

    @hookimpl
    def known(self, what: str):
        return self.known_of[what]

    @hookimpl
    def process(self):
        return os.getpid()

    @command("note")
    async def note(self, source, number: int):
        await asyncio.sleep(0.003)
        self.known_of["command"].append(number)
        await source.reply(str(number))

    async def added(self, source, number: int):
        self.known_of["added"].append(number)
        await source.reply(str(number))

    @command("slow")
    async def slow(self, source):
        await asyncio.sleep(2)
        await source.reply(str(os.getpid()))

    @listener("plugin:a:tick")
    async def heard(self, event):
        await asyncio.sleep(0.003)
        self.known_of["heard"].append(event.data["number"])

    def told(self, event):
        self.known_of["told"].append(event.data["number"])

    def any(self, event):
        self.known_of["any"].append(event.data["number"])
"""
DECLARES = '[contributes]\ncommands = [{ name = "note" }, { name = "added" }, { name = "slow" }]\n'


@pytest.fixture
def worker(profile, build, running):
    """Start a host with this worker."""

    async def start(code: str = CODE):
        profile.install(build("a", code=code, isolation="worker", more=DECLARES))
        profile.enable("a", isolation="worker")
        host = await running(specs=Specs())
        assert host.plugins.status("a").state == "active", host.plugins.status("a")
        return host

    return start


def load_on(host) -> Load:
    """Give it commands and send events."""

    async def command(name: str, number: int) -> list[str] | None:
        speaker = Speaker()
        answered = await host.commands.dispatch(f"{name} {number}", speaker)
        return None if answered and speaker.answers == [str(number)] else speaker.answers

    async def event(name: str, number: int) -> None:
        await host.events.emit(Event(f"plugin:a:{name}", "", {"number": number}))

    ways = {name: partial(command, name) for name in ("note", "added")}
    return Load({**ways, **{name: partial(event, name) for name in ("tick", "tock")}})


@pytest.mark.feature("M36", "C45", "M39", "M43")
@pytest.mark.parametrize("change", ["reload", "update"])
async def test_no_command_and_no_event_is_lost_or_seen_twice(worker, profile, build, change):
    host = await worker()
    pids = set()
    load = load_on(host)
    for version in range(1, 4):
        await load.more()
        pids |= set(await host.call.process())
        if change == "reload":
            await host.reload("a")
        else:
            profile.install(build("a", f"1.{version}.0", code=CODE, isolation="worker", more=DECLARES))
            profile.enable("a", isolation="worker")
            await host.reload_changes()
            assert host.plugins.status("a").version == f"1.{version}.0"
    await load.more()
    await load.stop()
    pids |= set(await host.call.process())
    assert len(pids) == 4
    assert load.wrong == []
    kept = {what: (await host.call.known(what=what))[0] for what in ("command", "added", "heard", "told", "any")}
    for what, name in (("command", "note"), ("added", "added"), ("heard", "tick"), ("told", "tock")):
        assert sorted(kept[what]) == list(range(load.given[name])), what
    assert sorted(kept["any"]) == sorted([*range(load.given["tick"]), *range(load.given["tock"])])


@pytest.mark.feature("M36")
async def test_who_is_answered_slowly_is_answered_by_the_process_that_was_asked(worker):
    host = await worker()
    (before,) = await host.call.process()
    speaker = Speaker()
    asking = asyncio.ensure_future(host.commands.dispatch("slow", speaker))
    await asyncio.sleep(0.1)
    await host.reload("a")
    assert await asking
    assert speaker.answers == [str(before)]
    assert await host.call.process() != [before]


@pytest.mark.feature("M24", "M36")
async def test_where_the_next_code_fails_the_one_before_answers_who_waited(worker):
    host = await worker()
    source = host.plugins.record("a").candidate.folder / "__init__.py"
    (before,) = await host.call.process()
    source.chmod(0o600)
    source.write_text(CODE.replace("    def on_enable(self):", "    def on_enable(self):\n        1 / 0\n"))
    load = load_on(host)
    await load.more()
    with pytest.raises(Exception, match="division by zero"):
        await host.reload("a")
    await load.more()
    await load.stop()
    assert await host.call.process() == [before]
    assert load.wrong == []
    assert sorted((await host.call.known(what="heard"))[0]) == list(range(load.given["tick"]))


@pytest.mark.feature("M36")
async def test_who_waits_for_code_that_does_not_come_is_told_so(worker, profile, build, caplog):
    host = await worker()
    speaker = Speaker()
    said = []
    host.plugins.on_change(lambda status: said.append(str(status.state)))
    profile.install(build("a", "1.1.0", code="raise ValueError('no paint')", isolation="worker", more=DECLARES))
    profile.enable("a", isolation="worker")
    changing = asyncio.ensure_future(host.reload_changes())
    await until(lambda: host.commands.has("note") and "idle" in said, timeout_seconds=20)
    event = Event("plugin:a:tick", "", {"number": 1})
    asked = asyncio.gather(host.commands.dispatch("note 1", speaker), host.events.emit(event))
    await changing
    assert (await asked)[0]
    assert speaker.answers == ["a could not be started: a was replaced meanwhile, and its next code is not there"]
    assert "an event was not heard: a was replaced meanwhile, and its next code is not there" in caplog.text
    assert not host.commands.has("note")


SENDS = (
    CODE.replace(
        "    async def on_disable(self):\n",
        '    async def on_disable(self):\n        await self.context.events.emit("tick", {"number": 1})\n',
    )
    .replace("    def on_enable(self):\n", "    async def on_enable(self):\n")
    .replace(
        '        self.context.commands.add("added"',
        '        await self.context.events.emit("tick", {"number": 2})\n        self.context.commands.add("added"',
    )
)


@pytest.mark.feature("M36")
async def test_one_that_sends_what_it_hears_while_it_is_replaced_does_not_wait_for_itself(profile, build, running):
    more = f'{DECLARES}events = ["tick"]\n'
    profile.install(build("a", code=SENDS, isolation="worker", more=more))
    profile.enable("a", isolation="worker")
    host = await running(specs=Specs())
    began = asyncio.get_running_loop().time()
    await host.reload("a")
    assert asyncio.get_running_loop().time() - began < 4, "each would wait for 5 s"
    assert host.plugins.status("a").state == "active"
    await host.events.emit(Event("plugin:a:tick", "", {"number": 3}))
    assert 3 in (await host.call.known(what="heard"))[0]


SLEEPS = "        await asyncio.sleep(2)\n"
LOGS = CODE.replace(SLEEPS, f'{SLEEPS}        self.context.logger.warning("answered")\n')
MIGRATES = (
    LOGS
    + """
    def on_migrate(self, old, new):
        self.context.logger.warning("migrated from %d to %d", old, new)
"""
)


@pytest.mark.feature("M36")
async def test_where_what_it_keeps_changes_its_shape_the_process_before_has_ended_first(worker, profile, build, caplog):
    host = await worker(LOGS)
    speaker = Speaker()
    asking = asyncio.ensure_future(host.commands.dispatch("slow", speaker))
    await asyncio.sleep(0.1)
    text = manifest_text("a", "1.1.0", isolation="worker", more=DECLARES)
    text = text.replace("\n\n", "\ndata_version = 2\n\n", 1)
    profile.install(build("a", "1.1.0", code=MIGRATES, manifest=text))
    profile.enable("a", isolation="worker")
    await host.reload_changes()
    assert await asking
    assert len(speaker.answers) == 1
    told = [one.getMessage() for one in caplog.records if one.getMessage().startswith(("answered", "migrated"))]
    assert told == ["answered", "migrated from 1 to 2"]
