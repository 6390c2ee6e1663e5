"""Hooks and commands through the host: open while the plugin is active, its failures counted to it."""

from __future__ import annotations

import asyncio
import importlib

import pytest
from jackfield.errors import PluginError, UnknownPlugin
from jackfield.hooks import HookspecMarker

from tests.support.speakers import Speaker

hookspec = HookspecMarker("chat")


class Specs:
    @hookspec(pipeline="text")
    async def changed(self, text: str) -> str | None:
        """Change a text."""


FILTER = """
from jackfield import HookimplMarker, Plugin, command
hookimpl = HookimplMarker("chat")

class Main(Plugin):
    def on_enable(self): self.ready = True

    @hookimpl
    async def changed(self, text):
        assert self.ready
        if text == "fail": raise ValueError("boom")
        return text + "!"

    @command("fail")
    async def fail(self, source): raise ValueError("boom")
"""

REGISTER = '[contributes]\ncommands = [{ name = "fail" }]'


@pytest.mark.feature("S8", "S9", "C30")
async def test_they_are_called_while_the_plugin_is_active_and_failures_are_its_own(profile, build, running):
    profile.install(build("filter", code=FILTER, more=REGISTER))
    profile.enable("filter")
    host = await running(specs=Specs)
    assert await host.call.changed(text="hello") == "hello!"
    assert await host.call.changed(text="fail") == "fail"
    status = host.plugins.status("filter")
    assert (status.state, status.errors, status.problem) == ("active", 1, "ValueError in hook changed: boom")
    assert "raise ValueError" in status.error

    profile.disable("filter")
    await host.reload_changes()
    assert await host.call.changed(text="hello") == "hello"
    assert not host.commands.has("fail")


MISSPELLED = """
from jackfield import HookimplMarker, Plugin
hookimpl = HookimplMarker("chat")

class Main(Plugin):
    @hookimpl
    async def chnaged(self, text): return text + "!"

    @hookimpl(optionalhook=True)
    async def foretold(self, text): return text
"""


async def test_a_misspelled_hook_is_told_in_the_log_of_the_plugin(profile, build, running):
    """pluggy takes it, for its spec may come later; its author waits for a call that never comes."""
    profile.install(build("filter", code=MISSPELLED, isolation="inline"))
    profile.enable("filter")
    host = await running(specs=Specs)
    assert host.plugins.status("filter").state == "active"
    (line,) = host.logs.lines("filter")  # nothing is said of the optional one
    assert line.message == (
        "filter implements hook chnaged, which the application does not have, so that it is never called "
        "(did you mean changed? marked optionalhook=True it is left out where there is none)"
    )


SLOW = """
from jackfield import HookimplMarker, Plugin
import asyncio
hookimpl = HookimplMarker("chat")
BEGUN, GO_ON = asyncio.Event(), asyncio.Event()

class Main(Plugin):
    @hookimpl(tryfirst=True)
    async def changed(self, text: str):
        BEGUN.set()
        await GO_ON.wait()
        return text + "?"
"""
LATER = """
from jackfield import HookimplMarker, Plugin
hookimpl = HookimplMarker("chat")

class Main(Plugin):
    here = False
    def on_enable(self): self.here = True
    def on_disable(self): self.here = False

    @hookimpl
    DEFINED changed(self, text: str) -> str:
        assert self.here, "called though it is disabled"
        return text + "!"
"""


@pytest.mark.feature("K20")
@pytest.mark.parametrize("isolation", ["inline", "worker"])
@pytest.mark.parametrize("defined", ["async def", "def"])
@pytest.mark.parametrize("many", [False, True])
async def test_a_call_under_way_goes_on_without_whoever_was_disabled_meanwhile(
    profile, build, running, isolation, defined, many
):
    profile.install(
        build("slow", code=SLOW),
        build("later", code=LATER.replace("DEFINED", defined), isolation="any"),
    )
    profile.enable("slow")
    profile.enable("later", isolation=isolation)
    host = await running(specs=Specs)
    slow = importlib.import_module("chat_slow")
    called = host.call.changed.batch([{"text": "a"}]) if many else host.call.changed(text="a")
    calling = asyncio.ensure_future(called)
    async with asyncio.timeout(20):
        await slow.BEGUN.wait()
    await host.disable("later")
    slow.GO_ON.set()
    assert await calling == (["a?"] if many else "a?")
    assert host.plugins.status("later").errors == 0

    await host.enable("later")
    assert await host.call.changed(text="a") == "a?!"


async def test_a_command_that_fails_is_answered_and_counted(profile, build, running):
    profile.install(build("filter", code=FILTER, more=REGISTER))
    profile.enable("filter")
    host = await running(specs=Specs)
    source = Speaker()
    assert await host.commands.dispatch("fail", source)
    assert source.answers == ["fail failed: ValueError: boom"]
    assert host.plugins.status("filter").errors == 1


