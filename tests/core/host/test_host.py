"""The running host: what is wished runs, dependencies first, and one plugin's failure is its own."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from jackfield.errors import UsageError

from tests.support.profiles import pin_of
from tests.support.wheels import WheelSource, manifest_text

RECORDER = """
from jackfield import Plugin
import builtins

class Main(Plugin):
    def _note(self, what):
        builtins.__dict__.setdefault("_noted", []).append((self.context.plugin_id, what))

    async def on_load(self, previous): self._note("load")
    async def on_enable(self): self._note("enable")
    def on_disable(self): self._note("disable")
    def on_unload(self): self._note("unload")
    def on_removed(self): self._note("removed")
"""


@pytest.fixture
def noted(monkeypatch):
    import builtins

    calls: list[tuple[str, str]] = []
    monkeypatch.setattr(builtins, "_noted", calls, raising=False)
    return calls


@pytest.mark.feature("C2", "C6", "K16", "K17", "K18", "K19", "K20", "K23")
async def test_dependencies_come_first_on_the_way_up_and_last_on_the_way_down(profile, build, running, noted):
    profile.install(
        build("a", code=RECORDER, more='[requires]\nb = ">=1.0"'),
        build("b", code=RECORDER, more='[requires]\nc = "^1.0"'),
        build("c", code=RECORDER),
    )
    profile.enable("a", "b", "c")
    host = await running()
    assert noted == [*((one, "load") for one in "cba"), *((one, "enable") for one in "cba")]
    assert [status.state for status in host.plugins] == ["active"] * 3
    noted.clear()
    await host.stop()
    assert noted == [(one, what) for one in "abc" for what in ("disable", "unload")]


@pytest.mark.feature("C9", "K21")
async def test_a_plugin_that_nobody_enabled_is_listed_and_never_imported(profile, build, running):
    profile.install(build("quiet", code="raise RuntimeError('imported')"))
    host = await running()
    status = host.plugins.status("quiet")
    assert (status.state, status.enabled, status.error) == ("found", False, "")
    assert "chat_quiet" not in sys.modules


@pytest.mark.feature("C7", "C8", "U39")
async def test_a_plugin_that_fails_is_kept_with_its_traceback_and_the_others_run(profile, build, running):
    broken = "from jackfield import Plugin\nclass Main(Plugin):\n    def on_enable(self): raise ValueError('boom')\n"
    profile.install(
        build("broken", code=broken),
        build("unimportable", code="import no_such_library\nclass Main: ..."),
        build("exits", code="raise SystemExit(3)"),
        build("well"),
    )
    profile.enable("broken", "unimportable", "exits", "well")
    host = await running()
    states = {status.id: status.state for status in host.plugins}
    assert states == {"broken": "failed", "unimportable": "failed", "exits": "failed", "well": "active"}
    status = host.plugins.status("broken")
    assert status.problem == "ValueError: boom (in on_enable)"
    assert "raise ValueError('boom')" in status.error
    assert "no_such_library" in host.plugins.status("unimportable").problem


WORDY = """
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self): EARLY
    def on_disable(self): raise ValueError("y" * 100_000)
"""


@pytest.mark.feature("C8", "U39")
@pytest.mark.parametrize("isolation", ["inline", "worker"])
@pytest.mark.parametrize("early", ["pass", 'raise ValueError("x" * 100_000)'])
async def test_of_an_error_without_end_the_beginning_is_told(profile, build, running, isolation, early):
    profile.install(build("wordy", code=WORDY.replace("EARLY", early), isolation="any"))
    profile.enable("wordy", isolation=isolation)
    host = await running()
    await host.disable("wordy")
    status = host.plugins.status("wordy")
    assert "ValueError" in status.problem
    assert len(status.problem) < 600
    assert len(status.error) > 10_000


@pytest.mark.feature("U37", "C12")
async def test_a_plugin_whose_dependency_failed_is_blocked_with_the_whole_chain(profile, build, running):
    profile.install(
        build("top", more='[requires]\nmiddle = "*"'),
        build("middle", more='[requires]\nbottom = "*"'),
        build("bottom", code="raise ValueError('boom')"),
    )
    profile.enable("top", "middle", "bottom")
    host = await running()
    assert host.plugins.status("bottom").state == "failed"
    problem = host.plugins.status("top").problem
    assert host.plugins.status("top").state == "blocked"
    assert problem.startswith("needs middle, which is blocked: needs bottom, which failed: ValueError: boom")


@pytest.mark.feature("C10")
async def test_a_plugin_that_fails_on_the_way_down_goes_all_the_same(profile, build, running, caplog):
    code = """
from jackfield import Plugin
class Main(Plugin):
    def on_disable(self): raise ValueError("not me")
    def on_unload(self): raise ValueError("never")
"""
    wheel = build("clinging", code=code)
    profile.install(wheel)
    profile.enable("clinging")
    host = await running()
    profile.install()
    await host.reload_changes()
    assert list(host.plugins) == []
    assert "clinging failed in on_disable" in caplog.text
    assert "chat_clinging" not in sys.modules


@pytest.mark.feature("K22")
async def test_a_callback_that_hangs_is_cut_off(profile, build, running):
    code = """
import asyncio
from jackfield import Plugin
class Main(Plugin):
    async def on_enable(self): await asyncio.Event().wait()
