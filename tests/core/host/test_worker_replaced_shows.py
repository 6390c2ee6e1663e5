"""While a worker is replaced its services and what it shows are there: who uses them waits, and is answered once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from jackfield.api import List
from jackfield.errors import PluginError, UnknownPlugin
from jackfield.hooks import HookspecMarker

from tests.support.load import Load
from tests.support.waiting import until

pytestmark = pytest.mark.slow


hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec
    async def known(self, what: str) -> list[int]: ...

    @hookspec
    async def process(self) -> int: ...

    @hookspec
    async def look_up(self, number: int, fresh: bool) -> str: ...


CODE = """
import asyncio, os
from jackfield import Plugin
from jackfield.api import Field, Form, List, MenuItem, Text
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Table:
    def __init__(self, plugin):
        self.plugin = plugin

    async def find(self, number: int):
        await asyncio.sleep(0.003)
        self.plugin.known_of["find"].append(number)
        return str(number)

class Main(Plugin):
    def on_load(self, previous):
        self.known_of = previous or {"find": [], "press": [], "choose": []}

    async def on_enable(self):
        await asyncio.sleep(0.05)
        self.context.ui.add_component("box", self.draw, on_action=self.press)
        self.context.ui.add_menu_item(MenuItem("item", "An item"), self.choose)
        self.context.services.provide("table", Table(self))

    async def on_disable(self):
        await asyncio.sleep(0.05)

    def on_unload(self):
        return self.known_of

    async def draw(self):
        await asyncio.sleep(0.003)
        return List((Text(str(os.getpid())), Form((Field("number", "Number", "integer"),), "press")))

    async def press(self, action, values, user):
        self.known_of["press"].append(values["number"])

    def choose(self, user):
        self.known_of["choose"].append(int(user))

    @hookimpl
    def known(self, what: str):
        return self.known_of[what]

    @hookimpl
    def process(self):
        return os.getpid()
"""
DECLARES = '[contributes]\nservices = ["table"]\n'
SHOWS = '[[permissions]]\nresource = "ui"\nactions = ["component", "menu"]\n'

USES = """
from jackfield import Plugin
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    table = None

    @hookimpl
    async def look_up(self, number: int, fresh: bool):
        if fresh or self.table is None:
            self.table = await self.context.services.require("table")
        return await self.table.find(number)
