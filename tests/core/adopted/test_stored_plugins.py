"""Plugins that `jackfield --app atlas install` put into the store, loaded by an application on pluggy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest
from jackfield.errors import ConsentRequired
from jackfield.store import Layout

from tests.core.adopted.conftest import GOOD, Install, atlas_wheel, started
from tests.support.profiles import Profile


@pytest.fixture
def stored(layout: Layout, tmp_path: Path) -> Callable[..., Profile]:
    def put(name: str, *, isolation: str = "any") -> Profile:
        manifest = f'schema = 1\nid = "{name}"\nname = "{name}"\ndescription = "a map"\nisolation = "{isolation}"\n'
        profile = Profile(layout)
        profile.install(atlas_wheel(tmp_path / "wheels", name, GOOD, manifest=manifest))
        return profile

    return put


def test_an_installed_plugin_is_loaded_once_it_is_enabled(layout: Layout, stored: Callable[..., Profile]) -> None:
    profile = stored("lakes")
    assert not started(layout).has_plugin("lakes")

    profile.enable("lakes")

    assert started(layout).hook.draw(place="Ulm") == ["Ulm drawn by atlas_lakes"]


def test_an_installed_plugin_that_nobody_consented_to_is_not_enabled(
    layout: Layout, stored: Callable[..., Profile]
) -> None:
    stored("lakes")
    manager = started(layout)

    with pytest.raises(ConsentRequired, match="jackfield --app atlas enable lakes"):
        manager.enable("lakes")
    assert [row.state for row in manager.list_plugins()] == ["disabled"]


def test_a_yes_to_what_came_from_elsewhere_is_none(layout: Layout, stored: Callable[..., Profile]) -> None:
    stored("lakes").enable("lakes", source="https://another.example.org")

    manager = started(layout)

    assert not manager.has_plugin("lakes")
    assert "it came from https://another.example.org, now from" in str(manager.failures["lakes"].error)


def test_a_plugin_that_asks_for_a_process_of_its_own_is_not_run_in_the_applications(
    layout: Layout, stored: Callable[..., Profile]
) -> None:
    stored("lakes", isolation="worker").enable("lakes")

    manager = started(layout)

    assert "process of its own" in str(manager.failures["lakes"].error)
    assert "atlas_lakes" not in sys.modules


def test_what_pip_installed_wins_over_the_store(
    layout: Layout, stored: Callable[..., Profile], install: Install
) -> None:
    stored("lakes").enable("lakes")
    install("lakes", GOOD.replace("drawn by", "drawn by pip's"), version="9.0.0")

    manager = started(layout)

    assert manager.hook.draw(place="Ulm") == ["Ulm drawn by pip's atlas_lakes"]
    assert [row.version for row in manager.list_plugins()] == ["9.0.0"]


def test_code_of_one_that_does_not_run_is_found_by_nobody(layout: Layout, tmp_path: Path) -> None:
    """Libraries try imports that may fail, and load whatever stands in a group of entry points."""
    profile, wheels = Profile(layout), []
    for name in ("lakes", "rivers"):
        manifest = f'schema = 1\nid = "{name}"\nname = "{name}"\ndescription = "a map"\nisolation = "any"\n'
        wheels.append(atlas_wheel(tmp_path / "wheels", name, GOOD, manifest=manifest))
    profile.install(*wheels)
    profile.enable("lakes")

    manager = started(layout)

    assert [row.name for row in manager.list_plugins()] == ["lakes", "rivers"]
    assert find_spec("atlas_lakes") is not None
    assert find_spec("atlas_rivers") is None
    assert [one.name for one in entry_points(group="atlas")] == ["lakes"]

    profile.enable("rivers")
    assert manager.enable("rivers")

    assert {one.name for one in entry_points(group="atlas")} == {"lakes", "rivers"}


def test_one_imports_what_another_one_exports_that_is_loaded_after_it(layout: Layout, tmp_path: Path) -> None:
    profile, wheels = Profile(layout), []
    for name, code in (("lakes", f"import atlas_rivers\n{GOOD}"), ("rivers", GOOD)):
        manifest = f'schema = 1\nid = "{name}"\nname = "{name}"\ndescription = "a map"\nisolation = "any"\n'
        wheels.append(atlas_wheel(tmp_path / "wheels", name, code, manifest=manifest))
    profile.install(*wheels)
    profile.enable("lakes", "rivers")

    manager = started(layout)

    assert manager.has_plugin("lakes"), manager.failures
    assert manager.has_plugin("rivers")
