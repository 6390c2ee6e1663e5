"""`jackfield.PluginManager` in the place of pluggy's: what an application gains by changing that one name."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import pluggy
import pytest
from jackfield.adopted import PluginManager
from jackfield.errors import StoreError, UnknownPlugin, UsageError
from jackfield.storage import State
from jackfield.store import Layout

from tests.core.adopted.conftest import GOOD, Install, Specs, hookimpl, hookspec, started


def test_all_plugins_are_loaded_as_with_pluggy(install: Install, layout: Layout) -> None:
    install("rivers")
    install("roads")
    manager = PluginManager("atlas", layout=layout)
    manager.add_hookspecs(Specs)

    assert isinstance(manager, pluggy.PluginManager)
    assert manager.load_setuptools_entrypoints("atlas") == 2
    assert manager.load_setuptools_entrypoints("atlas") == 0
    assert sorted(manager.hook.draw(place="Ulm")) == ["Ulm drawn by atlas_rivers", "Ulm drawn by atlas_roads"]
    assert sorted(dist.project_name for _, dist in manager.list_plugin_distinfo()) == ["atlas-rivers", "atlas-roads"]


def test_one_name_can_be_loaded_alone(install: Install, layout: Layout) -> None:
    install("rivers")
    install("roads")
    manager = PluginManager("atlas", layout=layout)

    assert manager.load_setuptools_entrypoints("atlas", name="roads") == 1
    assert manager.has_plugin("roads")
    assert not manager.has_plugin("rivers")


BLOCKING = """
import pluggy

@pluggy.HookimplMarker("atlas")
def registered(manager):
    manager.set_blocked("roads" if __name__ == "atlas_rivers" else "rivers")
