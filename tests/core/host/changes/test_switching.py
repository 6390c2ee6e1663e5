"""A running host follows a new generation: what changed is exchanged, everything else runs on untouched."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import importlib.util
import shutil
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest
from jackfield.errors import StoreError

from tests.support.wheels import WheelSource, manifest_text

CODE = """
from jackfield import Plugin
IMPORTED = object()

class Main(Plugin):
    VERSION = "{version}"
    async def on_load(self, previous):
        self.previous = previous
    async def on_unload(self):
        return {{"from": self.VERSION}}
"""

LIBRARY_USER = """
import shared_library
from jackfield import Plugin
class Main(Plugin):
    LIBRARY = shared_library.VERSION
"""


@pytest.fixture
def library(tmp_path):
    def make(version: str, **files: str | bytes) -> Path:
        content = {"shared_library/__init__.py": f"VERSION = {version!r}\n", **files}
        return WheelSource("shared-library", version, files=content).build(tmp_path / "wheels")

    return make


def instance(host, plugin: str):
    return host.plugins.record(plugin).loaded.target


@pytest.mark.feature("C45", "M36", "M37")
async def test_a_changed_plugin_is_exchanged_with_its_state_and_the_others_run_on(profile, build, running):
    one, two, other = (
        build("one", "1.0.0", code=CODE.format(version="1.0.0")),
        build("one", "1.1.0", code=CODE.format(version="1.1.0")),
        build("other", code=CODE.format(version="1.0.0")),
    )
    profile.install(one, other)
    profile.enable("one", "other")
    host = await running()
    before, untouched = instance(host, "one"), instance(host, "other")
    mark = sys.modules["chat_one"].IMPORTED
    assert before.previous is None

    profile.install(two, other)
    await host.reload_changes()
    after = instance(host, "one")
    assert (after.VERSION, after.previous) == ("1.1.0", {"from": "1.0.0"})
    assert sys.modules["chat_one"].IMPORTED is not mark
    assert instance(host, "other") is untouched
    assert host.plugins.status("one").version == "1.1.0"


@pytest.mark.parametrize("requires", [{}, {"chat-upper": ["chat-lower"]}], ids=["manifest", "and-requires-dist"])
async def test_dependents_of_a_changed_plugin_go_before_it_and_come_back_after_it(profile, build, running, requires):
    lower = [build("lower", version, code=CODE.format(version=version)) for version in ("1.0.0", "1.1.0")]
    upper = build("upper", code=CODE.format(version="1.0.0"), more='[requires]\nlower = "^1.0"')
    profile.install(lower[0], upper, requires=requires)
    profile.enable("lower", "upper")
    host = await running()
    steps: list[tuple[str, str]] = []
    host.plugins.on_change(lambda status: steps.append((status.id, str(status.state))))
    profile.install(lower[1], upper, requires=requires)
    await host.reload_changes()
    told = [step for step in steps if step[1] in ("idle", "unloaded", "loaded", "active")]
    assert told == [
        *(("upper", state) for state in ("idle", "unloaded")),
        *(("lower", state) for state in ("idle", "unloaded")),
        *((one, "loaded") for one in ("lower", "upper")),
        *((one, "active") for one in ("lower", "upper")),
    ]


@pytest.mark.feature("M38")
async def test_a_removed_plugin_is_told_and_its_modules_are_forgotten(profile, build, running):
    code = """
from jackfield import Plugin
class Main(Plugin):
    def on_removed(self): self.context.data_dir.joinpath("gone").touch()
