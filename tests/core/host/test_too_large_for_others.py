"""What a plugin sends another one that no message can carry is the mistake of who sends it, and of nobody else."""

from __future__ import annotations

import pytest
from jackfield.hooks import HookspecMarker
from jackfield.permissions import Permission
from jackfield.rpc import FRAME_BYTES

from tests.support.speakers import Speaker

pytestmark = pytest.mark.slow

VICTIM = """
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        self.context.services.provide("geocoder", self)
        self.context.events.on("plugin:mallory:news", self.hear)

    async def hear(self, event): ...

    async def find(self, place: bytes) -> int:
        return len(place)
"""

MALLORY = """
from jackfield import Plugin, command
from jackfield.errors import CannotCross

class Main(Plugin):
    @command("call")
    async def call(self, source, size: int):
        geocoder = await self.context.services.require("victim:geocoder")
        await self.told(source, geocoder.find(b"x" * size))

    @command("send")
    async def send(self, source, size: int):
        await self.told(source, self.context.events.emit("news", {"place": b"x" * size}))

    async def told(self, source, done):
        try:
            await source.reply(f"went well: {await done}")
        except CannotCross as error:
            await source.reply(f"CannotCross: {error}")
"""

GRANTED = (Permission("services", ("call", "provide")), Permission("events", ("listen", "emit")))
ASKS = "".join(f'[[permissions]]\nresource = "{one.resource}"\nactions = {list(one.actions)}\n' for one in GRANTED)
DECLARES = '[contributes]\ncommands = [{ name = "call" }, { name = "send" }]\n'


@pytest.mark.parametrize("isolation", ["worker", "inline"])
@pytest.mark.parametrize("what", ["call", "send"])
async def test_who_was_to_be_given_it_is_not_blamed(profile, build, running, what, isolation):
    profile.install(
        build("victim", code=VICTIM, permissions=ASKS, isolation="worker"),
        build("mallory", code=MALLORY, permissions=ASKS, more=DECLARES, isolation="any"),
    )
    profile.enable("victim", isolation="worker", permissions=GRANTED)
    profile.enable("mallory", isolation=isolation, permissions=GRANTED)
    profile.state.change({"limits/mallory": {"traffic": 256 << 20}}, by="test")
    host = await running()
    speaker = Speaker()
    for less in range(130, 30, -2):  # some of these fit into a message to the host, and not into the next one
        assert await host.commands.dispatch(f"{what} {FRAME_BYTES - less}", speaker)
    assert "went well" in speaker.answers[0]
    assert "CannotCross" in speaker.answers[-1]
    refused = "plugin:mallory:news did not reach victim" if what == "send" else "find of the service geocoder"
    assert any(one.startswith(f"CannotCross: {refused}: a message of ") for one in speaker.answers)
    victim = host.plugins.status("victim")
    assert (victim.state, victim.errors, victim.problem) == ("active", 0, "")


GROWS = """
from jackfield import HookimplMarker, Plugin

class Main(Plugin):
    @HookimplMarker("chat")(tryfirst=FIRST)
    def grow(self, text):
        return ANSWER
"""


class Specs:
    @HookspecMarker("chat")(pipeline="text")
    def grow(self, text: str) -> str:
        """Make more of a text."""


async def test_who_could_not_be_given_what_another_one_made_of_it_is_not_blamed(profile, build, running, caplog):
    profile.install(
        build("mallory", code=GROWS.replace("FIRST", "True").replace("ANSWER", '"x" * int(text)'), isolation="worker"),
        build("victim", code=GROWS.replace("FIRST", "False").replace("ANSWER", '"seen"'), isolation="worker"),
    )
    profile.enable("mallory", "victim", isolation="worker")
    profile.state.change({"limits/mallory": {"traffic": 256 << 20}}, by="test")
    host = await running(specs=Specs())
    answers = [await host.call.grow(text=str(FRAME_BYTES - less)) for less in range(60, 6, -2)]
    assert answers[0] == "seen"
    assert len(answers[-1]) > FRAME_BYTES - 10, "it went on without the one that it did not reach"
    assert "hook grow did not reach victim; the others go on" in caplog.text
    victim = host.plugins.status("victim")
    assert (victim.state, victim.errors, victim.problem) == ("active", 0, "")