"""
CALLS = '[[permissions]]\nresource = "services"\nactions = ["call"]\n'


@pytest.fixture
def provider(profile, build, running):
    """Start a host with this worker, and one that uses its service and runs as is said."""

    async def start(code: str = CODE, *, consumer: str = "worker"):
        profile.install(
            build("a", code=code, isolation="worker", permissions=SHOWS, more=DECLARES),
            build("b", code=USES, isolation="any", permissions=CALLS),
        )
        profile.enable("a", isolation="worker")
        profile.enable("b", isolation=consumer)
        host = await running(specs=Specs())
        for name in ("a", "b"):
            assert host.plugins.status(name).state == "active", host.plugins.status(name)
        return host

    return start


def load_on(host) -> Load:
    """Use what a plugin offers and shows."""

    async def find(number: int) -> Any:
        (answer,) = await host.call.look_up(number=number, fresh=number % 2 == 0)
        return None if answer == str(number) else answer

    async def draw(_: int) -> Any:
        boxes = await host.ui.components()
        return None if len(boxes) == 1 and isinstance(boxes[0].component, List) else boxes

    async def press(number: int) -> None:
        await host.ui.act("a:box", "press", {"number": number}, "somebody")

    async def choose(number: int) -> None:
        await host.ui.choose("a:item", str(number))

    return Load({"find": find, "draw": draw, "press": press, "choose": choose})


async def seen_by(host, what: str) -> list[int]:
    """What the plugin has kept, in order of the numbers."""
    (kept,) = await host.call.known(what=what)
    return sorted(kept)


@pytest.mark.feature("M36", "C45", "U28", "C18", "C19")
@pytest.mark.parametrize("consumer", ["worker", "inline"])
@pytest.mark.parametrize("change", ["reload", "update"])
async def test_no_call_of_a_service_and_no_box_is_lost_or_seen_twice(provider, profile, build, change, consumer):
    host = await provider(consumer=consumer)
    pids = set(await host.call.process())
    load = load_on(host)
    for version in range(1, 4):
        await load.more()
        if change == "reload":
            await host.reload("a")
        else:
            profile.install(
                build("a", f"1.{version}.0", code=CODE, isolation="worker", permissions=SHOWS, more=DECLARES),
                build("b", code=USES, isolation="any", permissions=CALLS),
            )
            profile.enable("a", isolation="worker")
            await host.reload_changes()
            assert host.plugins.status("a").version == f"1.{version}.0"
        pids |= set(await host.call.process())
    await load.more()
    await load.stop()
    assert len(pids) == 4
    assert load.wrong == []
    for name in ("find", "press", "choose"):
        assert await seen_by(host, name) == list(range(load.given[name])), name


@pytest.mark.feature("M24", "M36", "U28")
async def test_where_the_next_code_fails_the_service_and_the_box_before_answer(provider):
    host = await provider()
    source = host.plugins.record("a").candidate.folder / "__init__.py"
    (before,) = await host.call.process()
    source.chmod(0o600)
    source.write_text(
        CODE.replace("        self.context.services.provide", "        1 / 0\n        self.context.services.provide")
    )
    load = load_on(host)
    await load.more()
    with pytest.raises(Exception, match="division by zero"):
        await host.reload("a")
    await load.more()
    await load.stop()
    assert await host.call.process() == [before]
    assert load.wrong == []
    assert await seen_by(host, "find") == list(range(load.given["find"]))


@pytest.mark.feature("M36", "C18", "C19")
async def test_what_the_next_code_does_not_have_is_gone_when_it_is_there(provider):
    host = await provider(consumer="inline")
    await host.call.look_up(number=0, fresh=True)
    handle = host.plugins.record("b").loaded.target.table
    source = host.plugins.record("a").candidate.folder / "__init__.py"
    source.chmod(0o600)
    bare = "\n".join(line for line in CODE.splitlines() if "provide(" not in line and "context.ui.add" not in line)
    source.write_text(bare)
    changed: list[str] = []
    host.ui.on_change(changed.append)
    replacing = asyncio.ensure_future(host.reload("a"))
    await until(lambda: host.plugins.status("a").state != "active", timeout_seconds=20)
    asked = asyncio.gather(
        handle.find(1),
        host.ui.act("a:box", "press", {"number": 1}, "somebody"),
        host.ui.choose("a:item", "1"),
        host.ui.components(),
        return_exceptions=True,
    )
    await replacing
    found, pressed, chosen, boxes = await asked
    assert isinstance(found, PluginError)
    assert "b called find of the service table, which a does not offer any more" in str(found)
    assert isinstance(pressed, UnknownPlugin)
    assert isinstance(chosen, UnknownPlugin)
    assert boxes == []
    assert await host.ui.components() == []
    assert host.ui.menu() == []
    assert set(changed) == {"a:box", "menu"}
    with pytest.raises(PluginError, match="does not offer any more"):
        await handle.find(2)


@pytest.mark.feature("U28")
async def test_a_handle_still_dies_with_a_provider_that_is_disabled(provider, profile):
    host = await provider(consumer="inline")
    await host.call.look_up(number=0, fresh=True)
    handle = host.plugins.record("b").loaded.target.table
    await host.reload("a")
    assert await handle.find(1) == "1"
    profile.disable("a")
    await host.reload_changes()
    with pytest.raises(PluginError, match="does not offer any more"):
        await handle.find(2)
    profile.enable("a", isolation="worker")
    await host.reload_changes()
    with pytest.raises(PluginError, match="does not offer any more"):
        await handle.find(3)
