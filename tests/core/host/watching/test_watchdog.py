"""A plugin that blocks the event loop is named, with what it was at (U18), and every stack can be told (U19, U31)."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest
from jackfield.hooks import HookspecMarker

from tests.support.speakers import Speaker
from tests.support.waiting import until

pytestmark = pytest.mark.slow


hookspec = HookspecMarker("chat")


class Specs:
    @hookspec
    def told(self) -> None:
        """Hear."""

    @hookspec
    def briefly(self) -> None:
        """Hear, and be done soon."""

    @hookspec
    async def awaited(self) -> None:
        """Hear later."""


SLOW = """
import asyncio, time
from jackfield import HookimplMarker, Plugin, command
hookimpl = HookimplMarker("chat")

class Main(Plugin):
    def on_enable(self):
        self.context.scheduler.start(self.waiting(), name="waiting for rain")

    async def waiting(self):
        await asyncio.Event().wait()

    def busy(self):
        until = time.monotonic() + 0.6
        while time.monotonic() < until:
            time.sleep(0.01)

    @hookimpl
    def told(self): self.busy()

    @hookimpl
    def briefly(self): time.sleep(0.005)

    @hookimpl
    async def awaited(self):
        await asyncio.sleep(0)
        self.busy()

    @command("block")
    async def block(self, source): self.busy()

    @command("sleep")
    async def sleep(self, source): await asyncio.sleep(0.6)
"""
MORE = '[contributes]\ncommands = [{ name = "block" }, { name = "sleep" }]\n'


@pytest.fixture
async def host(profile, build, running):
    profile.install(build("slow", code=SLOW, more=MORE), build("other", code=SLOW.replace("block", "other")))
    profile.enable("slow")
    return await running(specs=Specs, watchdog_seconds=0.15)


async def block(host, use: str) -> None:
    if use == "command block":
        await host.commands.dispatch("block", Speaker())
    elif use == "hook awaited":
        await host.call.awaited()
    else:
        host.hook.told()


@pytest.mark.feature("U18")
@pytest.mark.parametrize("use", ["command block", "hook told", "hook awaited"])
async def test_who_blocks_the_loop_is_named_with_the_place_and_counted_once(host, caplog, use):
    before = host.plugins.status("slow").blocked
    await block(host, use)
    await until(lambda: host.plugins.status("slow").blocked > before)

    told = [one.getMessage() for one in caplog.records if f" in {use}, at chat_slow/__init__.py:" in one.getMessage()]
    assert len(told) == 1
    assert told[0].startswith("slow blocks the event loop for 0.")
    assert "in busy" in told[0]
    assert "chat_slow/__init__.py" in told[0].partition("\n")[2]  # the sampled stack
    status = host.plugins.status("slow")
    assert status.blocked_seconds >= 0.3
    stats = host.usage.one("slow")
    assert stats.blocked == status.blocked
    assert stats.blocked_seconds == pytest.approx(status.blocked_seconds)
    assert any("blocks the event loop" in line.message for line in host.logs.lines("slow"))


async def test_who_awaits_blocks_nobody(host, caplog):
    await host.commands.dispatch("sleep", Speaker())
    assert not [one for one in caplog.records if "in command sleep" in one.getMessage()]


async def test_the_hosts_own_code_is_not_blamed_on_a_plugin(host, caplog):
    time.sleep(0.5)  # noqa: ASYNC251 (this test blocks the loop)
    await until(lambda: "and not by a plugin" in caplog.text)


async def test_it_ends_with_the_host(profile, build, running):
    import threading

    host = await running(watchdog_seconds=0.1)
    names = {thread.name for thread in threading.enumerate()}
    assert "jackfield: watchdog" in names
    await host.stop()
    assert "jackfield: watchdog" not in {thread.name for thread in threading.enumerate()}


async def test_without_a_threshold_there_is_none(running):
    import threading

    await running(watchdog_seconds=None)
    assert "jackfield: watchdog" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.feature("U19", "U31")
async def test_every_thread_and_task_is_told_with_its_stack_while_the_loop_is_stuck(host):
    found = {}

    def look() -> None:
        time.sleep(0.2)
        found.update(host.observed.threads())

    looking = asyncio.get_running_loop().run_in_executor(None, look)
    host.hook.told()
    await looking

    loops = [one for one in found["threads"] if one["plugin"] == "slow"]
    assert len(loops) == 1
    assert "chat_slow/__init__.py" in loops[0]["stack"]
    waiting = next(one for one in found["tasks"] if one["name"] == "slow: waiting for rain")
    assert "in waiting" in waiting["stack"]


@pytest.mark.feature("U31")
async def test_a_plugins_traceback_names_its_file_in_the_store(profile, build, running):
    profile.install(build("broken", code="def f():\n    raise ValueError('no')\nf()\n"))
    profile.enable("broken")
    host = await running()
    error = host.plugins.status("broken").error
    assert f"{profile.layout.store}/" in error
    assert 'chat_broken/__init__.py", line 2, in f' in error


async def test_the_log_of_the_block_is_on_disk_while_it_lasts(host, profile):
    """Whoever kills a host that hangs finds out afterwards who hung it."""
    logging.getLogger("chat.plugins.slow").info("before")
    path = profile.layout.logs / "slow.jsonl"
    await until(lambda: path.exists() and "before" in path.read_text())


async def test_many_short_calls_are_not_blamed_on_the_one_that_is_under_way_at_the_look(host, caplog):
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def flood() -> None:
        """What a thousand messages of somebody do: the loop does not get round to anything else for 0.6 s."""
        for _ in range(120):
            loop.call_soon(host.hook.briefly)
        loop.call_soon(done.set)

    loop.call_soon(flood)
    await done.wait()
    await until(lambda: "and not by a plugin" in caplog.text)
    assert "slow blocks" not in caplog.text
