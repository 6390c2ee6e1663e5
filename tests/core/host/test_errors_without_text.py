"""Errors whose own code for their text fails, or that hold no text: they are told as any other, and at once."""

from __future__ import annotations

import logging

import pytest

from tests.support.frail import Specs
from tests.support.speakers import Speaker
from tests.support.waiting import until

pytestmark = pytest.mark.slow

CODE = """
from jackfield import Plugin, command
from jackfield.errors import PluginError
from pluggy import HookimplMarker

class Odd(Exception):
    def __str__(self):
        raise RuntimeError("of the text")

def raised(name):
    if name == "odd":
        return Odd()
    if name == "half":
        return ValueError("caf\\udce9")
    return PluginError("here", hint=5)

class Main(Plugin):
    @HookimplMarker("chat")
    async def message_received(self, text: str):
        raise raised(text)

    @command("raise")
    async def fail(self, source, text: str):
        raise raised(text)

    @command("begin")
    async def begin(self, source, text: str):
        self.context.scheduler.after(0, self.later, text)
        await source.reply("begun")

    async def later(self, text):
        raise raised(text)
"""
COMMANDS = '[contributes]\ncommands = [{ name = "raise" }, { name = "begin" }]\n'
SAID = {
    "odd": "Odd in {}: <exception str() failed>",
    "half": r"ValueError in {}: caf\udce9",
    "untold": "PluginError in {}: here",
}


@pytest.mark.parametrize("isolation", ["inline", "worker"])
@pytest.mark.parametrize("kind", SAID)
async def test_each_is_the_failure_of_its_plugin_at_once(profile, build, running, monkeypatch, isolation, kind):
    # What the log keeps of half a character no process can send to another, and so no report of a test.
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)
    profile.install(build("weather", code=CODE, more=COMMANDS, isolation="any"))
    profile.enable("weather", isolation=isolation)
    host = await running(specs=Specs())
    failures: list[str] = []

    def last() -> str:
        told: str = host.plugins.record("weather").last_failure
        failures.append(told)
        return told

    assert await host.call.message_received(text=kind) == []
    assert last().startswith(SAID[kind].format("hook message_received"))
    speaker = Speaker()
    assert await host.commands.dispatch(f"raise {kind}", speaker)
    assert len(speaker.answers) == 1
    assert "did not answer" not in speaker.answers[0]
    assert await host.commands.dispatch(f"begin {kind}", speaker)
    await until(lambda: last().startswith(SAID[kind].format("timer Main.later")))
    assert host.plugins.status("weather").state == "active"
    assert not any("did not answer" in one for one in failures)
