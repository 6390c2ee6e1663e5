"""`activation = "demand"`: the code is loaded when something of the plugin is first used, in time for that use."""

from __future__ import annotations

import asyncio
import sys
import threading
from dataclasses import dataclass, field

import pytest
from jackfield.api import MenuItem
from jackfield.hooks import HookspecMarker
from jackfield.permissions import Permission

from tests.support.wheels import manifest_text

hookspec = HookspecMarker("chat")


class Specs:
    @hookspec(pipeline="text")
    async def heard(self, text): ...

    @hookspec
    def asked(self): ...

    @hookspec(needs="messages:send")
    async def guarded(self): ...


@dataclass
class Source:
    user: str = "alice"
    room: str | None = None
    answers: list[str] = field(default_factory=list)

    async def reply(self, text: str) -> None:
        self.answers.append(text)


CODE = """
from jackfield import Plugin
from jackfield.hooks import HookimplMarker
hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    async def heard(self, text): return text + "!"

    @hookimpl
    def asked(self): return "here"

    @hookimpl
    async def guarded(self): return "in"
"""
ASYNC = CODE + "    async def on_enable(self): await __import__('asyncio').sleep(0)\n"
ROLLS = """
from jackfield import Plugin, command

class Main(Plugin):
    async def on_enable(self): await __import__('asyncio').sleep(0)

    @command("roll")
    async def roll(self, source, sides: int = 6):
        await source.reply(f"one of {sides}")
"""
UI = "[[permissions]]\nresource = 'ui'\nactions = ['component', 'menu']\n"


@pytest.fixture
def lazy(build):
    def make(plugin: str, contributes: str, *, code: str = CODE, permissions: str = "", more: str = "", line: str = ""):
        text = manifest_text(plugin, permissions=permissions, more=f"{more}\n[contributes]\n{contributes}\n")
        return build(plugin, code=code, manifest=text.replace("\n\n", f'\nactivation = "demand"\n{line}\n\n', 1))

    return make


def is_imported(plugin: str) -> bool:
    return f"chat_{plugin}" in sys.modules


async def begin(profile, running, *wheels, **options):
    profile.install(*wheels)
    profile.enable(*(wheel.name.split("-")[0].removeprefix("chat_") for wheel in wheels))
    return await running(specs=Specs, **options)


@pytest.mark.feature("K2")
async def test_a_hook_that_is_awaited_reaches_the_plugin_that_it_wakes(profile, lazy, running):
    host = await begin(profile, running, lazy("a", 'hooks = ["heard"]', code=ASYNC))
    status = host.plugins.status("a")
    assert (status.state, status.problem, status.note) == (
        "resolved",
        "",
        "is loaded at the first use of hook heard",
    )
    assert not is_imported("a")
    assert await host.call.guarded() == []
    assert host.hook.asked() == []
    assert not is_imported("a")
    answers = await asyncio.gather(*(host.call.heard(text=text) for text in ("hi", "ho")))
    assert answers == ["hi!", "ho!"]
    status = host.plugins.status("a")
    assert (status.state, status.note) == ("active", "")
    assert await host.call.heard(text="hi") == "hi!"


@pytest.mark.feature("K2")
async def test_a_hook_that_nobody_awaits_reaches_it_too_where_its_callbacks_are_plain(profile, lazy, running):
    plain = CODE + "    def on_enable(self): self.ready = True\n"
    host = await begin(profile, running, lazy("a", 'hooks = ["asked"]', code=plain))
    asked = host.hook.asked  # whoever holds the caller calls through it
    assert asked() == ["here"]
    assert host.plugins.status("a").state == "active"


async def test_a_hook_that_nobody_awaits_cannot_wait_for_a_callback_that_must_be_awaited(
    profile, lazy, running, caplog
):
    host = await begin(profile, running, lazy("a", 'hooks = ["asked"]', code=ASYNC))
    assert host.hook.asked() == []
    assert "a misses this call of hook asked, which nobody awaits: its start has to wait" in caplog.text
    await host.plugins.wait_for("a", timeout_seconds=5)
    assert host.hook.asked() == ["here"]


async def test_another_thread_waits_for_the_plugin(profile, lazy, running):
    host = await begin(profile, running, lazy("a", 'hooks = ["asked"]', code=ASYNC))
    answers: list[object] = []
    thread = threading.Thread(target=lambda: answers.append(host.hook.asked()))
    thread.start()
    await asyncio.to_thread(thread.join)
    assert answers == [["here"]]


