"""An external plugin that echoes and counts, the house that it comes to, and what is heard of it there."""

from __future__ import annotations

from pathlib import Path

from jackfield.hooks import HookspecMarker
from jackfield.host import Host

from tests.support.guests import House, manifest, open_house, status
from tests.support.speakers import Speaker
from tests.support.waiting import until

hookspec = HookspecMarker("chat")
COMMAND = '[contributes]\ncommands = [{ name = "count" }]\n'
STORAGE = '[[permissions]]\nresource = "storage"\nactions = ["read", "write"]\nreason = "to count"\n' + COMMAND

CODE = """
from jackfield import HookimplMarker, Plugin, command

hookimpl = HookimplMarker("chat")


class Main(Plugin):
    calls = 0

    async def on_enable(self):
        self.context.logger.warning("enabled")

    async def on_disable(self):
        self.context.logger.warning("disabled")

    def on_unload(self):
        self.context.logger.warning("unloaded")
        return {"calls": self.calls}

    @hookimpl
    def told(self, text):
        return text.upper()

    @command("count")
    async def count(self, source):
        self.calls += 1
        kept = await self.context.storage.get("calls", 0) + 1
        await self.context.storage.set("calls", kept)
        await source.reply(f"{self.calls} of {kept}")
"""


class Specs:
    @hookspec
    def told(self, text: str) -> str | None:
        """Hear."""


def an_open_house(folder: Path):
    return open_house(folder, specs=Specs())


def said(host: Host) -> list[str]:
    """What the plugin has written into its log."""
    return [line.message for line in host.logs.lines("echo")]


async def counted(host: Host) -> list[str]:
    speaker = Speaker()
    await host.commands.dispatch("count", speaker)
    return speaker.answers


async def up(host: Host) -> None:
    await host.plugins.wait_for("echo", timeout_seconds=20)


async def gone(host: Host) -> None:
    await until(lambda: not status(host).state.runs_code)


def know(house: House) -> str:
    return house.know(text=manifest(more=STORAGE))
