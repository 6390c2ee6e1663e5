"""Nothing of a disabled plugin is reachable: a plugin that uses everything comes and goes 200 times."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import sys
import threading
import types
import warnings
import weakref
from collections.abc import Iterable
from typing import Any

import pytest
from jackfield.hooks import HookspecMarker
from jackfield.host import Host
from jackfield.manifest import read_hostfile

from tests.support.http_server import http_server
from tests.support.profiles import HOSTFILE
from tests.support.speakers import Speaker

pytestmark = pytest.mark.slow


ROUNDS = 200
hookspec = HookspecMarker("chat")
CHAT = read_hostfile(f"{HOSTFILE}\n[events.opened]\n", source="host.toml")


class Specs:
    @hookspec
    async def changed(self, text: str) -> str | None:
        """Change a text."""


GLUTTON = '''
"""Everything that it begins holds a Burden of its own; it keeps none itself."""

import threading
import weakref
from dataclasses import dataclass
from typing import Protocol

from jackfield import EventType, HookimplMarker, Plugin, command, listener, new_thread
from jackfield.api import Button, MenuItem

hookimpl = HookimplMarker("chat")
BURDENS = weakref.WeakSet()
USED = set()


class Overeaten(Exception):
    """A class of the plugin's own holds the plugin's module."""


class Burden:
    """Heavy; callable as whatever is wanted."""

    def __init__(self, name):
        self.name = name
        BURDENS.add(self)

    def __call__(self, *arguments, **named):
        USED.add(self.name)

    async def later(self, *arguments):
        USED.add(self.name)

    async def wait(self):
        import asyncio
        USED.add(self.name)
        await asyncio.Event().wait()

    def stand(self, stopping):
        USED.add(self.name)
        stopping.wait(30)

    async def greet(self, name):
        return [self.name, name]

    def draw(self):
        USED.add(self.name)
        return Button(self.name, "press")


@dataclass
class Spoken:
    text: str


SPOKEN = EventType("plugin:peer:spoke", Spoken)


class Main(Plugin):
    async def on_enable(self):
        context = self.context
        context.scheduler.start(Burden("task").wait())
        context.scheduler.start_thread(Burden("thread").stand)
        context.scheduler.after(1000, Burden("once"))
        context.scheduler.after(0, Burden("at once").later)
        context.scheduler.every(0.001, Burden("again"))
        context.events.on("own", Burden("own event"))
        context.events.on(SPOKEN, Burden("typed event"), priority=5)
        context.events.on("plugin:*", Burden("every event"))
        context.services.provide("greeter", Burden("service"))
        context.commands.add("added", Burden("command").later)
        context.ui.add_component("box", Burden("component").draw, on_action=Burden("action"))
        context.ui.add_menu_item(MenuItem("item", "An item"), Burden("menu"))
        context.settings.on_change(Burden("setting"))
        self.file = await context.files.open("FOLDER/file", "wb")
        await context.storage.set("key", "value")
        self.other = await context.services.get("peering")
        await self.other.greet("glutton")
        await self.work(Burden("new thread"))

    @new_thread
    def work(self, burden):
        burden()
        self.context.blocking.storage.get("key")

    @command("glutton")
    async def act(self, source):
        await self.context.events.emit("own", {"a": 1})
        self.context.settings.set("greeting", "hello")
        try:
            self.context.environment.get("SECRET")
        except Exception:
            pass
        answer = await self.context.http.get(self.context.settings.get("url"))
        await source.reply(answer.text)

    @command("glutton fail")
    async def fail(self, source):
        burden = Burden("failure")
        raise Overeaten("no")

    @listener("plugin:peer:spoke")
    def spoken(self, event): USED.add("marked")

    def on_opened(self, event): USED.add("named")

    @hookimpl
    async def changed(self, text): return text + "!"
'''

PEER = """
from jackfield import Plugin

HANDLES = []

class Peering:
    async def greet(self, name): return ["peer", name]

class Main(Plugin):
    async def on_enable(self):
        self.context.services.provide("peering", Peering())
        self.context.events.on("plugin:glutton:own", lambda event: None)

    async def meet(self):
        handle = await self.context.services.get("greeter")
        HANDLES.append((handle, handle.greet))
        return await handle.greet("peer")
"""

DECLARED = """
[contributes]
commands = [{ name = "glutton" }, { name = "added" }]
components = [{ name = "box" }]
events = ["own"]
services = ["greeter"]
settings = [
  { key = "greeting", type = "text", default = "" },
  { key = "url", type = "text", default = "URL" },
]

[requires]
peer = ">=1"
"""


def asking(*permissions: str) -> str:
    pairs = [one.split(":") for one in permissions]
    return "\n".join(f'[[permissions]]\nresource = "{one}"\nactions = ["{action}"]\n' for one, action in pairs)


def holders(target: object, *, depth: int = 4) -> str:
    """Who holds something, for the message of a test that fails: types, from the inside out."""
    lines: list[str] = []
    seen = {id(lines)}
    inner: list[object] = [target]
    for level in range(depth):
        outer: list[object] = []
        for one in inner:
            for holder in gc.get_referrers(one):
                if (
                    id(holder) in seen
                    or isinstance(holder, types.FrameType | types.CoroutineType)
                    or holder in (inner, outer)
                ):
                    continue
                seen.add(id(holder))
                outer.append(holder)
                lines.append(f"{'  ' * level}{type(holder).__name__} {str(holder)[:150]!r}")
        inner = outer[:20]
    return "\n".join(lines[:60])


def alive(references: Iterable[weakref.ref[Any]]) -> list[Any]:
    gc.collect()
    return [found for reference in references if (found := reference()) is not None]


@pytest.fixture
def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the plugin's log from handlers that keep records, as pytest's do: a traceback in one keeps its frames."""
    monkeypatch.setattr(logging.getLogger("chat.plugins.glutton"), "disabled", True)


