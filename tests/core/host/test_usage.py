"""What plugins do in a host is attributed to them, while they run and afterwards."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from jackfield.analytics import PluginUsage, UsageFile
from jackfield.hooks import HookspecMarker

from tests.support.speakers import Speaker

hookspec = HookspecMarker("chat")


class Specs:
    @hookspec(pipeline="text")
    async def changed(self, text: str) -> str | None:
        """Change a text."""


CODE = """
from jackfield import HookimplMarker, Plugin, command
hookimpl = HookimplMarker("chat")

class Main(Plugin):
    async def on_enable(self):
        await self.context.storage.set("ready", True)
        self.context.events.on("plugin:busy:rain", self.heard)

    async def heard(self, event): pass

    @hookimpl
    async def changed(self, text):
        if text == "fail": raise ValueError("boom")
        return text + "!"

    @command("say")
    async def say(self, source, text: str):
        await self.context.api.send(text)
        await self.context.events.emit("rain", {})
        await source.reply("said")
"""

MORE = '[contributes]\ncommands = [{ name = "say" }]\nevents = ["rain"]\n'
PERMISSIONS = (
    '[[permissions]]\nresource = "storage"\nactions = ["read", "write"]\nreason = "remembers"\n'
    '[[permissions]]\nresource = "messages"\nactions = ["send"]\nreason = "speaks"\n'
)


class Api:
    """What plugins get of this small chat."""

    def __init__(self, plugin: str, check):
        self._check = check

    async def send(self, text: str) -> None:
        self._check("messages", "send")


@pytest.fixture
def busy(profile, build):
    profile.install(build("busy", code=CODE, more=MORE, permissions=PERMISSIONS))
    profile.enable("busy")


@pytest.mark.feature("C29", "C30")
async def test_hooks_commands_events_messages_and_storage_go_to_the_plugin(busy, running):
    host = await running(specs=Specs, api=Api)
    await host.call.changed(text="hello")
    await host.call.changed(text="fail")
    speaker = Speaker()
    await host.commands.dispatch("say hello", speaker)

    stats = host.usage.one("busy")
    assert [stats.calls_of(kind) for kind in ("hook", "command", "event", "sent")] == [2, 1, 1, 1]
    assert (stats.messages, stats.errors) == (1, 1)
    assert stats.actions["on_enable"] == 1
    hook = next(one for one in stats.uses if one.kind == "hook")
    assert (hook.use, hook.calls, hook.errors) == ("changed", 2, 1)
    assert 0 < hook.p99_seconds <= hook.worst_seconds <= hook.seconds
    (shown,) = host.observed.stats()
    assert shown.storage_bytes > 0


@pytest.mark.feature("C30")
async def test_a_plugin_that_cannot_be_imported_has_errors_and_no_uses_of_its_hooks(profile, build, running):
    profile.install(build("broken", code="raise ValueError('no')"))
    profile.enable("broken")
    host = await running(specs=Specs)
    stats = host.usage.one("broken")
    assert stats.errors == 1
    assert stats.calls_of("hook") == 0


@pytest.mark.feature("C32")
async def test_listeners_hear_of_every_use(busy, running):
    host = await running(specs=Specs, api=Api)
    heard: list[PluginUsage] = []
    host.usage.on_use(heard.append)
    await host.call.changed(text="hello")
    await host.commands.dispatch("say hello", Speaker())
    assert [one.action for one in heard] == [
        "changed",
        "command say",
        "messages:send",
        "plugin:busy:rain",
        "listener of plugin:busy:rain",
    ]
    assert {one.plugin for one in heard} == {"busy"}


async def test_runs_are_added_up_in_the_profile_and_a_run_begins_at_zero(busy, profile, running):
    host = await running(specs=Specs, api=Api)
    await host.call.changed(text="hello")
    await host.stop()
    await host.start()
    assert host.usage.one("busy").calls_of("hook") == 0
    await host.call.changed(text="hello")
    await host.stop()
    (stats,) = UsageFile(profile.layout.usage).read()
    assert stats.calls_of("hook") == 2


@pytest.mark.slow
@pytest.mark.feature("U21")
def test_nothing_of_it_leaves_the_machine(busy, profile):
    """A whole run in a process that may open no connection: the audit hook of Python sees each attempt (PEP 578)."""
    code = f"""
import asyncio, sys
from pathlib import Path
from jackfield.store import Layout
from tests.core.host.test_usage import Api, Specs
from tests.support.profiles import Profile

seen = []
sys.addaudithook(lambda event, arguments: seen.append(arguments) if event in ("socket.connect", "socket.sendto",
                 "socket.getaddrinfo") else None)

async def main():
    host = Profile(Layout(Path({str(profile.layout.root)!r}))).host(specs=Specs, api=Api)
    await host.start()
    await host.call.changed(text="hello")
    assert host.usage.one("busy").invocations
    await host.stop()

asyncio.run(main())
import socket
assert not seen, seen
try:
    socket.create_connection(("127.0.0.1", 9), timeout=0.1)
except OSError:
    pass
assert seen  # the hook does see connections
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


async def test_time_of_a_command_is_the_time_that_it_took(profile, build, running):
    code = CODE.replace('await source.reply("said")', "import asyncio; await asyncio.sleep(0.05)")
    profile.install(build("busy", code=code, more=MORE, permissions=PERMISSIONS))
    profile.enable("busy")
    host = await running(specs=Specs, api=Api)
    await host.commands.dispatch("say hello", Speaker())
    used = next(one for one in host.usage.one("busy").uses if one.kind == "command")
    assert used.seconds >= 0.045
    await asyncio.sleep(0)