@pytest.mark.feature("K2", "M44")
async def test_a_command_stands_in_help_and_works_at_its_first_use(profile, lazy, running):
    contributes = 'commands = [{ name = "roll", usage = "roll [sides]", help = "Roll a die" }]'
    host = await begin(profile, running, lazy("a", contributes, code=ROLLS), command_prefix="!")
    assert "!roll [sides] — Roll a die" in host.commands.help()
    assert (host.commands.has("roll 8"), host.commands.owner("roll")) == (True, "a")
    assert not is_imported("a")
    source = Source()
    assert await host.commands.dispatch("roll 8", source)
    assert source.answers == ["one of 8"]
    await host.disable("a")
    assert not host.commands.has("roll")


async def test_a_component_and_a_menu_item_are_there_before_and_work(profile, lazy, running):
    code = """
from jackfield import Plugin
from jackfield.api import MenuItem, Text
class Main(Plugin):
    def on_enable(self):
        self.chosen = []
        self.context.ui.add_component("box", lambda: Text("drawn"))
        self.context.ui.add_menu_item(MenuItem("open", "Open it"), self.chosen.append)
"""
    contributes = 'components = [{ name = "box", title = "Box" }]\nmenu = [{ id = "open", label = "Open" }]'
    one = lazy("a", contributes, code=code, permissions=UI)
    two = lazy("b", contributes, code=code, permissions=UI)
    host = await begin(profile, running, one, two)
    assert [offered.item for offered in host.ui.menu() if offered.plugin == "a"] == [MenuItem("open", "Open", "main")]
    await host.ui.choose("a:open", "alice")
    assert host.plugins.record("a").loaded.target.chosen == ["alice"]
    assert not is_imported("b")
    drawn = await host.ui.draw("b:box")
    assert (drawn.title, drawn.component.text, drawn.error) == ("Box", "drawn", "")
    assert [offered.item.label for offered in host.ui.menu()] == ["Open it", "Open it"]


async def test_what_one_that_sleeps_may_not_show_any_more_is_not_shown(profile, lazy, running):
    contributes = 'components = [{ name = "box" }]\nmenu = [{ id = "open", label = "Open" }]'
    host = await begin(profile, running, lazy("a", contributes, permissions=UI))
    grant = host.state.get("grants/a")
    for permissions, shown in (([], []), (grant["permissions"], ["a:open"])):
        host.state.change({"grants/a": {**grant, "permissions": permissions}}, by="ann")
        await host.reload_changes()
        assert [offered.id for offered in host.ui.menu()] == shown
    assert not is_imported("a")
    host.state.change({"grants/a": {**grant, "permissions": []}}, by="ann")
    await host.reload_changes()
    assert await host.ui.components() == []
    assert not is_imported("a")


async def test_what_was_declared_and_is_not_there_is_named(profile, lazy, running):
    contributes = 'components = [{ name = "box" }]\nmenu = [{ id = "open", label = "Open" }]'
    host = await begin(profile, running, lazy("a", contributes, permissions=UI))
    assert "a declares it and does not show it" in (await host.ui.draw("a:box")).error
    assert host.ui.menu() == []


@pytest.mark.feature("C21")
async def test_events_wake_who_hears_them_and_who_sends_them(profile, lazy, build, running):
    hears = """
from jackfield import Plugin
class Main(Plugin):
    def on_enable(self):
        self.heard = []
        self.context.events.on("plugin:sender:rang", lambda event: self.heard.append(event.data))
"""
    sends = "from jackfield import Plugin\nclass Main(Plugin): ...\n"
    listen = "[[permissions]]\nresource = 'events'\nactions = ['listen']\n"
    host = await begin(
        profile,
        running,
        lazy("hearer", 'listens = ["plugin:sender:rang"]', code=hears, permissions=listen),
        lazy("sender", 'events = ["rang", "hung"]', code=sends),
    )
    host.events.listen("plugin:sender:hung", "", lambda event: None)
    await host.plugins.wait_for("sender", timeout_seconds=5)
    assert not is_imported("hearer")
    await host.plugins.record("sender").loaded.target.context.events.emit("rang", {"times": 2})
    assert host.plugins.record("hearer").loaded.target.heard == [{"times": 2}]


async def test_an_application_wakes_by_services(profile, lazy, running):
    host = await begin(profile, running, lazy("a", 'services = ["forecast"]'))
    await host.wake_for("services", "other")
    assert not is_imported("a")
    await host.wake_for("services", "forecast")
    assert host.plugins.status("a").state == "active"


