"""`jackfield.PluginManager` in the place of pluggy's: what an application gains by changing that one name."""

from __future__ import annotations

import json
import logging
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pluggy
import pytest
from jackfield.errors import ConsentRequired, StoreError, UnknownPlugin, UsageError
from jackfield.host import PluginManager
from jackfield.storage import State
from jackfield.store import Layout

from tests.support.profiles import Profile
from tests.support.wheels import WheelSource

hookspec = pluggy.HookspecMarker("atlas")
hookimpl = pluggy.HookimplMarker("atlas")

GOOD = """
import pluggy

hookimpl = pluggy.HookimplMarker("atlas")


@hookimpl
def draw(place):
    return f"{place} drawn by {__name__}"
"""

Install = Callable[..., None]


class Specs:
    @hookspec
    def draw(self, place: str) -> str: ...


@pytest.fixture
def clean_imports() -> Iterator[None]:
    """What a test imports and puts before others goes away again."""
    modules, finders = set(sys.modules), list(sys.meta_path)
    yield
    sys.meta_path[:] = finders
    for name in set(sys.modules) - modules:
        if name.startswith("atlas_"):
            del sys.modules[name]


def atlas_wheel(folder: Path, name: str, code: str, *, manifest: str | None = None, version: str = "1.2.0") -> Path:
    package = f"atlas_{name}"
    files: dict[str, str | bytes] = {f"{package}/__init__.py": code}
    if manifest is not None:
        files[f"{package}/plugin.toml"] = manifest
    source = WheelSource(f"atlas-{name}", version, files, entry_points={"atlas": {name: package}})
    return source.build(folder)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_imports: None) -> Install:
    """Install an ordinary pluggy plugin as pip would: `install(name, code)`."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def put(name: str, code: str = GOOD, **options: Any) -> None:
        with zipfile.ZipFile(atlas_wheel(tmp_path / "wheels", name, code, **options)) as wheel:
            wheel.extractall(site)

    return put


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "profile")


def started(layout: Layout | None, **options: Any) -> PluginManager:
    """Make the application's manager and load its plugins, as a start of the application does."""
    manager = PluginManager("atlas", layout=layout, **options)
    manager.add_hookspecs(Specs)
    manager.load_setuptools_entrypoints("atlas")
    return manager


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


@pytest.fixture
def stored(layout: Layout, tmp_path: Path, clean_imports: None) -> Callable[..., Profile]:
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
