"""A plugin that is loaded on demand, can be used in every way, and is held in its start by the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jackfield.hooks import HookspecMarker

from tests.support.waiting import until
from tests.support.wheels import manifest_text

hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec(pipeline="text")
    async def heard(self, text: str) -> str | None: ...

    @hookspec
    def asked(self) -> str: ...


PERMISSIONS = "".join(
    f'[[permissions]]\nresource = "{resource}"\nactions = {actions}\n'
    for resource, actions in (
        ("ui", '["component", "menu"]'),
        ("services", '["call"]'),
        ("events", '["listen", "emit"]'),
    )
)
USES = """
hooks = ["heard", "asked"]
commands = [{ name = "count", usage = "count [more]", help = "What was used" }, { name = "count twice" }]
services = ["counting"]
events = ["told"]
listens = ["plugin:user:rang"]
components = [{ name = "box", title = "Box" }]
menu = [{ id = "open", label = "Open" }]
"""
CODE = """
import asyncio
from jackfield import HookimplMarker, Plugin, command, listener
from jackfield.api import MenuItem, Text

hookimpl = HookimplMarker("chat")

class Counting:
    def __init__(self, used):
        self.used = used

    async def count(self, what: str) -> str:
        self.used.append(what)
        return f"counted {what}"

class Main(Plugin):
    async def on_enable(self):
        self.used = []
        self.context.services.provide("counting", Counting(self.used))
        self.context.ui.add_component("box", lambda: Text("drawn"))
        self.context.commands.add("count twice", self.twice)
        BEFORE
        place = self.context.data_dir
        (place / "begun").touch()
        while not (place / "go").exists():
            await asyncio.sleep(0.005)
        END
        self.context.ui.add_menu_item(MenuItem("open", "Open it"), self.chosen)

    def chosen(self, user):
        self.used.append(user)

    async def twice(self, source):
        await source.reply(" ".join(self.used * 2))

    @hookimpl
    async def heard(self, text: str):
        self.used.append(text)
        return f"{text}!"

    @hookimpl
    def asked(self) -> str:
        return "here"

    @command("count")
    async def count(self, source, more: str = ""):
        if more:
            self.used.append(more)
        await source.reply(" ".join(self.used) or "nothing")

    @listener("plugin:user:rang")
    def rang(self, event):
        self.used.append(event.data["what"])
"""
USER = """
from jackfield import Plugin, command

class Main(Plugin):
    @command("use")
    async def use(self, source, what: str):
        service = await self.context.services.get("counting")
        await source.reply(await service.count(what) if service is not None else "it is not there")

    @command("ring")
    async def ring(self, source, what: str):
        await self.context.events.emit("rang", {"what": what})
        await source.reply(f"rang {what}")
"""
USER_USES = '[contributes]\ncommands = [{ name = "use" }, { name = "ring" }]\nevents = ["rang"]\n'

Build = Callable[..., Path]


def sleeper(build: Build, plugin: str, uses: str = USES, *, code: str = "", before: str = "pass", end: str = "pass",
            more: str = "") -> Path:  # fmt: skip
    """Build a plugin that is loaded on demand.

    Args:
        build: the fixture.
        plugin: its id.
        uses: what it declares under `[contributes]`.
        code: all of its code; empty: that which is held in its start.
        before: a line of `on_enable` before it is held.
        end: a line of `on_enable` after it was held.
        more: TOML put after the keys of its manifest.
    """
    text = manifest_text(plugin, isolation="any", permissions=PERMISSIONS, more=f"{more}\n[contributes]\n{uses}\n")
    manifest = text.replace("\n\n", '\nactivation = "demand"\n\n', 1)
    return build(plugin, code=code or CODE.replace("BEFORE", before).replace("END", end), manifest=manifest)


def user(build: Build, *, more: str = "") -> Path:
    """Build a plugin that is active from the start, and uses others by its commands."""
    return build("user", code=USER, isolation="any", permissions=PERMISSIONS, more=more + USER_USES)


class Held:
    """The start of such a plugin.

    Args:
        folder: the plugin's own folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def begun(self) -> None:
        """Return when the plugin is in its `on_enable`, and stays there."""
        await until((self._folder / "begun").exists)

    def go_on(self) -> None:
        """Let it come to its end."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "go").touch()
