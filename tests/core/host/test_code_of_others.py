"""Code of a plugin that does not run is not found in the application's process, by whatever name somebody asks for it.

Libraries try imports that may fail (`import brotli`), and load whatever stands in a group of entry points.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.profiles import Profile
from tests.support.wheels import WheelSource, plugin_source

NAMES = ("faster_owl", "faster_elk", "jflib_shared", "jflib_owl", "jflib_elk")


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    for name in NAMES:
        sys.modules.pop(name, None)


@pytest.fixture
def installed(profile: Profile, tmp_path: Path) -> Callable[[], None]:
    """Put two plugins there: each brings a module and an entry point, a library of its own, and one of both."""

    def install(*more: Path) -> None:
        wheels, requires = [], {}
        for name in ("owl", "elk"):
            source = plugin_source(name, isolation="inline")
            source.files[f"faster_{name}.py"] = ""
            source.entry_points["jf.codecs"] = {name: f"faster_{name}"}
            own = WheelSource(f"jflib-{name}", files={f"jflib_{name}.py": ""})
            wheels += [source.build(tmp_path / "wheels"), own.build(tmp_path / "wheels")]
            requires[f"chat-{name}"] = [f"jflib-{name}", "jflib-shared"]
        shared = WheelSource("jflib-shared", files={"jflib_shared.py": ""}).build(tmp_path / "wheels")
        profile.install(*wheels, shared, *more, requires=requires)

    return install


def found() -> set[str]:
    """What can be imported, and who stands in the group."""
    return {name for name in NAMES if find_spec(name)} | {one.name for one in entry_points(group="jf.codecs")}


async def test_of_one_that_nobody_enabled(profile: Profile, installed, running) -> None:
    installed()
    await running()
    assert found() == set()


async def test_of_one_that_is_enabled_and_taken_down_again_while_the_host_runs(profile, installed, running) -> None:
    installed()
    profile.enable("owl")
    host = await running()
    assert found() == {"owl", "faster_owl", "jflib_owl", "jflib_shared"}
    profile.enable("elk")
    await host.reload_changes()
    assert found() == {"owl", "elk", *NAMES}
    profile.state.change({"grants/owl": None}, by="test")
    await host.reload_changes()
    assert host.plugins.status("owl").state == "blocked"
    assert found() == {"elk", "faster_elk", "jflib_elk", "jflib_shared"}


async def test_of_one_that_is_blocked(profile: Profile, installed, running) -> None:
    installed()
    profile.state.change({"wish/owl": True}, by="test")  # and nobody said yes to it
    host = await running()
    assert host.plugins.status("owl").state == "blocked"
    assert found() == set()


async def test_of_one_that_runs_in_a_process_of_its_own(profile: Profile, tmp_path, running) -> None:
    source = plugin_source("owl")
    source.files["faster_owl.py"] = ""
    profile.install(source.build(tmp_path / "wheels"))
    profile.enable("owl", isolation="worker")
    host = await running()
    assert host.plugins.status("owl").state == "active"
    assert found() == set()


ENABLES = """
from jackfield import Plugin

class Main(Plugin):
    async def on_enable(self):
        await self.context.plugins.enable("owl")

    async def on_disable(self):
        await self.context.plugins.unload("owl")
"""
MANAGES = '[[permissions]]\nresource = "plugins"\nactions = ["manage"]\nreason = "x"\n'


async def test_of_one_that_another_plugin_enables_and_unloads_within_a_change(
    profile: Profile, installed, tmp_path, running
) -> None:
    chief = plugin_source("chief", isolation="inline", code=ENABLES, permissions=MANAGES)
    installed(chief.build(tmp_path / "wheels"))
    profile.enable("owl", "chief")
    profile.disable("owl")
    host = await running()
    assert host.plugins.status("owl").state == "active", host.plugins.status("owl")
    assert found() == {"owl", "faster_owl", "jflib_owl", "jflib_shared"}
    profile.disable("chief")
    await host.reload_changes()
    assert host.plugins.status("owl").state != "active"
    assert found() == set()
