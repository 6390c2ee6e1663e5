"""Loading, enabling, disabling and unloading one plugin: by the host's own code, by another plugin, by itself."""

from __future__ import annotations

import asyncio
import sys

import pytest
from jackfield.errors import PermissionDenied, PluginError, UnknownPlugin, UsageError

RECORDER = """
import builtins
from jackfield import Plugin

class Main(Plugin):
    def _note(self, what): builtins._noted.append((self.context.plugin_id, what))
    async def on_load(self, previous): self._note("load")
    async def on_enable(self): self._note("enable")
    def on_disable(self): self._note("disable")
    def on_unload(self): self._note("unload")
"""

ASKS = """
from jackfield import Plugin

class Main(Plugin):
    @property
    def plugins(self): return self.context.plugins
"""

MANAGES = '[[permissions]]\nresource = "plugins"\nactions = ["read", "manage"]\n'


@pytest.fixture
def noted(monkeypatch):
    import builtins

    calls: list[tuple[str, str]] = []
    monkeypatch.setattr(builtins, "_noted", calls, raising=False)
    return calls


def plugins_of(host, plugin: str):
    """What `context.plugins` of a plugin is."""
    return host.plugins.record(plugin).loaded.target.plugins


def state_of(host, plugin: str) -> str:
    return str(host.plugins.status(plugin).state)


@pytest.mark.feature("J15", "K21")
async def test_a_plugin_that_nobody_enabled_is_loaded_for_this_run_only(profile, build, running, noted):
    profile.install(build("a", code=RECORDER))
    profile.enable("a")
    profile.disable("a")
    host = await running()
    assert noted == []
    status = await host.load("a", by="alice")
    assert (status.state, status.enabled) == ("active", False)
    await host.reload_changes()
    assert state_of(host, "a") == "active"
    await host.stop()
    await host.start()
    assert state_of(host, "a") == "found"


@pytest.mark.feature("K21")
async def test_a_plugin_may_be_loaded_and_never_be_enabled(profile, build, running, noted):
    profile.install(build("a", code=RECORDER))
    profile.enable("a")
    profile.disable("a")
    host = await running()
    assert (await host.load("a", enable=False)).state == "loaded"
    await host.reload_changes()
    await host.stop()
    assert noted == [("a", "load"), ("a", "unload")]


@pytest.mark.feature("K20", "K21")
async def test_a_plugin_is_enabled_and_disabled_as_often_as_one_likes_and_loaded_once(profile, build, running, noted):
    profile.install(build("a", code=RECORDER))
    profile.enable("a")
    host = await running()
    for _ in range(2):
        assert (await host.disable("a")).state == "idle"
        assert (await host.enable("a")).state == "active"
    assert [what for _, what in noted] == ["load", "enable", "disable", "enable", "disable", "enable"]
    assert profile.state.get("wish/a") is True


@pytest.mark.feature("J21", "J26", "C9")
async def test_unloading_takes_down_who_needs_it_and_lasts_until_it_is_loaded_again(profile, build, running, noted):
    profile.install(build("a", code=RECORDER, more='[requires]\nb = "*"'), build("b", code=RECORDER))
    profile.enable("a", "b")
    host = await running()
    noted.clear()
    assert await host.unload("b", by="alice") is True
    assert noted == [("a", "disable"), ("a", "unload"), ("b", "disable"), ("b", "unload")]
    status = host.plugins.status("b")
    assert (status.state, status.enabled, status.note) == ("unloaded", True, "was unloaded by alice")
    assert "chat_b" not in sys.modules
    assert host.plugins.status("a").problem == "needs b, which was unloaded by alice"
    await host.reload_changes()
    assert state_of(host, "b") == "unloaded"
    assert profile.state.get("grants/b") is not None

    await host.load("b")
    assert [state_of(host, one) for one in "ab"] == ["active", "active"]
    await host.unload("b")
    await host.stop()
    await host.start()
    assert [state_of(host, one) for one in "ab"] == ["active", "active"]


@pytest.mark.feature("C9")
async def test_unloading_what_nobody_knows_is_no_error_and_all_else_names_it(running):
    host = await running()
    assert await host.unload("ghost") is False
    for order in (host.load, host.enable, host.disable, host.reload):
        with pytest.raises(UnknownPlugin, match="no plugin ghost is installed"):
            await order("ghost")
    await host.stop()
    with pytest.raises(UsageError, match="the host does not run"):
        await host.load("ghost")