@pytest.mark.feature("K23")
async def test_who_is_needed_is_loaded_with_who_needs_it(profile, lazy, build, running):
    hook = 'hooks = ["heard"]'
    silent = "from jackfield import Plugin\nclass Main(Plugin): ...\n"
    host = await begin(
        profile,
        running,
        lazy("asleep", hook, code=silent, more='[requires]\nbelow = "*"'),
        lazy("below", hook, code=silent),
        lazy("needed", hook, code=silent),
        build("eager", more='[requires]\nneeded = "*"'),
    )
    states = {status.id: status.state for status in host.plugins}
    assert states == {"asleep": "resolved", "below": "resolved", "needed": "active", "eager": "active"}
    await host.call.heard(text="hi")
    assert [status.state for status in host.plugins] == ["active"] * 4


async def test_a_plugin_that_fails_when_it_is_woken_fails_alone(profile, lazy, build, running):
    host = await begin(
        profile,
        running,
        lazy("bad", 'hooks = ["heard"]\ncommands = [{ name = "bad" }]', code="raise ValueError('boom')"),
        lazy("good", 'hooks = ["heard"]'),
    )
    assert await host.call.heard(text="hi") == "hi!"
    status = host.plugins.status("bad")
    assert (status.state, status.problem) == ("failed", "ValueError: boom (while it was loaded)")
    source = Source()
    assert await host.commands.dispatch("bad", source)
    assert source.answers == ["bad could not be started: ValueError: boom (while it was loaded)"]


async def test_a_command_of_a_plugin_that_fails_when_it_is_woken_is_answered(profile, lazy, running):
    contributes = 'commands = [{ name = "roll" }]'
    host = await begin(profile, running, lazy("a", contributes, code="raise ValueError('boom')"))
    source = Source()
    for line in ("roll 8", "roll", "roll 8"):
        assert await host.commands.dispatch(line, source)
    assert source.answers == ["a could not be started: ValueError: boom (while it was loaded)"] * 3


async def test_who_may_not_hear_a_hook_is_not_woken_by_it(profile, lazy, running):
    permissions = '[[permissions]]\nresource = "messages"\nactions = ["send"]\n'
    wheel = lazy("a", 'hooks = ["guarded"]', permissions=permissions)
    profile.install(wheel)
    profile.enable("a", permissions=())
    host = await running(specs=Specs)
    assert await host.call.guarded() == []
    assert not is_imported("a")
    profile.enable("a", permissions=(Permission("messages", ("send",)),))
    await host.reload_changes()
    assert await host.call.guarded() == ["in"]


async def test_it_is_loaded_by_hand_and_sleeps_again_after_a_restart(profile, lazy, running):
    host = await begin(profile, running, lazy("a", 'hooks = ["heard"]'))
    assert (await host.enable("a")).state == "resolved"
    assert (await host.load("a")).state == "active"
    await host.disable("a")
    assert (await host.enable("a")).state == "active"
    await host.reload("a")
    await host.stop()
    await host.start()
    assert host.plugins.status("a").state == "resolved"


async def test_what_declares_nothing_that_could_wake_it_is_loaded_at_the_start(profile, lazy, running):
    host = await begin(profile, running, lazy("a", ""))
    assert host.plugins.status("a").state == "active"


async def test_a_plugin_that_is_disabled_while_asleep_is_never_loaded(profile, lazy, running):
    host = await begin(profile, running, lazy("a", 'commands = [{ name = "roll" }]'))
    await host.disable("a")
    assert (host.plugins.status("a").state, host.commands.has("roll")) == ("found", False)
    assert not is_imported("a")


@pytest.mark.feature("K2")
async def test_a_callback_wakes_by_an_event_while_a_plugin_comes_that_was_not_there(profile, lazy, build, running):
    leaves = """
from jackfield import Plugin
class Main(Plugin):
    async def on_disable(self):
        await self.context.events.emit("left", {})
"""
    permissions = "[[permissions]]\nresource = 'events'\nactions = ['listen', 'emit']\n"
    wheels = [
        build("leaver", code=leaves, permissions=permissions),
        lazy("hearer", 'listens = ["plugin:leaver:left"]', permissions=permissions),
    ]
    host = await begin(profile, running, *wheels)
    profile.install(*wheels, lazy("new", 'hooks = ["heard"]'))
    profile.enable("new")
    profile.disable("leaver")
    await host.reload_changes()
    assert {one.id: str(one.state) for one in host.plugins.list()} == {
        "hearer": "active",
        "leaver": "idle",
        "new": "resolved",
    }
    assert host.plugins.status("leaver").errors == 0
