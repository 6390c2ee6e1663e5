"""A worker that is taken down or replaced while it is asked for something: that is no failure of its plugin."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from jackfield.errors import TakenDown
from jackfield.hooks import HookspecMarker
from jackfield.host import Host
from jackfield.permissions import Permission

from tests.support.http_server import http_server
from tests.support.speakers import Speaker
from tests.support.waiting import until

pytestmark = pytest.mark.slow


hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec
    async def asked(self) -> str: ...

    @hookspec
    async def using(self, go_on: str) -> str: ...

    @hookspec(on_error="raise")
    async def asked_strictly(self) -> str: ...


CODE = """
import asyncio
from jackfield import Plugin, command
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    async def _work(self):
        (self.context.config_dir / "begun").touch()
        await asyncio.sleep(60)

    @hookimpl
    async def asked(self):
        await self._work()

    @hookimpl
    async def asked_strictly(self):
        await self._work()

    @command("work")
    async def work(self, source):
        await self._work()
"""
MORE = '[contributes]\ncommands = [{ name = "work" }]\n'


async def disable(host: Host) -> None:
    await host.disable("a")
    await host.unload("a")


async def unload(host: Host) -> None:
    await host.unload("a")


async def stop(host: Host) -> None:
    await host.stop()


@pytest.fixture
def at_work(profile, build, running):
    """Start a host and have its worker begin what is asked of it."""

    async def start(ask: Callable[[Host], Any]) -> tuple[Host, asyncio.Task[Any]]:
        profile.install(build("a", code=CODE, isolation="worker", more=MORE))
        profile.enable("a", isolation="worker")
        host = await running(specs=Specs())
        asking = asyncio.create_task(ask(host))
        await until((profile.layout.config("a") / "begun").exists)
        return host, asking

    return start


def errors_of(host: Host) -> list[int]:
    """What is counted against the plugin, as `list`, `doctor` and `stats` show it."""
    status = host.plugins.status("a")
    assert not [one for one in status.problems if "did not answer" in one or "taken down" in one], status.problems
    (stats,) = host.observed.stats()
    return [status.errors, stats.errors]


@pytest.mark.parametrize("change", [disable, unload, stop])
async def test_a_hook_under_way_is_left_out_when_its_plugin_is_taken_down(at_work, caplog, change):
    caplog.set_level(logging.INFO)
    host, asking = await at_work(lambda host: host.call.asked())
    await change(host)
    assert await asking == []
    assert errors_of(host) == [0, 0]
    assert (
        "hook asked goes on without plugin a: a did not answer hook asked: it was disabled or unloaded meanwhile"
        in (caplog.text)
    )
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_where_a_hook_raises_the_application_is_told_what_became_of_the_plugin(at_work):
    host, asking = await at_work(lambda host: host.call.asked_strictly())
    await host.unload("a")
    with pytest.raises(TakenDown, match="a did not answer hook asked_strictly: it was disabled or unloaded meanwhile"):
        await asking
    assert errors_of(host) == [0, 0]


@pytest.mark.parametrize("change", [disable, unload])
async def test_who_gave_a_command_is_told_so_and_nobody_is_blamed(at_work, change):
    speaker = Speaker()
    host, asking = await at_work(lambda host: host.commands.dispatch("work", speaker))
    await change(host)
    await asyncio.gather(asking, return_exceptions=True)
    assert errors_of(host) == [0, 0]


async def test_a_process_that_is_killed_while_it_is_asked_is_one(at_work):
    host, asking = await at_work(lambda host: host.call.asked())
    host.plugins.record("a").remote.process.kill()
    assert await asking == []
    assert host.plugins.status("a").errors == 1


async def test_a_worker_cannot_say_of_its_own_failure_that_it_was_planned(profile, build, running):
    code = CODE.replace("await asyncio.sleep(60)", "raise TakenDown('it was taken down', plugin='a')")
    code = code.replace("import asyncio\n", "import asyncio\nfrom jackfield.errors import TakenDown\n")
    profile.install(build("a", code=code, isolation="worker", more=MORE))
    profile.enable("a", isolation="worker")
    host = await running(specs=Specs())
    assert await host.call.asked() == []
    assert host.plugins.status("a").errors == 1


PROVIDES = """
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        self.context.services.provide("geo", self)

    async def find(self):
        return "found"
"""
USES = """
import asyncio
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    geo = None

    async def on_enable(self):
        if self.geo is None:
            self.geo = await self.context.services.get("geo")

    def on_unload(self):
        (self.context.config_dir / "ended").touch()

    @hookimpl
    async def using(self, go_on: str):
        (self.context.config_dir / "begun").touch()
        while not (self.context.config_dir / go_on).exists():
            await asyncio.sleep(0.01)
        return await self.geo.find()
"""


@pytest.fixture
def consumer(profile, build, running):
    """Start a host with a provider and who uses it, in workers."""

    async def start() -> Host:
        profile.install(
            build("p", code=PROVIDES, isolation="worker", more='[contributes]\nservices = ["geo"]\n'),
            build("q", code=USES, isolation="worker", more='[requires]\np = "*"\n'),
        )
        profile.enable("p", "q", isolation="worker")
        host: Host = await running(specs=Specs())
        return host

    return start


async def test_a_service_is_held_over_a_reload_until_what_uses_it_has_ended(consumer, profile):
    host = await consumer()
    own = profile.layout.config("q")
    asking = asyncio.create_task(host.call.using(go_on="ended"))  # its scope has been closed before that
    await until((own / "begun").exists)
    await host.reload("p")
    assert await asking == ["found"]
    assert [host.plugins.status(one).errors for one in "pq"] == [0, 0]


async def test_a_handle_of_before_says_what_to_do(consumer, profile):
    host = await consumer()
    (profile.layout.config("q") / "now").touch()
    assert await host.call.using(go_on="now") == ["found"]
    await host.disable("q")
    await host.enable("q")
    assert await host.call.using(go_on="now") == []
    (problem,) = host.plugins.status("q").problems
    assert "q called find of a service that it had found before it was disabled or reloaded" in problem
    assert "await context.services.get(…)" in problem


FETCHES = """
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    def on_unload(self):
        (self.context.config_dir / "ended").touch()

    @hookimpl
    async def using(self, go_on: str):
        return (await self.context.http.get(go_on)).text
"""


async def test_an_answer_by_http_reaches_a_process_that_is_replaced_meanwhile(profile, build, running):
    asked, may_end = asyncio.Event(), asyncio.Event()

    async def late(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await may_end.wait()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate")
        await writer.drain()

    async with http_server() as server:
        server.answers["/a"] = late
        here = Permission("network", ("connect",), hosts=(f"127.0.0.1:{server.port}",))
        asks = f'[[permissions]]\nresource = "network"\nactions = ["connect"]\nhosts = ["{here.hosts[0]}"]\n'
        profile.install(build("a", code=FETCHES, isolation="worker", permissions=asks))
        profile.enable("a", isolation="worker", permissions=[here])
        host = await running(specs=Specs())
        asking = asyncio.create_task(host.call.using(go_on=f"{server.url}/a"))
        await asyncio.wait_for(asked.wait(), 30)
        reloading = asyncio.create_task(host.reload("a"))
        await until((profile.layout.config("a") / "ended").exists)  # its scope has been closed before that
        may_end.set()
        assert await asking == ["late"]
        await reloading
        assert host.plugins.status("a").errors == 0