"""


class Registering:
    @hookspec(historic=True)
    def registered(self, manager: PluginManager) -> None: ...


@pytest.mark.parametrize("kind", [pluggy.PluginManager, PluginManager], ids=["pluggy", "jackfield"])
def test_one_that_another_one_blocks_as_it_is_loaded_has_no_code_run(
    install: Install, layout: Layout, monkeypatch: pytest.MonkeyPatch, kind: type[pluggy.PluginManager]
) -> None:
    monkeypatch.setenv("JACKFIELD_HOME", str(layout.root))
    install("rivers", BLOCKING)
    install("roads", BLOCKING)
    manager = kind("atlas")
    manager.add_hookspecs(Registering)
    manager.hook.registered.call_historic(kwargs={"manager": manager})

    assert manager.load_setuptools_entrypoints("atlas") == 1
    assert len([name for name in ("atlas_rivers", "atlas_roads") if name in sys.modules]) == 1
    assert len([name for name in ("rivers", "roads") if manager.is_blocked(name)]) == 1


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("1 / 0", ZeroDivisionError),
        ("import no_such_module", ModuleNotFoundError),
        ("this is no Python", SyntaxError),
        ("import sys\nsys.exit(3)", SystemExit),
        (GOOD.replace("(place)", "(colour)"), pluggy.PluginValidationError),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_kept_and_the_rest_are_loaded(
    install: Install, layout: Layout, caplog: pytest.LogCaptureFixture, code: str, error: type[BaseException]
) -> None:
    install("broken", code)
    install("roads")

    with caplog.at_level(logging.ERROR, logger="jackfield.host"):
        manager = started(layout)

    assert manager.hook.draw(place="Ulm") == ["Ulm drawn by atlas_roads"]
    failure = manager.failures["broken"]
    assert isinstance(failure.error, error)
    assert (failure.name, failure.group, failure.distribution) == ("broken", "atlas", "atlas-broken 1.2.0")
    assert error.__name__ in failure.traceback
    assert "plugin broken of atlas-broken 1.2.0 was not loaded" in caplog.text


def test_an_interrupt_during_an_import_is_no_plugins_failure(install: Install, layout: Layout) -> None:
    install("broken", "raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        started(layout)


def test_a_failing_hook_raises_as_with_pluggy_unless_the_application_says_otherwise(
    install: Install, layout: Layout
) -> None:
    install("broken", GOOD.replace('return f"', 'raise LookupError(f"').replace('__name__}"', '__name__}")'))

    with pytest.raises(LookupError):
        started(layout).hook.draw(place="Ulm")
    assert started(layout, on_error="skip").hook.draw(place="Ulm") == []


def test_disabling_lasts_and_enabling_too(install: Install, layout: Layout) -> None:
    install("rivers")
    install("roads")
    manager = started(layout)

    manager.disable("rivers", by="ada")

    assert manager.hook.draw(place="Ulm") == ["Ulm drawn by atlas_roads"]
    assert not manager.is_enabled("rivers")
    again = started(layout)
    assert not again.has_plugin("rivers")
    assert again.enable("rivers", by="ada")
    assert len(again.hook.draw(place="Ulm")) == 2
    assert started(layout).has_plugin("rivers")
    assert [(entry.by, entry.why) for entry in State(layout.state).history()] == [
        ("ada", "disable rivers"),
        ("ada", "enable rivers"),
    ]


def test_a_disabled_plugin_is_not_imported(install: Install, layout: Layout) -> None:
    install("rivers")
    State(layout.state).change({"wish/rivers": False}, by="command line")

    started(layout)

    assert "atlas_rivers" not in sys.modules


def test_names_are_compared_in_their_canonical_form(install: Install, layout: Layout) -> None:
    install("old_roads")
    State(layout.state).change({"wish/old-roads": False}, by="command line")

    assert not started(layout).has_plugin("old_roads")


def test_a_plugin_that_fails_a_replayed_call_is_not_half_loaded(install: Install, layout: Layout) -> None:
    class Historic:
        @hookspec(historic=True)
        def opened(self, place: str) -> None: ...

    install("broken", GOOD + "\n\n@hookimpl\ndef opened(place):\n    raise LookupError(place)\n")
    install("roads")
    manager = PluginManager("atlas", layout=layout)
    manager.add_hookspecs(Specs)
    manager.add_hookspecs(Historic)
    manager.hook.opened.call_historic(kwargs={"place": "Ulm"})

    assert manager.load_setuptools_entrypoints("atlas") == 1

    assert isinstance(manager.failures["broken"].error, LookupError)
    assert manager.hook.draw(place="Ulm") == ["Ulm drawn by atlas_roads"]
    assert {row.name: row.state for row in manager.list_plugins()} == {"broken": "failed", "roads": "active"}


def test_switching_off_and_on_names_the_distribution_once(install: Install, layout: Layout) -> None:
    install("roads")
    manager = started(layout)

    manager.disable("roads")
    assert manager.list_plugin_distinfo() == []

    manager.enable("roads")
    assert [dist.project_name for _, dist in manager.list_plugin_distinfo()] == ["atlas-roads"]


def test_a_plugin_can_be_enabled_again_after_it_failed(install: Install, layout: Layout) -> None:
    install("broken", "1 / 0")
    manager = started(layout)

    assert not manager.enable("broken")
    install("broken", GOOD)

    assert manager.enable("broken")
    assert manager.failures == {}


def test_listing_tells_every_plugin_and_imports_none(install: Install, layout: Layout) -> None:
    for name in ("rivers", "roads", "woods", "late"):
        install(name)
    install("broken", "1 / 0")
    manager = PluginManager("atlas", layout=layout)
    manager.add_hookspecs(Specs)
    manager.set_blocked("woods")
    manager.register(object(), "built in")
    State(layout.state).change({"wish/rivers": False}, by="command line")
    for name in ("roads", "broken", "rivers", "woods"):
        manager.load_setuptools_entrypoints("atlas", name=name)

    rows = {row.name: row for row in manager.list_plugins()}

    assert {name: row.state for name, row in rows.items()} == {
        "broken": "failed",
        "built in": "active",
        "late": "found",
        "rivers": "disabled",
        "roads": "active",
        "woods": "blocked",
    }
    assert (rows["roads"].distribution, rows["roads"].version, rows["roads"].group) == ("atlas-roads", "1.2.0", "atlas")
    assert rows["broken"].error == "ZeroDivisionError: division by zero"
    assert [row.name for row in rows.values() if not row.enabled] == ["rivers"]
    assert "atlas_late" not in sys.modules


@pytest.mark.parametrize("change", ["enable", "disable", "is_enabled"])
def test_an_unknown_plugin_is_named_with_the_nearest(install: Install, layout: Layout, change: str) -> None:
    install("rivers")

    with pytest.raises(UnknownPlugin, match=r"no plugin 'river'.*did you mean rivers"):
        getattr(started(layout), change)("river")


def test_the_group_is_recorded_for_the_command_line_once(install: Install, layout: Layout) -> None:
    started(layout)
    file = layout.root / "groups.json"
    written = file.stat().st_mtime_ns, file.stat().st_ino

    assert json.loads(file.read_text()) == {"schema": 1, "groups": ["atlas"]}
    started(layout)
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == written
    started(layout).load_setuptools_entrypoints("atlas.more")
    assert json.loads(file.read_text())["groups"] == ["atlas", "atlas.more"]


def test_the_project_name_says_where_state_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACKFIELD_HOME", str(tmp_path / "home"))

    started(None)

    assert (Layout.locate("atlas").root / "groups.json").is_file()
    assert not Layout.locate("atlas").state.exists()


def test_a_manager_that_shall_remember_nothing_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, install: Install
) -> None:
    monkeypatch.setenv("JACKFIELD_HOME", str(tmp_path / "home"))
    install("rivers")

    manager = started(None, remember=False)

    assert manager.has_plugin("rivers")
    assert not (tmp_path / "home").exists()
    with pytest.raises(UsageError, match="remembers nothing"):
        manager.disable("rivers")
    assert manager.has_plugin("rivers")


def test_a_project_name_that_cannot_be_a_folder_is_fine(install: Install) -> None:
    manager = PluginManager("my project/../x")

    assert manager.load_setuptools_entrypoints("atlas") == 0


def test_a_folder_that_cannot_be_made_does_not_disturb_the_start(install: Install, tmp_path: Path) -> None:
    install("rivers")
    (tmp_path / "file").write_text("in the way")

    manager = started(Layout(tmp_path / "file" / "profile"))

    assert manager.has_plugin("rivers")
    with pytest.raises(StoreError):
        manager.disable("rivers")
    assert manager.has_plugin("rivers")


def test_a_damaged_state_is_told_and_does_not_disturb_the_start(
    install: Install, layout: Layout, caplog: pytest.LogCaptureFixture
) -> None:
    install("rivers")
    layout.state.mkdir(parents=True)
    (layout.state / "log.jsonl").write_text("damaged\nand more\n")

    assert started(layout).has_plugin("rivers")
    assert "cannot be read" in caplog.text


def test_async_results_of_specs_that_pluggy_marks_stay_the_applications_own(layout: Layout) -> None:
    class Later:
        @hookimpl
        async def draw(self, place: str) -> str:
            return place

    manager = started(layout)
    manager.register(Later())

    (answer,) = manager.hook.draw(place="Ulm")
    with pytest.raises(StopIteration, match="Ulm"):
        answer.send(None)


# Plugins that `jackfield --app atlas install` put into the store