"""
    profile.install(build("leaving", code=code))
    profile.enable("leaving")
    host = await running()
    profile.install()
    await host.reload_changes()
    assert list(host.plugins) == []
    assert "chat_leaving" not in sys.modules
    assert (profile.layout.data("leaving") / "files" / "gone").exists()


async def test_an_update_that_fails_leaves_the_others_running_and_shows_its_traceback(profile, build, running):
    good, broken, other = build("one"), build("one", "1.1.0", code="raise OSError('no')"), build("other")
    profile.install(good, other)
    profile.enable("one", "other")
    host = await running()
    profile.install(broken, other)
    await host.reload_changes()
    assert (host.plugins.status("one").state, host.plugins.status("other").state) == ("failed", "active")
    profile.install(good, other)
    await host.reload_changes()
    assert host.plugins.status("one").state == "active"


async def test_a_plugin_whose_files_are_gone_is_blocked_not_uninstalled(profile, build, running):
    wheel = build("one")
    profile.install(wheel)
    profile.enable("one")
    host = await running()
    shutil.rmtree(profile.store.active().paths[0])
    await host.reload_changes()
    status = host.plugins.status("one")
    assert (status.state, status.problem) == (
        "blocked",
        "its files are missing in the store (jackfield install one)",
    )


async def test_a_damaged_generation_leaves_everything_running(profile, build, running):
    profile.install(build("one"))
    profile.enable("one")
    host = await running()
    profile.layout.current.write_text("nonsense")
    with pytest.raises(StoreError, match="is damaged"):
        await host.reload_changes()
    assert host.plugins.status("one").state == "active"
    with pytest.raises(StoreError, match="is damaged"):
        await profile.host().start()


async def test_a_library_that_one_plugin_uses_is_exchanged_with_it(profile, build, library, running):
    user = build("user", code=LIBRARY_USER)
    requires = {"chat-user": ["shared-library"]}
    profile.install(user, library("1.0"), requires=requires)
    profile.enable("user")
    host = await running()
    profile.install(user, library("2.0"), requires=requires)
    await host.reload_changes()
    assert instance(host, "user").LIBRARY == "2.0"


async def test_a_library_that_another_plugin_uses_waits_for_a_restart(profile, build, library, running):
    """The plugin whose update needs it runs on as it was; so does the other."""
    first, second = build("first", code=LIBRARY_USER), build("second", code=LIBRARY_USER)
    newer = build("first", "1.1.0", code=LIBRARY_USER)
    requires = {"chat-first": ["shared-library"], "chat-second": ["shared-library"]}
    profile.install(first, second, library("1.0"), requires=requires)
    profile.enable("first", "second")
    host = await running()
    profile.install(newer, second, library("2.0"), requires=requires)
    await host.reload_changes()
    status = host.plugins.status("first")
    assert status.state == "pending restart"
    assert status.version == "1.0.0"
    assert "waits for a restart of Chat" in status.problem
    assert instance(host, "second").LIBRARY == "1.0"

    profile.install(first, second, library("1.0"), requires=requires)
    await host.reload_changes()
    assert [one.state for one in host.plugins] == ["active", "active"]

    profile.install(newer, second, library("2.0"), requires=requires)
    await host.stop()
    await host.start()
    assert [one.state for one in host.plugins] == ["active", "active"]
    assert (host.plugins.status("first").version, instance(host, "second").LIBRARY) == ("1.1.0", "2.0")


async def test_machine_code_waits_for_a_restart(profile, tmp_path, running):
    name, machine_code = _an_extension_module()

    def wheel(version: str) -> Path:
        files: dict[str, str | bytes] = {
            "chat_native/__init__.py": f"from chat_native import {name}\nclass Main: VERSION = {version!r}\n",
            "chat_native/plugin.toml": manifest_text("native", version),
            f"chat_native/{name}{EXTENSION_SUFFIXES[0]}": machine_code,
        }
        source = WheelSource(
            "chat-native", version, files=files, entry_points={"chat.plugins": {"native": "chat_native:Main"}}
        )
        return source.build(tmp_path / "wheels")

    profile.install(wheel("1.0.0"))
    profile.enable("native")
    host = await running()
    assert host.plugins.status("native").state == "active", host.plugins.status("native").error
    profile.install(wheel("1.1.0"))
    await host.reload_changes()
    assert host.plugins.status("native").state == "pending restart"
    assert "machine code" in host.plugins.status("native").problem

    profile.install()
    await host.reload_changes()
    profile.install(wheel("1.1.0"))
    await host.reload_changes()
    status = host.plugins.status("native")
    assert (status.state, status.problem) == (
        "blocked",
        f"waits for a restart of Chat: an earlier chat_native.{name} is machine code and still there",
    )


async def test_a_plugin_that_says_restart_is_not_exchanged(profile, build, running):
    def manifest(version: str) -> str:
        return manifest_text("slow", version).replace("\n\n", '\nreload = "restart"\n\n', 1)

    profile.install(build("slow", "1.0.0", manifest=manifest("1.0.0")))
    profile.enable("slow")
    host = await running()
    profile.install(build("slow", "1.1.0", manifest=manifest("1.1.0")))
    await host.reload_changes()
    assert host.plugins.status("slow").state == "pending restart"
    assert host.plugins.status("slow").version == "1.0.0"


@pytest.mark.feature("K34")
async def test_metadata_and_resources_of_a_plugin_are_found(profile, build, running):
    profile.install(build("one", "1.2.3"))
    profile.enable("one")
    host = await running()
    assert importlib.metadata.version("chat-one") == "1.2.3"
    assert 'id = "one"' in importlib.resources.files("chat_one").joinpath("plugin.toml").read_text()
    await host.stop()
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("chat-one")


async def test_parts_of_a_namespace_package_in_two_wheels_are_both_found(profile, tmp_path, running):
    def part(name: str, version: str = "1.0.0") -> Path:
        files: dict[str, str | bytes] = {
            f"chat_{name}/__init__.py": f"import spread.{name}\nclass Main: SEEN = spread.{name}.VERSION\n",
            f"chat_{name}/plugin.toml": manifest_text(name, version),
            f"spread/{name}.py": f"VERSION = {version!r}\n",
        }
        source = WheelSource(
            f"chat-{name}", version, files=files, entry_points={"chat.plugins": {name: f"chat_{name}:Main"}}
        )
        return source.build(tmp_path / "wheels")

    profile.install(part("left"), part("right"))
    profile.enable("left", "right")
    host = await running()
    assert [status.state for status in host.plugins] == ["active", "active"]
    profile.install(part("left"), part("right", "1.1.0"))
    await host.reload_changes()
    assert (instance(host, "left").SEEN, instance(host, "right").SEEN) == ("1.0.0", "1.1.0")


@pytest.mark.feature("M8")
async def test_code_from_elsewhere_is_blocked_before_it_runs(profile, build, running, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "chat_one").mkdir(parents=True)
    (elsewhere / "chat_one" / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(elsewhere))
    profile.install(build("one"))
    profile.enable("one")
    host = await running()
    status = host.plugins.status("one")
    assert status.state == "blocked"
    assert status.problem.startswith(f"its package chat_one would be loaded from {elsewhere}")
    assert "chat_one" not in sys.modules


def _an_extension_module() -> tuple[str, bytes]:
    """Name and content of some extension module of the standard library that has no state of its own."""
    for name in ("_queue", "_bisect", "_heapq", "_opcode", "_contextvars"):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None and spec.origin.endswith(tuple(EXTENSION_SUFFIXES)):
            return name, Path(spec.origin).read_bytes()
    pytest.skip("this Python carries its extension modules within itself")