@pytest.mark.usefixtures("unheard")
@pytest.mark.feature("K21", "K26", "K27", "K28")
async def test_nothing_of_a_plugin_is_left_after_200_rounds(profile, build, running, tmp_path):
    async with http_server() as server:
        server.answers["/"] = ("200 OK", b"hello")
        permissions = asking(
            "events:observe", "events:listen", "ui:component", "ui:menu", "storage:read", "storage:write",
            "files:write", "files:read", "network:connect",
        ) + f'hosts = ["127.0.0.1:{server.port}"]\n'  # fmt: skip
        glutton = build(
            "glutton",
            code=GLUTTON.replace("FOLDER", str(tmp_path)),
            more=DECLARED.replace("URL", f"{server.url}/"),
            permissions=permissions,
        )
        profile.install(
            build("peer", code=PEER, more=PEERS, permissions=asking("services:call", "events:listen")), glutton
        )
        profile.enable("peer", "glutton")
        host: Host = await running(specs=Specs, hostfile=CHAT)
        assert host.plugins.status("glutton").problem == ""
        module: Any = importlib.import_module("chat_glutton")
        before = await _registered(host)
        for _ in range(ROUNDS):
            await _use(host)
            await host.disable("glutton")
            assert host.plugins.status("glutton").state == "idle"
            await host.enable("glutton")
        assert {
            "task", "thread", "at once", "again", "own event", "typed event", "every event", "component", "action",
            "menu", "setting", "new thread", "marked", "named",
        } <= module.USED  # fmt: skip
        assert await _registered(host) == before
        await _use(host)
        await host.disable("glutton")
        left = alive([weakref.ref(one) for one in module.BURDENS])
        assert not left, f"{len(left)} burdens are left: {[one.name for one in left]}\n{holders(left[0])}"
        assert not [one.name for one in threading.enumerate() if one.name.startswith("glutton:")]
        assert not [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("glutton:")]
        used = [module]
        del module
        await _unload(host, used.pop())


async def _unload(host: Host, module: Any) -> None:
    """Unload the plugin; its module, instance and context are gone then, although the peer keeps its handles."""
    record = host.plugins.record("glutton")
    assert record.loaded is not None
    assert record.wiring is not None
    wiring = record.wiring
    things = [
        module,
        module.Overeaten,
        record.loaded.target,
        wiring,
        wiring.context,
        wiring.scope,
        wiring.scheduler,
        wiring.database,
    ]
    names = [type(one).__name__ for one in things]
    references = [weakref.ref(one) for one in things]
    del wiring, things, module, record
    await host.unload("glutton")
    assert "chat_glutton" not in sys.modules
    gc.collect()
    for name, reference in zip(names, references, strict=True):
        if (left := reference()) is not None:
            pytest.fail(f"the {name} is left, held by\n{holders(left)}")


PEERS = """
[contributes]
events = ["spoke"]
services = ["peering"]
"""


async def _use(host: Host) -> None:
    """Have everything used that waits to be."""
    speaker = Speaker()
    await host.commands.dispatch("glutton", speaker)
    await host.commands.dispatch("added", speaker)
    await host.commands.dispatch("glutton fail", speaker)
    assert speaker.answers[0] == "hello"
    peer: Any = host.plugins.record("peer")
    await peer.wiring.context.events.emit("spoke", {"text": "hello"})
    assert await peer.loaded.target.meet() == ["service", "peer"]
    await host.events.send("opened")
    assert await host.call.changed(text="a") == ["a!"]
    await host.ui.components()
    await host.ui.act("glutton:box", "press", {}, "alice")
    await host.ui.choose("glutton:item", "alice")
    await asyncio.sleep(0.002)


async def _registered(host: Host) -> dict[str, object]:
    """How much the host keeps of everyone; a round must not add to it."""
    wiring: Any = host.plugins.record("glutton").wiring
    bus: Any = host.events
    return {
        "commands": len(host.commands.all()),
        "components": len(await host.ui.components()),
        "menu": len(host.ui.menu()),
        "listeners": sum(map(len, bus._listeners.values())),
        "wildcards": sum(map(len, bus._wildcards.values())),
        "begun": sorted(set(wiring.scope.begun) - {"timer later"}),
        "entrances": wiring.entrances.begun,
    }


@pytest.mark.parametrize("turns", range(4))
def test_a_change_that_never_has_its_turn_leaves_nothing_behind(profile, turns):
    async def leave() -> None:
        host = profile.host()
        await host.start()
        asyncio.ensure_future(host.unload("nobody"))  # noqa: RUF006 (the loop ends, and it with it)
        for _ in range(turns):
            await asyncio.sleep(0)

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        asyncio.run(leave())
        gc.collect()
    assert [str(one.message) for one in warned if "never awaited" in str(one.message)] == []
