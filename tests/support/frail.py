"""A plugin whose process sleeps, dies or takes too much when it is told to, and what is heard of it."""

from __future__ import annotations

from jackfield.hooks import HookspecMarker

hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec
    async def process(self) -> int: ...

    @hookspec
    async def message_received(self, text: str) -> str: ...


CODE = """
import os, time
from jackfield import Plugin, command
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    async def process(self):
        return os.getpid()

    @hookimpl
    def message_received(self, text: str):
        if text == "sleep":
            time.sleep(60)
        if text == "die":
            os._exit(7)
        if text == "hog":
            self.kept = b"x" * (120 << 20)
        return text

    @command("where")
    async def where(self, source):
        await source.reply(str(os.getpid()))

    @command("vanish")
    async def vanish(self, source):
        os._exit(7)
"""

COMMANDS = '[contributes]\ncommands = [{ name = "where" }, { name = "vanish" }]\n'


async def pid_of(host):
    (pid,) = await host.call.process()
    return pid


def told(host, plugin: str = "weather") -> list[str]:
    """What the plugin's life says, step by step, with the problem."""
    said: list[str] = []

    def hear(status) -> None:
        if status.id == plugin:
            said.append(f"{status.state}: {status.problem}")

    host.plugins.on_change(hear)
    return said
