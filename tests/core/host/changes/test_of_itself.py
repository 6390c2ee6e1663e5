"""A plugin that asks for a change of itself, in something that it does for others: it hears what came of it."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.speakers import Speaker

pytestmark = pytest.mark.slow


PERMISSIONS = """
[[permissions]]
resource = "commands"
actions = ["register"]
[[permissions]]
resource = "events"
actions = ["emit", "listen"]
[[permissions]]
resource = "plugins"
actions = ["read", "manage"]
"""
COMMANDS = """
[contributes]
commands = [{ name = "ask", usage = "ask <what>" }, { name = "emit", usage = "emit <what>" }]
"""
CODE = """
import asyncio
from jackfield import Plugin, command

class Main(Plugin):
    async def on_load(self, previous):
        self.asked = previous or 0

    async def on_unload(self):
        return self.asked

    async def on_enable(self):
        self.context.events.on("asked", self.hear)

    async def ask(self, what):
        self.asked += 1
        info = await getattr(self.context.plugins, what)("a")
        return info if isinstance(info, bool) else info.state

    async def hear(self, event):
        self.heard = str(await self.ask(event.data["what"]))

    @command("ask")
    async def ask_by_command(self, source, what: str):
        await source.reply(str(await self.ask(what)))

    @command("emit")
    async def ask_by_event(self, source, what: str):
        await self.context.events.emit("asked", {"what": what})
        await source.reply(self.heard)

    @command("slow")
    async def slow(self, source):
        await self.context.plugins.reload("a")
        await source.reply("reloaded")
        await asyncio.sleep(3600)

    @command("asked")
    async def count(self, source):
        await source.reply(str(self.asked))
"""
SOON_SECONDS = 4.0
"""Less than the time after which a worker's call is broken off."""


@pytest.fixture
def started(profile, build, running):
    async def start(isolation: str):
        more = COMMANDS.replace("commands = [", 'commands = [{ name = "slow" }, { name = "asked" }, ')
        profile.install(build("a", code=CODE, isolation="any", permissions=PERMISSIONS, more=more))
        profile.enable("a", isolation=isolation)
        return await running()

    return start


async def said(host, text: str) -> list[str]:
    source = Speaker()
    async with asyncio.timeout(SOON_SECONDS):
        assert await host.commands.dispatch(text, source)
    return source.answers


@pytest.mark.parametrize("isolation", ["inline", "worker"])
@pytest.mark.parametrize("how", ["ask", "emit"])
@pytest.mark.parametrize(
    ("what", "answer", "state"),
    [
        ("reload", "active", "active"),
        ("disable", "idle", "idle"),
        ("unload", "True", "unloaded"),
        ("enable", "active", "active"),
        ("load", "active", "active"),
    ],
)
@pytest.mark.feature("J19", "M36")
async def test_it_has_its_answer_and_is_blamed_for_nothing(started, isolation, how, what, answer, state):
    host = await started(isolation)
    assert await said(host, f"{how} {what}") == [answer]
    async with asyncio.timeout(5):
        while str(host.plugins.status("a").state) != state:  # noqa: ASYNC110 (a state)
            await asyncio.sleep(0.01)
    assert host.plugins.status("a").errors == 0
    if what == "reload":
        assert await said(host, "asked") == ["1"], "what it has counted was handed over"


@pytest.mark.parametrize("isolation", ["inline", "worker"])
async def test_the_process_before_ends_with_the_host_though_its_command_goes_on(started, isolation):
    host = await started(isolation)
    source = Speaker()
    task = asyncio.create_task(host.commands.dispatch("slow", source))
    async with asyncio.timeout(SOON_SECONDS):
        while not source.answers:  # noqa: ASYNC110 (an answer)
            await asyncio.sleep(0.01)
    assert source.answers == ["reloaded"]
    async with asyncio.timeout(10):
        await host.stop()
        await task
    assert not [one for one in asyncio.all_tasks() if "finish" in repr(one.get_coro())]
