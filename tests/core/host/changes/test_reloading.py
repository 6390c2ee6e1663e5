"""Code imported anew in a running host: in the order of dependencies, with state handed over, and with a way back."""

from __future__ import annotations

import builtins
import importlib
import sys
import zipfile
from pathlib import Path

import pytest
from jackfield.errors import PluginError

from tests.support.wheels import WheelSource, manifest_text, plugin_source

pytestmark = pytest.mark.slow


CODE = """
import builtins
from jackfield import Plugin
VERSION = "VERSION"

class Main(Plugin):
    def _note(self, what): builtins._noted.append(f"{self.context.plugin_id} {VERSION} {what}")
    async def on_load(self, previous):
        self.count = (previous or 0) + 1
        self._note(f"load {previous}")
    async def on_enable(self): self._note("enable")
    def on_disable(self): self._note("disable")
    def on_unload(self):
        self._note("unload")
        return self.count
"""
BAD_LOAD = CODE.replace("self.count = (previous or 0) + 1", "raise ValueError('bad load')")
NOTES_ENABLE = 'async def on_enable(self): self._note("enable")'
BAD_ENABLE = CODE.replace(NOTES_ENABLE, "def on_enable(self): raise OSError('bad')")


@pytest.fixture
def noted(monkeypatch):
    calls: list[str] = []
    monkeypatch.setattr(builtins, "_noted", calls, raising=False)
    return calls


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of the environment into which plugins are put as an editable install does it."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith("chat_"):
            del sys.modules[name]


@pytest.fixture
def put(site, tmp_path):
    def put(source: WheelSource) -> None:
        with zipfile.ZipFile(source.build(tmp_path / "wheels")) as wheel:
            wheel.extractall(site)

    return put


def save(site: Path, plugin: str, code: str) -> None:
    """What an author does in an editor: no version, no reinstall, perhaps within the same second."""
    (site / f"chat_{plugin}" / "__init__.py").write_text(code)


def version(host, plugin: str) -> str:
    return str(sys.modules[type(host.plugins.record(plugin).loaded.target).__module__].VERSION)


async def start(profile, running, put, *sources):
    for source in sources:
        put(source)
    profile.enable(*(source.name.removeprefix("chat-") for source in sources), source="environment")
    return await running()


@pytest.mark.feature("M24", "M36", "M37")
async def test_new_code_gets_what_the_old_code_hands_over(profile, running, put, site, noted):
    host = await start(profile, running, put, plugin_source("a", code=CODE))
    noted.clear()
    save(site, "a", CODE.replace('VERSION"', 'NEWER!!"', 1).replace('VERSION = "NEWER!!"', 'VERSION = "NEWER!!"'))
    status = await host.reload("a")
    assert status.state == "active"
    assert noted == ["a VERSION disable", "a VERSION unload", "a NEWER!! load 1", "a NEWER!! enable"]
    assert version(host, "a") == "NEWER!!"


@pytest.mark.feature("M24", "K23")
async def test_who_needs_it_is_reloaded_too_in_order(profile, running, put, noted):
    host = await start(
        profile,
        running,
        put,
        plugin_source("top", code=CODE, more='[requires]\nmiddle = "*"'),
        plugin_source("middle", code=CODE, more='[requires]\nbottom = "*"'),
        plugin_source("bottom", code=CODE),
        plugin_source("aside", code=CODE),
    )
    noted.clear()
    await host.reload("middle")
    words = [line.replace(" VERSION", "") for line in noted]
    assert words == [
        *("top disable", "middle disable", "top unload", "middle unload"),
        *("middle load 1", "top load 1", "middle enable", "top enable"),
    ]


@pytest.mark.feature("M3", "M24")
async def test_all_that_was_saved_is_reloaded_and_nothing_else(profile, running, put, site, noted):
    host = await start(profile, running, put, *(plugin_source(name, code=CODE) for name in ("a", "b", "c")))
    noted.clear()
    assert await host.reload_changed() == []
    assert noted == []
    for name in "ab":
        save(site, name, CODE.replace('"VERSION"', '"2"'))
    put(plugin_source("d", code=CODE))
    profile.enable("d", source="environment")
    assert await host.reload_changed() == []
    assert [version(host, name) for name in "abcd"] == ["2", "2", "VERSION", "VERSION"]
    assert not any(line.startswith("c ") for line in noted)


async def test_two_that_were_saved_together_come_up_together(profile, running, put, site, noted):
    """The new code of the one that sorts first cannot be imported beside the old code of the other."""
    host = await start(
        profile,
        running,
        put,
        plugin_source("above", code=CODE, more='[requires]\nbelow = "*"'),
        plugin_source("below", code=CODE),
    )
    save(site, "above", "from chat_below import NEW\n" + CODE.replace('"VERSION"', '"2"'))
    save(site, "below", CODE.replace('VERSION = "VERSION"', 'VERSION = "2"\nNEW = True'))
    noted.clear()
    assert await host.reload_changed() == []
    assert [version(host, name) for name in ("above", "below")] == ["2", "2"]
    assert noted.count("above 2 enable") == 1