async def test_what_was_asked_for_a_run_ends_with_another_wish(profile, build, running):
    profile.install(build("a"))
    profile.enable("a")
    host = await running()
    await host.unload("a")
    profile.disable("a")
    await host.reload_changes()
    profile.enable("a")
    await host.reload_changes()
    assert state_of(host, "a") == "active"


async def test_enabling_grants_nothing(profile, build, running):
    profile.install(build("a", permissions=MANAGES))
    host = await running()
    with pytest.raises(PluginError, match=r"a is blocked: asks for consent"):
        await host.enable("a")
    with pytest.raises(PluginError, match=r"a is blocked: asks for consent"):
        await host.load("a")


async def test_a_plugin_that_failed_is_tried_again_when_it_is_asked_for(profile, build, running, monkeypatch):
    import builtins

    monkeypatch.setattr(builtins, "_broken", True, raising=False)
    code = """
import builtins
from jackfield import Plugin
class Main(Plugin):
    def on_enable(self):
        if builtins._broken: raise ValueError("boom")
"""
    profile.install(build("a", code=code))
    profile.enable("a")
    host = await running()
    with pytest.raises(PluginError, match=r"a is failed: ValueError: boom \(in on_enable\)"):
        await host.enable("a")
    assert "raise ValueError" in host.plugins.status("a").error
    monkeypatch.setattr(builtins, "_broken", False)
    assert (await host.load("a")).state == "active"


async def test_nothing_is_left_of_a_plugin_whose_commands_cannot_be_added(profile, build, running):
    code = """
from jackfield import Plugin, command
class Main(Plugin):
    @command("roll")
    async def roll(self, source): ...
"""
    commands = '[contributes]\ncommands = [{ name = "roll" }]\n'
    profile.install(build("a", code=code, more=commands), build("b", code=code, more=commands))
    profile.enable("a")
    host = await running()
    profile.enable("b")
    await host.reload_changes()
    assert host.plugins.status("b").problem.startswith("the command roll of b is taken by a")
    await host.disable("a")
    assert host.commands.all() == []
    await host.enable("b")
    assert host.commands.owner("roll") == "b"


class TestByAnotherPlugin:
    """`context.plugins` of a plugin that may manage others."""

    @pytest.fixture
    async def host(self, profile, build, running, noted):
        profile.install(
            build("boss", code=ASKS, permissions=MANAGES), build("a", code=RECORDER), build("nosy", code=ASKS)
        )
        profile.enable("boss", "a", "nosy")
        profile.disable("a")
        return await running()

    @pytest.mark.feature("J17", "J23")
    async def test_loads_and_unloads(self, host, noted):
        plugins = plugins_of(host, "boss")
        info = await plugins.load("a")
        assert (info.id, info.state, info.enabled) == ("a", "active", False)
        assert await plugins.unload("a") is True
        assert await plugins.unload("ghost") is False
        assert host.plugins.status("a").note == "was unloaded by boss"
        assert [what for _, what in noted] == ["load", "enable", "disable", "unload"]

    @pytest.mark.feature("J20", "J23")
    async def test_enables_disables_reloads_and_sees(self, host, profile):
        plugins = plugins_of(host, "boss")
        waiting = asyncio.create_task(plugins.wait_for("a", timeout_seconds=5))
        assert (await plugins.enable("a")).state == "active"
        assert (await waiting).id == "a"
        assert (await plugins.reload("a")).state == "active"
        assert (await plugins.disable("a")).state == "idle"
        assert [(entry.by, entry.why) for entry in profile.state.history()][-1] == ("boss", "disable a")
        assert {info.id: info.state for info in await plugins.list()} == {
            "boss": "active",
            "a": "idle",
            "nosy": "active",
        }
        assert (await plugins.status("nosy")).version == "1.0.0"

    async def test_without_the_permission_it_sees_and_changes_itself_alone(self, host):
        plugins = plugins_of(host, "nosy")
        for refused in (plugins.list(), plugins.status("a"), plugins.wait_for("a")):
            with pytest.raises(PermissionDenied, match="nosy may not plugins:read"):
                await refused
        for order in (plugins.load, plugins.enable, plugins.disable, plugins.unload, plugins.reload):
            with pytest.raises(PermissionDenied, match="nosy may not plugins:manage"):
                await order("a")
        assert (await plugins.status("nosy")).state == "active"

    @pytest.mark.feature("K26")
    async def test_what_it_loaded_goes_with_it(self, host):
        await plugins_of(host, "boss").load("a")
        assert host.plugins.record("boss").wiring.scope.begun == ("plugin a",)
        await host.disable("boss")
        status = host.plugins.status("a")
        assert (status.state, status.note) == ("unloaded", "was unloaded by boss, which loaded it and is down")

    async def test_what_ran_before_is_nobodys_child(self, host):
        await host.enable("a")
        await plugins_of(host, "boss").load("a")
        await host.disable("boss")
        assert state_of(host, "a") == "active"

    async def test_what_the_user_enabled_since_stays(self, host, profile):
        await plugins_of(host, "boss").load("a")
        profile.enable("a")
        await host.reload_changes()
        await host.disable("boss")
        assert state_of(host, "a") == "active"


