"""The plugin's side of a link: loading, callbacks, handlers, scopes, and calls that go back and forth."""

from __future__ import annotations

import asyncio
import threading

import pytest
from jackfield.api import Event
from jackfield.errors import PluginError, UsageError
from jackfield.runtime import CallbackAnswer, SourceData

from tests.support.plain_workers import plain_worker
from tests.support.waiting import until

pytestmark = pytest.mark.slow


HOOKS = """
import asyncio, threading
from jackfield import Plugin, command, listener
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    def on_load(self, previous):
        self.previous = previous

    async def on_enable(self):
        self.loop = asyncio.get_running_loop()

    def on_unload(self):
        return {"kept": self.previous, "thread": threading.current_thread() is threading.main_thread()}

    @hookimpl(tryfirst=True)
    def counted(self, number: int) -> int:
        return number + 1

    @hookimpl
    async def waited(self, text: str) -> str:
        await asyncio.sleep(0)
        return text.upper()

    @hookimpl(wrapper=True)
    def wrapped(self, number):
        return (yield)

    @command("add", aliases=("plus",))
    async def add(self, source, one: int, *more: int) -> None:
        \"\"\"Add numbers.\"\"\"
        await source.reply(f"{source.user}: {one + sum(more)}")

    @listener("plugin:poll:voted", priority=5)
    def heard(self, event):
        self.last = event.data["choice"]

    @hookimpl
    def last_heard(self) -> str:
        return self.last
"""


async def test_a_description_tells_all_that_a_host_has_to_know(tmp_path):
    async with plain_worker(tmp_path, HOOKS) as worker:
        told = await worker.load()
        assert set(told.callbacks) == {"on_load", "on_enable", "on_unload"}
        hooks = {one.name: one for one in told.hooks}
        assert hooks["counted"].arguments == ("number",)
        assert hooks["counted"].tryfirst
        assert hooks["waited"].asynchronous
        assert hooks["wrapped"].wrapper
        (command,) = told.commands
        assert (command.name, command.aliases, command.function.documentation) == ("add", ("plus",), "Add numbers.")
        (listener,) = told.listeners
        assert (listener.event, listener.priority) == ("plugin:poll:voted", 5)
        with pytest.raises(PluginError, match="weather is loaded"):
            await worker.load()


async def test_hooks_callbacks_and_handlers_run_in_the_process(tmp_path):
    answers: list[tuple[int, str]] = []

    async def reply(source: int, text: str) -> None:
        answers.append((source, text))

    async with plain_worker(tmp_path, HOOKS, {"source.reply": reply}) as worker:
        told = await worker.load()
        assert await worker.line.call("hook.counted", {"number": 1}, int | None) == 2
        assert await worker.line.call("hook.waited", {"text": "rain"}, str | None) == "RAIN"
        loaded = {"name": "on_load", "arguments": [{"days": 3}]}
        assert await worker.line.call("plugin.callback", loaded, CallbackAnswer) == CallbackAnswer()
        left = await worker.line.call("plugin.callback", {"name": "on_unload", "arguments": []}, CallbackAnswer)
        assert left.state == {"kept": {"days": 3}, "thread": True}
        event = Event("plugin:poll:voted", "poll", {"choice": "tea"})
        await worker.line.call("handler.event", {"handler": told.listeners[0].handler, "event": event}, None)
        assert await worker.line.call("hook.last_heard", {}, str | None) == "tea"
        asked = {"handler": told.commands[0].handler, "source": SourceData(7, "alice"), "arguments": [1, 2, 3]}
        await worker.line.call("handler.command", {**asked, "keywords": {}}, None)
        assert answers == [(7, "alice: 6")]
        await worker.line.call("plugin.health", {}, None)
        with pytest.raises(UsageError, match="no handler 99"):
            await worker.line.call("handler.event", {"handler": 99, "event": event}, None)


STATE = """
from jackfield import Plugin

class Main(Plugin):
    def on_unload(self):
        return {"open": open}
"""


async def test_state_that_is_no_data_is_told_of_in_a_sentence(tmp_path):
    async with plain_worker(tmp_path, STATE) as worker:
        await worker.load()
        left = await worker.line.call("plugin.callback", {"name": "on_unload", "arguments": []}, CallbackAnswer)
        assert left.state is None
        assert "what on_unload returned is no data" in left.problem


BACK = """
import threading
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main:
    @hookimpl
    def plain(self, depth: int) -> int:
        return self.context.calls.call_now("host.deeper", {"depth": depth}, int)

    @hookimpl
    async def awaited(self, depth: int) -> int:
        return await self.context.calls.call("host.deeper", {"depth": depth}, int)

    @hookimpl
    def crossed(self, depth: int) -> int:
        async def ask():
            return await self.context.calls.call("host.deeper", {"depth": depth}, int)
        return self.context.inside.crossing.wait("deeper", ask)

    @hookimpl
    def threaded(self, depth: int) -> int:
        found = []
        def ask():
            found.append(self.context.calls.call_now("host.deeper", {"depth": depth}, int))
        async def wait():
            thread = self.context.scheduler.start_thread(ask)
            await thread
            return found[0]
        return self.context.inside.crossing.wait("thread", wait)
"""


