"""A worker may ask for a change of plugins while it is being changed itself, as often as that is (J23)."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.speakers import Speaker

pytestmark = pytest.mark.slow


MANAGES = '[[permissions]]\nresource = "plugins"\nactions = ["manage"]\nreason = "to help"\n'
HELPED = """
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        await self.context.plugins.load("helper")
"""
HELPER = """
from jackfield import Plugin

class Main(Plugin):
    pass
"""


@pytest.mark.feature("J23")
async def test_one_that_loads_another_one_when_it_is_enabled_does_so_each_time(profile, build, running):
    helped = build("a", code=HELPED, isolation="worker", more=MANAGES)
    profile.install(helped, build("helper", code=HELPER, isolation="worker"))
    profile.enable("a", "helper", isolation="worker")
    host = await running()
    for _ in range(2):
        assert [host.plugins.status(name).state for name in ("a", "helper")] == ["active", "active"]
        await host.disable("a")
        await host.unload("helper")
        assert [host.plugins.status(name).state for name in ("a", "helper")] == ["idle", "unloaded"]
        await host.enable("a")
    assert host.plugins.status("a").errors == 0


RELOADS = """
import asyncio
from jackfield import Plugin, command

class Main(Plugin):
    def on_load(self, previous):
        self.again = previous

    async def on_enable(self):
        if self.again:
            await self.context.plugins.reload("helper")
            await asyncio.sleep(0.3)

    def on_unload(self):
        return True

    @command("note")
    async def note(self, source):
        await source.reply("noted")
"""


@pytest.mark.feature("J23", "M36")
async def test_a_change_within_its_replacement_leaves_those_who_wait_for_it_waiting(profile, build, running):
    more = f'{MANAGES}[contributes]\ncommands = [{{ name = "note" }}]\n'
    helped = build("a", code=RELOADS, isolation="worker", more=more)
    profile.install(helped, build("helper", code=HELPER, isolation="worker"))
    profile.enable("a", "helper", isolation="worker")
    host = await running()
    replacing = asyncio.ensure_future(host.reload("a"))
    answers = []
    while not replacing.done():
        speaker = Speaker()
        await host.commands.dispatch("note", speaker)
        answers += speaker.answers
        await asyncio.sleep(0.005)
    await replacing
    assert [host.plugins.status(name).state for name in ("a", "helper")] == ["active", "active"]
    assert set(answers) == {"noted"}
