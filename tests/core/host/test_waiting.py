"""A caller waits for its answer or until the time is over; what takes long runs in a thread beside the loop (U36)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from jackfield.errors import PluginError
from jackfield.hooks import HookspecMarker

from tests.support.speakers import Speaker
from tests.support.waiting import until

hookspec = HookspecMarker("chat")

SLOW = """
import threading
from jackfield import Plugin, new_thread

class Main(Plugin):
    def on_enable(self):
        self.go = threading.Event()
        self.asked = threading.Event()
        self.context.services.provide("oracle", self)

    @new_thread
    def ask(self, question):
        self.asked.set()
        self.go.wait(20)
        return f"{question}? {threading.current_thread() is not threading.main_thread()}"
"""
ASKER = """
from jackfield import Plugin, command

class Main(Plugin):
    @command("ask")
    async def ask(self, source, question: str):
        oracle = await self.context.services.get("oracle")
        await source.reply(await oracle.ask(question))
"""
OFFERS = '[contributes]\nservices = ["oracle"]\n'
ASKS = '[requires]\noracle = "*"\n[contributes]\ncommands = [{ name = "ask" }]\n'


class Specs:
    @hookspec(timeout=0.05)
    async def answered(self, question: str) -> str: ...


@pytest.mark.feature("U36")
async def test_a_caller_waits_for_a_thread_while_everything_else_goes_on(profile, build, running):
    profile.install(build("oracle", code=SLOW, more=OFFERS), build("asker", code=ASKER, more=ASKS))
    profile.enable("oracle", "asker")
    host = await running()
    oracle: Any = host.plugins.record("oracle").loaded.target
    speaker = Speaker()
    waiting = asyncio.create_task(host.commands.dispatch("ask when", speaker))
    await until(oracle.asked.is_set)  # the loop runs while the thread works
    assert not waiting.done()
    oracle.go.set()
    assert await waiting
    assert speaker.answers == ["when? True"]


@pytest.mark.feature("U36")
async def test_a_caller_of_a_hook_has_every_answer_that_came_in_time(profile, build, running):
    code = """
import asyncio
from jackfield import Plugin
from jackfield.hooks import HookimplMarker
class Main(Plugin):
    @HookimplMarker("chat")
    async def answered(self, question):
        WAIT
        return question.upper()
"""
    profile.install(
        build("quick", code=code.replace("WAIT", "await asyncio.sleep(0)")),
        build("never", code=code.replace("WAIT", "await asyncio.Event().wait()")),
    )
    profile.enable("quick", "never")
    host = await running(specs=Specs)
    assert await host.call.answered(question="when") == ["WHEN"]
    assert "answered" in host.plugins.status("never").problem
    assert host.plugins.status("never").errors == 1


@pytest.mark.feature("U36")
async def test_a_command_that_never_answers_is_told_of_when_its_time_is_over(profile, build, running):
    code = ASKER.replace('oracle = await self.context.services.get("oracle")', "import asyncio").replace(
        "await oracle.ask(question)", "await asyncio.Event().wait()"
    )
    profile.install(build("asker", code=code, more='[contributes]\ncommands = [{ name = "ask" }]\n'))
    profile.enable("asker")
    host = await running(callback_timeout_seconds=0.5)
    speaker = Speaker()
    assert await host.commands.dispatch("ask when", speaker)
    assert "asker: command ask did not return within 0.5 s" in speaker.answers[0]


@pytest.mark.feature("U36")
async def test_a_thread_that_asks_waits_too(profile, build, running):
    profile.install(build("oracle", code=SLOW, more=OFFERS), build("asker", code=ASKER, more=ASKS))
    profile.enable("oracle", "asker")
    host = await running()
    oracle: Any = host.plugins.record("oracle").loaded.target
    oracle.go.set()
    blocking = host.plugins.record("asker").wiring.context.blocking
    answer = await asyncio.to_thread(lambda: blocking.services.get("oracle").ask("where").result())
    assert answer == "where? True"
    await host.disable("oracle")
    with pytest.raises(PluginError):
        await asyncio.to_thread(lambda: blocking.services.require("oracle"))