"""
    profile.install(build("hanging", code=code), build("well"))
    profile.enable("hanging", "well")
    host = await running(callback_timeout_seconds=0.5)
    assert host.plugins.status("well").state == "active"
    assert host.plugins.status("hanging").problem == "hanging: on_enable did not return within 0.5 s (in on_enable)"


async def test_wishing_and_unwishing_takes_effect_in_the_running_host(profile, build, running, noted):
    profile.install(build("a", code=RECORDER))
    host = await running()
    profile.enable("a")
    await host.reload_changes()
    assert host.plugins.status("a").state == "active"
    profile.disable("a")
    await host.reload_changes()
    assert host.plugins.status("a").state == "idle"
    profile.enable("a")
    await host.reload_changes()
    assert noted == [("a", what) for what in ("load", "enable", "disable", "enable")]


async def test_independent_plugins_come_up_side_by_side(profile, build, running, monkeypatch):
    """Each waits in on_enable for the other one to be there too."""
    import asyncio
    import builtins

    monkeypatch.setattr(builtins, "_meeting", asyncio.Barrier(2), raising=False)
    code = """
from jackfield import Plugin
class Main(Plugin):
    async def on_enable(self): await _meeting.wait()
"""
    profile.install(build("one", code=code), build("two", code=code))
    profile.enable("one", "two")
    host = await running(callback_timeout_seconds=5)
    assert [status.state for status in host.plugins] == ["active", "active"]


async def test_what_begins_before_on_enable_is_refused(profile, build, running):
    code = """
from jackfield import Plugin
class Main(Plugin):
    async def on_load(self, previous): self.context.scheduler.start(self.work(), name="too early")
    async def work(self): ...
"""
    profile.install(build("early", code=code))
    profile.enable("early")
    host = await running()
    problem = host.plugins.status("early").problem
    assert problem.startswith("early is not enabled, so it cannot begin: task too early (begin things in on_enable")


@pytest.mark.feature("J26")
class TestWaysDown:
    """The rows of "every way down" in docs/reference/lifecycle.md that no other test has."""

    async def test_revoked_consent_unloads_and_says_so(self, profile, build, running, noted):
        profile.install(build("a", code=RECORDER))
        profile.enable("a")
        host = await running()
        noted.clear()
        profile.state.change({"grants/a": None}, by="test")
        await host.reload_changes()
        assert noted == [("a", "disable"), ("a", "unload")]
        assert host.plugins.status("a").state == "blocked"
        assert host.plugins.status("a").problem.startswith("asks for consent")
        profile.enable("a")
        await host.reload_changes()
        assert host.plugins.status("a").state == "active"

    async def test_who_needs_a_disabled_plugin_goes_before_it_and_comes_back_with_it(
        self, profile, build, running, noted
    ):
        profile.install(build("a", code=RECORDER, more='[requires]\nb = "*"'), build("b", code=RECORDER))
        profile.enable("a", "b")
        host = await running()
        noted.clear()
        profile.disable("b")
        await host.reload_changes()
        assert noted == [("a", "disable"), ("a", "unload"), ("b", "disable")]
        status = host.plugins.status("a")
        assert (status.state, status.problem) == (
            "blocked",
            "needs b, which is disabled (enable it: jackfield enable b)",
        )
        profile.enable("b")
        await host.reload_changes()
        assert [one.state for one in host.plugins] == ["active", "active"]

    async def test_a_stopped_host_can_start_again(self, profile, build, running, noted):
        profile.install(build("a", code=RECORDER))
        profile.enable("a")
        host = await running()
        await host.stop()
        await host.stop()
        assert host.plugins.status("a").state == "unloaded"
        await host.reload_changes()
        assert host.plugins.status("a").state == "unloaded"
        await host.start()
        assert host.plugins.status("a").state == "active"
        with pytest.raises(UsageError, match="runs already"):
            await host.start()


@pytest.mark.feature("C2")
async def test_module_functions_take_the_context_first(profile, tmp_path, running):
    code = """
seen = []
def on_load(context, previous): seen.append(("load", context.plugin_id, previous))
async def on_enable(context): seen.append(("enable", context.plugin_id))
"""
    source = WheelSource(
        "chat-plain",
        files={"chat_plain/__init__.py": code, "chat_plain/plugin.toml": manifest_text("plain")},
        entry_points={"chat.plugins": {"plain": "chat_plain"}},
    )
    profile.install(source.build(tmp_path / "wheels"))
    profile.enable("plain")
    await running()
    assert sys.modules["chat_plain"].seen == [("load", "plain", None), ("enable", "plain")]


async def test_a_wheel_that_was_installed_as_another_plugin_takes_nobodys_id(
    profile, build, tmp_path, running, monkeypatch
):
    files = {
        "a_thief/__init__.py": "from jackfield import Plugin\nclass Main(Plugin): pass\n",
        "a_thief/plugin.toml": manifest_text("weather", "9.0.0"),
    }
    points = {"chat.plugins": {"weather": "a_thief:Main"}}
    thief = WheelSource("a-thief", "9.0.0", files=dict(files), entry_points=points).build(tmp_path)

    def as_the_marketplace_said(wheel, requires):
        return replace(pin_of(wheel, requires), id="thief") if wheel == thief else pin_of(wheel, requires)

    monkeypatch.setattr("tests.support.profiles.pin_of", as_the_marketplace_said)
    profile.install(thief, build("weather"))
    profile.enable("weather", permissions=())
    host = await running()
    assert [row.version for row in host.plugins.list() if row.id == "weather"] == ["1.0.0"]
