"""Who waits for a turn at another plugin's process is never what those wait for that have theirs."""

from __future__ import annotations

import pytest
from jackfield.host.remote.facets.turns import AT_ONCE
from jackfield.permissions import Permission

from tests.support.speakers import Speaker

pytestmark = pytest.mark.slow

MANY = AT_ONCE + 4

BOB = """
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        self.context.services.provide("places", self)
        self.context.events.on("plugin:ann:news", self.hear)

    async def find(self, place: str) -> str:
        await self.context.events.emit("asked", {"place": place})
        return place

    async def look(self, place: str) -> str:
        return place

    async def hear(self, event):
        ann = await self.context.services.require("ann:more")
        await ann.more(event.data["place"])
"""

ANN = """
import asyncio
from jackfield import Plugin, command

class Main(Plugin):
    async def on_enable(self):
        self.context.services.provide("more", self)
        self.context.events.on("plugin:bob:asked", self.hear)
        self.led_back = 0

    async def hear(self, event):
        places = await self.context.services.require("bob:places")
        await places.look(event.data["place"])
        self.led_back += 1

    async def more(self, place: str) -> None:
        await self.context.events.emit("further", {"place": place})
        self.led_back += 1

    @command("call")
    async def call(self, source, many: int):
        places = await self.context.services.require("bob:places")
        await asyncio.gather(*(places.find(str(number)) for number in range(many)))
        await source.reply(f"led back {self.led_back} times")

    @command("send")
    async def send(self, source, many: int):
        emit = self.context.events.emit
        await asyncio.gather(*(emit("news", {"place": str(number)}) for number in range(many)))
        await source.reply(f"led back {self.led_back} times")
"""

GRANTED = (Permission("services", ("call", "provide")), Permission("events", ("listen", "emit")))
ASKS = "".join(f'[[permissions]]\nresource = "{one.resource}"\nactions = {list(one.actions)}\n' for one in GRANTED)
COMMANDS = '[contributes]\ncommands = [{ name = "call" }, { name = "send" }]\n'


@pytest.mark.parametrize("isolation", ["worker", "inline"])
@pytest.mark.parametrize("line", ["call", "send"])
async def test_what_leads_back_to_who_asks_has_turns(profile, build, running, line, isolation):
    bob = build("bob", code=BOB, permissions=ASKS, isolation="worker")
    ann = build("ann", code=ANN, permissions=ASKS, more=COMMANDS, isolation=isolation)
    profile.install(bob, ann)
    profile.enable("bob", isolation="worker", permissions=GRANTED)
    profile.enable("ann", isolation=isolation, permissions=GRANTED)
    host = await running()
    speaker = Speaker()
    assert await host.commands.dispatch(f"{line} {MANY}", speaker)
    assert speaker.answers == [f"led back {MANY} times"]