@pytest.mark.parametrize("hook", ["plain", "awaited", "crossed", "threaded"])
async def test_a_worker_that_calls_back_while_its_host_waits_does_not_deadlock(tmp_path, hook):
    async def deeper(depth: int) -> int:
        if not depth:
            return 0
        found: int = await worker.line.call(f"hook.{hook}", {"depth": depth - 1}, int)
        return 1 + found

    async with plain_worker(tmp_path, BACK, {"host.deeper": deeper}) as worker:
        await worker.load()
        await worker.line.call("scope.open", {}, None)
        assert await worker.line.call(f"hook.{hook}", {"depth": 5}, int) == 5


TASKS = """
import asyncio
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        self.context.scheduler.start(self.forever(), name="waiting")
        self.context.scheduler.every(0.005, self.fail, name="failing")
        self.kept = self.context.inside.handlers.keep(print)

    async def forever(self):
        await asyncio.sleep(600)

    def fail(self):
        raise ValueError("no rain")
"""


async def test_closing_the_scope_ends_what_was_begun_and_failures_beside_calls_are_told(tmp_path):
    failures: list[tuple[str, str, str]] = []

    def failed(what: str, kind: str, message: str, traceback: str) -> None:
        failures.append((what, kind, message))

    async with plain_worker(tmp_path, TASKS, {"plugin.failed": failed}) as worker:
        await worker.load()
        await worker.line.call("scope.open", {}, None)
        await worker.line.call("plugin.callback", {"name": "on_enable", "arguments": []}, CallbackAnswer)
        await until(lambda: failures)
        assert failures[0] == ("timer failing", "ValueError", "no rain")
        assert await worker.line.call("scope.close", {}, list[str]) == []
        count = len(failures)
        await worker.line.call("plugin.health", {}, None)
        assert len(failures) == count


ERRORS = """
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main:
    @hookimpl
    def counted(self, number: int) -> int:
        raise ValueError("not on Sundays")

    @hookimpl
    async def waited(self, text: str) -> str:
        raise SystemExit(3)

    @hookimpl
    def wrong(self) -> int:
        return "three"
"""


async def test_errors_cross_with_where_they_were_raised_and_end_nothing(tmp_path):
    async with plain_worker(tmp_path, ERRORS) as worker:
        await worker.load()
        with pytest.raises(ValueError, match="not on Sundays") as raised:
            await worker.line.call("hook.counted", {"number": 1}, int | None)
        assert "in counted" in raised.value.__notes__[0]
        with pytest.raises(RuntimeError, match="tried to end the process"):
            await worker.line.call("hook.waited", {"text": ""}, str | None)
        with pytest.raises(Exception, match="does not fit what is declared"):
            await worker.line.call("hook.wrong", {}, int | None)
        with pytest.raises(TypeError, match="the arguments of hook"):
            await worker.line.call("hook.counted", {"number": "one"}, int | None)
        await worker.line.call("plugin.health", {}, None)


def test_a_caller_that_waits_takes_the_line_and_what_it_leads_to_is_awaited(tmp_path):
    """The loop does not run between two `run_until_complete`; calls and calls back work all the same."""
    steps: list[int] = []

    async def deeper(depth: int) -> int:
        steps.append(depth)
        await asyncio.sleep(0)
        return 1 + await worker.line.call("hook.plain", {"depth": depth - 1}, int) if depth else 0

    from jackfield.isolation.line import codec_of

    loop = asyncio.new_event_loop()
    try:
        manager = plain_worker(tmp_path, BACK, {"host.deeper": deeper})
        worker = loop.run_until_complete(manager.__aenter__())
        loop.run_until_complete(worker.load())
        for hook in ("plain", "awaited", "plain"):
            assert worker.line.call_now(f"hook.{hook}", {"depth": 4}, codec_of(int), 10.0) == 4
        one = worker.line.begin_now("hook.plain", {"depth": 2}, codec_of(int), 10.0)
        other = worker.line.begin_now("hook.awaited", {"depth": 1}, codec_of(int), 10.0)
        assert (worker.line.finish_now(other), worker.line.finish_now(one)) == (1, 2)
        assert loop.run_until_complete(worker.line.call("hook.plain", {"depth": 3}, int)) == 3
        assert worker.line.call_now("hook.plain", {"depth": 1}, codec_of(int), 10.0) == 1
        loop.run_until_complete(manager.__aexit__(None, None, None))
    finally:
        loop.close()
    assert steps[:5] == [4, 3, 2, 1, 0]


async def test_a_synchronous_call_goes_by_the_loop_from_other_threads_and_not_from_its_own(tmp_path):
    from jackfield.isolation.line import codec_of

    async def deeper(depth: int) -> int:
        return int(threading.get_ident() == here)

    here = threading.get_ident()
    async with plain_worker(tmp_path, BACK, {"host.deeper": deeper}) as worker:
        await worker.load()
        asked = ("hook.plain", {"depth": 1}, codec_of(int), 10.0)
        assert await asyncio.to_thread(worker.line.call_now, *asked) == 1
        with pytest.raises(UsageError, match=r"the loop would stand still \(await host.call.plain"):
            worker.line.call_now(*asked)
