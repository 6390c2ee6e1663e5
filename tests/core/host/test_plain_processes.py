"""A host on a system that forks no workers: plugins in processes of their own that nothing confines, by choice."""

from __future__ import annotations

import os
import signal

import pytest
from jackfield.hooks import HookspecMarker
from jackfield.isolation import PlainChild
from jackfield.permissions import Permission

from tests.support.speakers import Speaker
from tests.support.waiting import until

pytestmark = pytest.mark.slow
hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec
    async def process(self) -> int: ...


CODE = """
import os
from jackfield import Plugin, command
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    def on_load(self, previous):
        self.counted = previous or 0

    def on_unload(self):
        return self.counted

    @hookimpl
    async def process(self):
        return os.getpid()

    @command("count")
    async def count(self, source):
        self.counted += 1
        await self.context.storage.set("counted", self.counted)
        await source.reply(f"{self.counted} {await self.context.storage.get('counted')}")

    @command("hog")
    def hog(self, source):
        self.kept = b"x" * (120 << 20)
"""
MORE = '[contributes]\ncommands = [{ name = "count" }, { name = "hog" }]\n'
STORAGE = '[[permissions]]\nresource = "storage"\nactions = ["read", "write"]\n'


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the way of systems other than Linux."""
    monkeypatch.setattr("jackfield.host.remote.workers.FORKS", False)


@pytest.fixture
def started(profile, build, running):
    """Start a host with one plugin, where its user chose."""

    async def start(choice: str):
        profile.install(build("weather", code=CODE, isolation="worker", more=MORE, permissions=STORAGE))
        granted = [Permission("storage", ("read", "write"))]
        profile.enable("weather", isolation=choice, permissions=granted)
        return await running(specs=Specs())

    return start


async def said(host, line: str) -> str:
    speaker = Speaker()
    assert await host.commands.dispatch(line, speaker)
    return " ".join(speaker.answers)


async def test_it_does_all_that_it_does_in_a_worker(started):
    host = await started("process")
    status = host.plugins.status("weather")
    assert (status.state, status.isolation, status.grade) == ("active", "process", "")
    (pid,) = await host.call.process()
    assert pid != os.getpid()
    assert isinstance(host.plugins.record("weather").remote.process._process, PlainChild)  # of that way, and no other
    assert await said(host, "count") == "1 1"
    await host.reload("weather")
    (after,) = await host.call.process()
    assert after != pid
    assert await said(host, "count") == "2 2", "what it knew was handed over"


@pytest.mark.feature("J25")
async def test_one_that_ends_is_told_and_comes_back(started):
    host = await started("process")
    steps: list[str] = []
    host.plugins.on_change(lambda status: steps.append(f"{status.state}: {status.problem}"))
    (pid,) = await host.call.process()
    os.kill(pid, signal.SIGKILL)
    await until(lambda: any(one.startswith("active") for one in steps), timeout_seconds=20)
    assert steps[0] == "failed: weather was killed by SIGKILL"
    assert await host.call.process() != [pid]


@pytest.mark.feature("C27")
async def test_where_it_can_be_measured_it_is_held_to_its_memory(started):
    host = await started("process")
    steps: list[str] = []
    host.plugins.on_change(lambda status: steps.append(f"{status.state}: {status.problem}"))
    await said(host, "hog")
    await until(lambda: any("MiB of 50 MiB and was stopped" in one for one in steps), timeout_seconds=20)


async def test_who_shall_be_confined_is_refused_in_a_sentence(started):
    host = await started("worker")
    status = host.plugins.status("weather")
    assert status.state == "failed"
    assert "weather cannot be confined: that needs Linux" in status.problem
    assert "jackfield isolation weather process" in status.problem
