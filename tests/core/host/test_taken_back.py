"""What a plugin was handed, and what it began, goes with the permission by which it did."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from jackfield.host import Host
from jackfield.permissions import Permission

from tests.support.frail import Specs
from tests.support.http_server import http_server
from tests.support.speakers import Speaker
from tests.support.waiting import until

pytestmark = pytest.mark.slow

HOLDER = """
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    async def message_received(self, text: str):
        self.file = await self.context.files.open(text, "rb")
        return "opened"

    @hookimpl
    async def process(self):
        import os
        return os.getpid()
"""


@pytest.mark.feature("C5", "C11")
async def test_what_a_worker_has_open_ends_with_the_permission_to_it(profile, build, running, tmp_path):
    (tmp_path / "diary").write_text("secret")
    folder = Permission("files", ("read",), paths=(str(tmp_path),))
    asks = f'[[permissions]]\nresource = "files"\nactions = ["read"]\npaths = ["{tmp_path}"]\n'
    profile.install(build("weather", code=HOLDER, isolation="worker", permissions=asks))
    profile.enable("weather", isolation="worker", permissions=[folder])
    host = await running(specs=Specs())
    assert await host.call.message_received(text=str(tmp_path / "diary")) == ["opened"]
    before = (await host.call.process())[0]
    profile.enable("weather", isolation="worker", permissions=[folder])
    await host.reload_changes()
    assert (await host.call.process())[0] == before, "nothing has changed"
    grant = host.state.get("grants/weather")
    host.state.change({"grants/weather": {**grant, "permissions": []}}, by="ann")
    await host.reload_changes()
    if host.plugins.status("weather").state == "active":
        assert (await host.call.process())[0] != before
    await until(lambda: not Path(f"/proc/{before}").exists())


CONNECTS = """
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    async def message_received(self, text: str):
        self.connection = await self.context.network.connect("127.0.0.1", int(text))
        return "connected"
"""


@pytest.mark.feature("C5", "C11")
@pytest.mark.parametrize("isolation", ["inline", "worker"])
async def test_a_connection_ends_with_the_permission_for_its_host(profile, build, running, isolation):
    ended: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.set_result(await reader.read())
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        here = Permission("network", ("connect",), hosts=(f"127.0.0.1:{port}",))
        asks = f'[[permissions]]\nresource = "network"\nactions = ["connect"]\nhosts = ["127.0.0.1:{port}"]\n'
        profile.install(build("weather", code=CONNECTS, isolation="any", permissions=asks))
        profile.enable("weather", isolation=isolation, permissions=[here])
        host = await running(specs=Specs())
        assert await host.call.message_received(text=str(port)) == ["connected"]
        grant = host.state.get("grants/weather")
        host.state.change({"grants/weather": {**grant, "permissions": []}}, by="ann")
        await host.reload_changes()
        assert await asyncio.wait_for(ended, 30) == b""


FETCHER = """
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    async def message_received(self, text: str):
        await self.context.http.get(text, timeout_seconds=100)
"""


@pytest.mark.feature("C5", "C11")
@pytest.mark.parametrize("isolation", ["inline", "worker"])
async def test_an_answer_by_http_ends_with_the_permission_for_its_host(profile, build, running, isolation):
    begun, ended = asyncio.Event(), asyncio.Event()

    async def stream(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x")
                await writer.drain()
                begun.set()
                await asyncio.sleep(0.01)
        finally:
            ended.set()

    async with http_server() as server:
        server.answers["/a"] = stream
        here = Permission("network", ("connect",), hosts=(f"127.0.0.1:{server.port}",))
        asks = f'[[permissions]]\nresource = "network"\nactions = ["connect"]\nhosts = ["{here.hosts[0]}"]\n'
        profile.install(build("weather", code=FETCHER, isolation="any", permissions=asks))
        profile.enable("weather", isolation=isolation, permissions=[here])
        host = await running(specs=Specs())
        asked = asyncio.create_task(host.call.message_received(text=f"{server.url}/a"))
        await asyncio.wait_for(begun.wait(), 30)
        grant = host.state.get("grants/weather")
        host.state.change({"grants/weather": {**grant, "permissions": []}}, by="ann")
        await host.reload_changes()
        await asyncio.wait_for(ended.wait(), 30)
        assert await asked == [], "who called is told of no answer"


GEO = """
from jackfield import Plugin

class Table:
    async def find(self, place: str) -> str:
        return f"found {place}"

class Main(Plugin):
    async def on_enable(self):
        self.context.services.provide("geocoder", Table())
"""

BEGINNER = """
from jackfield import Plugin, command
from jackfield.api import MenuItem, Text

class Guide:
    async def find(self, place: str) -> str:
        return place

class Main(Plugin):
    async def on_enable(self):
        context = self.context
        self.geocoder = await context.services.get("geo:geocoder")
        context.services.provide("guide", Guide())
        context.ui.add_component("box", Text("here"))
        context.ui.add_menu_item(MenuItem("entry", "Choose"))
        context.commands.add("undeclared", self.say)
        context.commands.add("look", self.say)

    async def say(self, source):
        try:
            await source.reply(await self.geocoder.find("Oslo"))
        except Exception as error:
            await source.reply(f"{type(error).__name__}: {error.message}")
"""

BEGINS = (
    Permission("services", ("call", "provide")),
    Permission("ui", ("component", "menu")),
    Permission("commands", ("register",)),
)
ASKS_TO_BEGIN = "".join(
    f'[[permissions]]\nresource = "{one.resource}"\nactions = {list(one.actions)}\n' for one in BEGINS
)


async def said(host: Host, line: str) -> list[str]:
    speaker = Speaker()
    return speaker.answers if await host.commands.dispatch(line, speaker) else ["nobody has it"]


async def shown(host: Host) -> list[str]:
    return [*(one.id for one in await host.ui.components()), *(one.id for one in host.ui.menu())]


@pytest.mark.feature("C5", "C11")
@pytest.mark.parametrize("isolation", ["inline", "worker"])
async def test_what_a_plugin_began_ends_with_the_permission_for_it(profile, build, running, isolation):
    declares = '[contributes]\ncommands = [{ name = "look" }]\n'
    profile.install(
        build("geo", code=GEO, more='[contributes]\nservices = ["geocoder"]\n'),
        build("weather", code=BEGINNER, permissions=ASKS_TO_BEGIN, more=declares, isolation="any"),
    )
    profile.enable("geo")
    profile.enable("weather", isolation=isolation, permissions=BEGINS)
    host = await running()
    offered = host.plugins.record("geo").wiring.around.services.named
    assert await said(host, "look") == await said(host, "undeclared") == ["found Oslo"]
    assert await shown(host) == ["weather:box", "weather:entry"]
    assert list(offered("guide")) == ["weather"]
    changed: list[str] = []
    host.ui.on_change(changed.append)
    grant = host.state.get("grants/weather")
    host.state.change({"grants/weather": {**grant, "permissions": []}}, by="ann")
    await host.reload_changes()
    assert host.plugins.status("weather").state == "active"
    assert await said(host, "look") == ["PermissionDenied: weather may not services:call"]
    assert await said(host, "undeclared") == ["nobody has it"]
    assert await shown(host) == []
    assert sorted(changed) == ["menu", "weather:box"]
    assert list(offered("guide")) == []
    host.state.change({"grants/weather": grant}, by="ann")
    await host.reload_changes()
    assert await said(host, "look") == ["found Oslo"]
    await host.disable("weather")
    await host.enable("weather")
    assert await shown(host) == ["weather:box", "weather:entry"]