@pytest.mark.parametrize(
    ("code", "why", "told"),
    [
        ("raise ValueError('no import')\n", "ValueError: no import", ["disable", "enable"]),
        ("class Other: ...\n", "PluginError: a: the entry point", ["disable", "enable"]),
        (BAD_LOAD, "ValueError: bad load (while it was loaded)", ["disable", "unload", "load 1", "enable"]),
        (BAD_ENABLE, "OSError: bad (in on_enable)", ["disable", "unload", "load 1", "enable"]),
    ],
    ids=["import", "entry point", "on_load", "on_enable"],
)
async def test_a_reload_that_fails_leaves_the_old_code_running(profile, running, put, site, noted, code, why, told):
    host = await start(
        profile,
        running,
        put,
        plugin_source("a", code=CODE),
        plugin_source("needs-a", code=CODE, more='[requires]\na = "*"'),
    )
    before = host.plugins.record("a").loaded.target
    module = sys.modules["chat_a"]
    noted.clear()
    save(site, "a", code.replace('"VERSION"', '"BROKEN"'))
    with pytest.raises(PluginError) as caught:
        await host.reload("a")
    assert str(caught.value).startswith(f"a was not reloaded: {why}")
    assert [one.state for one in host.plugins] == ["active", "active"]
    assert host.plugins.record("a").loaded.target is before
    assert sys.modules["chat_a"] is module
    assert [line.removeprefix("a VERSION ") for line in noted if line.startswith("a VERSION")] == told
    status = host.plugins.status("a")
    assert status.problem.startswith(f"a was not reloaded: {why}")
    assert status.problem.endswith("the code before runs on")
    assert "Traceback" in status.error
    assert await host.reload_changed() == []  # it is not tried again before it is saved again

    save(site, "a", CODE.replace('"VERSION"', '"MENDED"'))
    assert await host.reload_changed() == []
    assert (version(host, "a"), host.plugins.status("a").problem) == ("MENDED", "")


async def test_a_dependent_that_cannot_live_with_the_new_code_takes_both_back(profile, running, put, site, noted):
    user = "from chat_a import VERSION\nassert VERSION != 'WRONG'\n" + CODE.replace('VERSION = "VERSION"\n', "")
    host = await start(
        profile,
        running,
        put,
        plugin_source("a", code=CODE),
        plugin_source("user", code=user, more='[requires]\na = "*"'),
    )
    save(site, "a", CODE.replace('"VERSION"', '"WRONG"'))
    with pytest.raises(PluginError, match="user was not reloaded: AssertionError"):
        await host.reload("a")
    assert [one.state for one in host.plugins] == ["active", "active"]
    assert version(host, "a") == "VERSION"


@pytest.mark.feature("M24", "K24")
async def test_what_says_restart_is_not_reloaded_alone_or_with_others(profile, running, put, noted):
    manifest = manifest_text("slow", more='[requires]\na = "*"').replace("\n\n", '\nreload = "restart"\n\n', 1)
    host = await start(
        profile, running, put, plugin_source("a", code=CODE), plugin_source("slow", code=CODE, manifest=manifest)
    )
    noted.clear()
    for name in ("slow", "a"):
        with pytest.raises(PluginError, match=r'slow was not reloaded: .*reload = "restart".* a restart of Chat'):
            await host.reload(name)
    assert noted == []


async def test_what_others_imported_is_not_reloaded(profile, running, put, noted):
    put(plugin_source("a", code=CODE))
    chat_a = importlib.import_module("chat_a")
    profile.enable("a", source="environment")
    host = await running()
    with pytest.raises(PluginError, match="a was not reloaded: others imported its code, too"):
        await host.reload("a")
    assert sys.modules["chat_a"] is chat_a


async def test_a_plugin_that_must_not_run_any_more_is_left_as_it_is(profile, running, put, site, noted):
    host = await start(profile, running, put, plugin_source("a", code=CODE))
    (site / "chat_a" / "plugin.toml").write_text("nonsense")
    with pytest.raises(PluginError, match="a was not reloaded: "):
        await host.reload("a")
    assert host.plugins.status("a").state == "active"


async def test_a_plugin_that_failed_or_is_disabled_is_tried_or_named(profile, running, put, site, noted):
    host = await start(profile, running, put, plugin_source("a", code="raise ValueError('boom')"))
    assert host.plugins.status("a").state == "failed"
    save(site, "a", CODE)
    assert (await host.reload("a")).state == "active"
    await host.unload("a")
    profile.disable("a")
    await host.reload_changes()
    with pytest.raises(PluginError, match="a was not reloaded: it is not enabled"):
        await host.reload("a")


async def test_old_code_does_not_run_over_data_that_new_code_has_changed(profile, running, put, site, noted):
    host = await start(profile, running, put, plugin_source("a", code=CODE))
    (site / "chat_a" / "plugin.toml").write_text(manifest_text("a").replace("\n\n", "\ndata_version = 2\n\n", 1))
    save(site, "a", BAD_ENABLE)
    with pytest.raises(PluginError, match="a was not reloaded: OSError: bad"):
        await host.reload("a")
    assert host.plugins.status("a").state == "failed"


async def test_a_stored_plugin_is_reloaded_from_its_wheel(profile, build, running, noted):
    profile.install(build("a", code=CODE))
    profile.enable("a")
    host = await running()
    module = sys.modules["chat_a"]
    await host.reload("a")
    assert sys.modules["chat_a"] is not module
    assert host.plugins.record("a").loaded.target.count == 2
