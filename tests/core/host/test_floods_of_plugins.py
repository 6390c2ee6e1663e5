"""What one plugin asks of another one all at once waits in the host, and nobody is stopped for being late with it."""

from __future__ import annotations

import pytest
from jackfield.host.remote.facets.turns import AT_ONCE
from jackfield.permissions import Permission

from tests.support.speakers import Speaker

pytestmark = pytest.mark.slow

MANY = 60

VICTIM = """
import asyncio
from jackfield import Plugin, command

class Main(Plugin):
    async def on_enable(self):
        self.here = self.most = self.all = 0
        self.context.services.provide("geocoder", self)
        self.context.events.on("plugin:mallory:news", self.hear)

    async def find(self, place: str) -> str:
        self.here += 1
        self.most = max(self.most, self.here)
        await asyncio.sleep(0.01)
        self.here -= 1
        self.all += 1
        return place

    async def hear(self, event):
        await self.find(event.data["place"])

    @command("asked")
    async def asked(self, source):
        await source.reply(f"{self.all} asked, {self.most} at once")
"""

MALLORY = """
import asyncio
from jackfield import Plugin, command

class Main(Plugin):
    @command("call")
    async def call(self, source, many: int):
        geocoder = await self.context.services.require("victim:geocoder")
        found = await asyncio.gather(*(geocoder.find(str(number)) for number in range(many)))
        await source.reply(str(found == [str(number) for number in range(many)]))

    @command("send")
    async def send(self, source, many: int):
        emit = self.context.events.emit
        await asyncio.gather(*(emit("news", {"place": str(number)}) for number in range(many)))
        await source.reply("sent")
"""

GRANTED = (Permission("services", ("call", "provide")), Permission("events", ("listen", "emit")))
ASKS = "".join(f'[[permissions]]\nresource = "{one.resource}"\nactions = {list(one.actions)}\n' for one in GRANTED)
DECLARES = "[contributes]\ncommands = [{names}]\n"


@pytest.mark.parametrize(("line", "answer"), [(f"call {MANY}", "True"), (f"send {MANY}", "sent")])
async def test_few_at_a_time_are_at_a_process_and_all_have_their_turn(profile, build, running, line, answer):
    wheels = []
    for name, code, names in (("victim", VICTIM, ["asked"]), ("mallory", MALLORY, ["call", "send"])):
        more = DECLARES.format(names=", ".join(f'{{ name = "{one}" }}' for one in names))
        wheels.append(build(name, code=code, permissions=ASKS, more=more, isolation="worker"))
    profile.install(*wheels)
    profile.enable("victim", "mallory", isolation="worker", permissions=GRANTED)
    host = await running()
    speaker = Speaker()
    assert await host.commands.dispatch(line, speaker)
    assert await host.commands.dispatch("asked", speaker)
    told, asked = speaker.answers
    assert told == answer
    assert asked in [f"{MANY} asked, {most} at once" for most in range(1, AT_ONCE + 1)]