@pytest.mark.feature("J17", "K26")
async def test_a_plugin_may_load_another_one_while_it_is_enabled(profile, build, running):
    code = """
from jackfield import Plugin
class Main(Plugin):
    async def on_enable(self):
        self.child = await self.context.plugins.load("child")
"""
    profile.install(build("parent", code=code, permissions=MANAGES), build("child"), build("other"))
    profile.enable("parent", "child", "other")
    profile.disable("child")
    host = await running(callback_timeout_seconds=5)
    assert [one.state for one in host.plugins] == ["active"] * 3
    await host.reload("parent")
    assert [one.state for one in host.plugins] == ["active"] * 3
    await host.disable("parent")
    assert [state_of(host, one) for one in ("child", "parent")] == ["unloaded", "idle"]
    await host.enable("parent")
    assert state_of(host, "child") == "active"


async def test_a_child_goes_with_a_parent_that_fails(profile, build, running):
    code = """
from jackfield import Plugin
class Main(Plugin):
    async def on_enable(self):
        await self.context.plugins.load("child")
        raise ValueError("boom")
"""
    profile.install(build("parent", code=code, permissions=MANAGES), build("child"))
    profile.enable("parent", "child")
    profile.disable("child")
    host = await running(callback_timeout_seconds=5)
    assert [state_of(host, one) for one in ("child", "parent")] == ["unloaded", "failed"]


@pytest.mark.feature("J22", "J26")
async def test_a_plugin_unloads_itself_even_from_a_task_of_its_own(profile, build, running, noted):
    code = RECORDER.replace(
        'async def on_enable(self): self._note("enable")',
        """async def on_enable(self):
        self._note("enable")
        self.context.scheduler.start(self.work(), name="work")
    async def work(self):
        await self.context.plugins.unload_self()
        self._note("asked")""",
    )
    profile.install(build("a", code=code))
    profile.enable("a")
    host = await running()
    gone = asyncio.Event()
    host.plugins.on_change(lambda status: gone.set() if status.note else None)
    async with asyncio.timeout(5):
        await gone.wait()
    status = host.plugins.status("a")
    assert (status.state, status.note, status.enabled) == ("unloaded", "was unloaded by itself", True)
    assert [what for _, what in noted] == ["load", "enable", "asked", "disable", "unload"]


@pytest.mark.feature("J19", "J26")
async def test_the_end_of_the_host_tells_plugins_and_waiters(profile, build, running, noted):
    profile.install(build("a", code=RECORDER))
    profile.enable("a")
    host = await running()
    waiting = asyncio.create_task(host.plugins.wait_for("ghost"))
    await asyncio.sleep(0)
    noted.clear()
    await host.stop()
    assert noted == [("a", "disable"), ("a", "unload")]
    with pytest.raises(PluginError, match="the host stopped before ghost was active"):
        await waiting
    assert profile.state.get("grants/a") is not None


async def test_in_safe_mode_only_what_is_asked_for_runs(profile, build, running):
    profile.install(build("a"), build("b", more='[requires]\na = "*"'))
    profile.enable("a", "b")
    host = await running(safe=True)
    status = host.plugins.status("a")
    assert (status.state, status.enabled, status.note) == ("found", True, "is not started: safe mode")
    with pytest.raises(PluginError, match="b is blocked: needs a, which is not started: safe mode"):
        await host.load("b")
    await host.load("a")
    await host.load("b")
    assert [one.state for one in host.plugins] == ["active", "active"]