async def test_a_hook_that_does_not_fit_its_spec_fails_its_plugin_alone(profile, build, running):
    misfit = FILTER.replace("async def changed(self, text)", "async def changed(self, text, nonsense)")
    profile.install(build("misfit", code=misfit, more=REGISTER), build("well", code=FILTER.replace('"fail"', '"w"', 2)))
    profile.enable("misfit", "well")
    host = await running(specs=Specs)
    status = host.plugins.status("misfit")
    assert status.state == "failed"
    assert "nonsense" in status.problem
    assert not host.commands.has("fail")


@pytest.mark.feature("U13")
async def test_of_two_plugins_with_one_command_the_second_fails_and_says_who_has_it(profile, build, running):
    other = FILTER.replace("changed", "unheard")
    profile.install(build("first", code=FILTER, more=REGISTER), build("second", code=other, more=REGISTER))
    profile.enable("first", "second")
    host = await running(specs=Specs)
    states = {status.id: status for status in host.plugins}
    assert sorted(status.state for status in states.values()) == ["active", "failed"]
    (loser,) = [status for status in states.values() if status.state == "failed"]
    assert "the command fail of" in loser.problem


@pytest.mark.feature("J11")
async def test_waiters_are_told_that_a_plugin_is_active_failed_or_never_will_be(profile, build, running):
    import asyncio

    host = await running()
    waiting = [asyncio.ensure_future(host.plugins.wait_for(name)) for name in ("well", "broken", "never")]
    await asyncio.sleep(0)
    profile.install(build("well"), build("broken", code="raise ValueError('boom')"))
    profile.enable("well", "broken")
    await host.reload_changes()
    assert (await waiting[0]).state == "active"
    with pytest.raises(PluginError, match="broken is failed: ValueError: boom"):
        await waiting[1]
    with pytest.raises(PluginError, match="broken is failed"):
        await host.plugins.wait_for("broken")
    with pytest.raises(TimeoutError):
        await host.plugins.wait_for("never", timeout_seconds=0.01)
    for number in range(3):
        with pytest.raises(TimeoutError):
            await host.plugins.wait_for(f"made-up-{number}", timeout_seconds=0.001)
    assert "made-up" not in repr(vars(host.plugins)), "a name that somebody made up is not kept"
    await host.stop()
    with pytest.raises(PluginError, match="the host stopped before never was active"):
        await waiting[2]


@pytest.mark.feature("C5", "C11")
async def test_plugins_are_found_by_any_spelling_of_their_id(profile, build, running):
    profile.install(build("a_b"))
    profile.enable("a_b")
    host = await running()
    assert host.plugins.status("a-b").id == "a_b"
    assert [status.id for status in host.plugins.active()] == ["a_b"]
    with pytest.raises(UnknownPlugin, match="no plugin other is installed"):
        host.plugins.status("other")


async def test_safe_mode_starts_no_plugin(profile, build, running):
    profile.install(build("well"))
    profile.enable("well")
    host = await running(safe=True)
    assert host.plugins.status("well").state == "found"


@pytest.mark.parametrize("grown", [False, True])
async def test_on_migrate_is_called_once_when_the_shape_of_the_data_changes(profile, build, running, grown):
    code = """
from jackfield import Plugin
class Main(Plugin):
    calls = []
    async def on_migrate(self, old, new): self.calls.append((old, new))
    async def on_enable(self): self.calls.append("enable")
"""
    from tests.support.wheels import manifest_text

    def manifest(version: str, shape: int) -> str:
        return manifest_text("one", version).replace("\n\n", f"\ndata_version = {shape}\n\n", 1)

    profile.install(build("one", "1.0.0", code=code, manifest=manifest("1.0.0", 1)))
    profile.enable("one")
    host = await running()
    assert host.plugins.record("one").loaded.target.calls == ["enable"]
    profile.install(build("one", "1.1.0", code=code, manifest=manifest("1.1.0", 2 if grown else 1)))
    for _ in range(2):
        await host.reload_changes()
        expected = [(1, 2), "enable"] if grown else ["enable"]
        assert host.plugins.record("one").loaded.target.calls == expected


async def test_a_component_that_hangs_holds_the_others_up_no_longer_than_its_time(profile, build, running):
    code = """
import asyncio
from jackfield import Plugin
from jackfield.api import Text
class Main(Plugin):
    def on_enable(self):
        self.context.ui.add_component("slow", asyncio.Event().wait)
        self.context.ui.add_component("quick", Text("here"))
        self.context.ui.add_component("wrong", lambda: "<b>text</b>")
"""
    show = '[[permissions]]\nresource = "ui"\nactions = ["component"]'
    profile.install(build("one", code=code, permissions=show))
    profile.enable("one")
    host = await running(callback_timeout_seconds=0.5)
    slow, quick, wrong = await host.ui.components("sidebar")
    assert "slow of one could not be drawn: PluginError: one: component slow did not return" in slow.error
    assert (quick.component.text, quick.error) == ("here", "")
    assert wrong.error == "wrong of one was drawn as str, which is no component"
