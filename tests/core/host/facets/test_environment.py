"""Plugins that pip put beside the host: found, asked about, run, and never taken apart when others use their code."""

from __future__ import annotations

import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jackfield.hooks import HookimplMarker, HookspecMarker
from jackfield.host import Host

from tests.support.wheels import WheelSource, plugin_source

hookspec, hookimpl = HookspecMarker("chat"), HookimplMarker("chat")


class Specs:
    @hookspec
    def shout(self, text: str) -> str:
        """Say it louder."""
        return text


VERSIONED = "from jackfield import Plugin\nclass Main(Plugin): VERSION = 'VERSION'\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("chat_env", "old_plugin"):
            del sys.modules[name]


@pytest.fixture
def pip_install(site: Path, tmp_path: Path) -> Callable[[WheelSource], None]:
    def put(source: WheelSource) -> None:
        for old in site.glob(f"{source.name.replace('-', '_')}-*.dist-info"):
            shutil.rmtree(old)
        with zipfile.ZipFile(source.build(tmp_path / "wheels")) as wheel:
            wheel.extractall(site)
        for cache in site.rglob("__pycache__"):
            shutil.rmtree(cache)  # two versions within one second and of one size look the same to Python

    return put


def target(host: Host, plugin: str) -> Any:
    loaded = host.plugins.record(plugin).loaded
    assert loaded is not None
    return loaded.target


async def test_it_is_listed_asks_for_consent_and_runs(profile, pip_install, running):
    pip_install(plugin_source("env", code=VERSIONED))
    host = await running()
    status = host.plugins.status("env")
    assert (status.state, status.origin) == ("found", "environment")
    profile.state.change({"wish/env": True}, by="test")
    await host.reload_changes()
    assert host.plugins.status("env").problem.startswith("asks for consent")
    profile.enable("env", source="environment")
    await host.reload_changes()
    assert host.plugins.status("env").state == "active"


async def test_an_upgrade_by_pip_is_followed(profile, pip_install, running):
    pip_install(plugin_source("env", code=VERSIONED.replace("VERSION", "1", 2)))
    profile.enable("env", source="environment")
    host = await running()
    pip_install(plugin_source("env", "1.1.0", code=VERSIONED.replace("VERSION'", "1.1.0'")))
    await host.reload_changes()
    assert host.plugins.status("env").version == "1.1.0"
    assert target(host, "env").VERSION == "1.1.0"


async def test_code_that_someone_else_imported_waits_for_a_restart(profile, pip_install, running):
    pip_install(plugin_source("env", code=VERSIONED))
    profile.enable("env", source="environment")
    import chat_env  # type: ignore[import-not-found]  # pip put it there just now

    host = await running()
    pip_install(plugin_source("env", "1.1.0", code=VERSIONED))
    await host.reload_changes()
    assert host.plugins.status("env").state == "pending restart"
    assert sys.modules["chat_env"] is chat_env


async def test_one_that_pip_removed_goes(profile, pip_install, running, site):
    pip_install(plugin_source("env", code=VERSIONED))
    profile.enable("env", source="environment")
    host = await running()
    shutil.rmtree(site / "chat_env")
    shutil.rmtree(site / "chat_env-1.0.0.dist-info")
    await host.reload_changes()
    assert list(host.plugins) == []


@pytest.mark.feature("M8")
async def test_it_wins_over_the_store_which_shows_as_shadowed(profile, build, pip_install, running):
    pip_install(plugin_source("env", "2.0.0", code=VERSIONED))
    profile.install(build("env", "1.0.0"))
    profile.enable("env", source="environment")
    host = await running()
    shown = [(one.origin, one.version, one.state, one.problem) for one in host.plugins.list()]
    assert shown == [
        ("environment", "2.0.0", "active", ""),
        ("store", "1.0.0", "shadowed", "env 2.0.0 of the host's environment wins"),
    ]


class TestLegacy:
    """An ordinary pluggy plugin: no manifest, no context, its hooks and nothing else."""

    SOURCE = WheelSource(
        "old-plugin",
        files={
            "old_plugin.py": (
                "from jackfield import HookimplMarker\n"
                "hookimpl = HookimplMarker('chat')\n"
                "def on_load(anything): raise RuntimeError('not a lifecycle callback')\n"
                "@hookimpl\n"
                "def shout(text): return text.upper()\n"
            )
        },
        entry_points={"chat.plugins": {"old": "old_plugin"}},
    )

    async def test_it_runs_only_when_it_is_trusted(self, profile, pip_install, running):
        pip_install(self.SOURCE)
        profile.state.change({"wish/old": True}, by="test")
        host = await running(specs=Specs)
        status = host.plugins.status("old")
        assert (status.state, status.legacy, status.isolation) == ("blocked", True, "inline")
        assert "old_plugin" not in sys.modules

        profile.state.change({"trust/old": {"source": "environment", "version": "1.0.0"}}, by="test")
        await host.reload_changes()
        assert host.plugins.status("old").state == "active", host.plugins.status("old").error
        assert host.hook.shout(text="hello") == ["HELLO"]
