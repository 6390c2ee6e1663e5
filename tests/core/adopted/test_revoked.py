"""What a marketplace revoked does not run in an application on pluggy either, whoever installed it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from jackfield.errors import PluginError
from jackfield.manifest import Revocation, RevocationList
from jackfield.revocation import ALLOWED, Allowance, KeptList, Lists, Subject, hits, now
from jackfield.storage import State
from jackfield.store import Layout

from tests.core.adopted.conftest import GOOD, Install, atlas_wheel, started
from tests.support.profiles import Profile

pytestmark = pytest.mark.feature("C45")

MARKET = "https://plugins.example.org"


@pytest.fixture
def revoke(layout: Layout) -> Callable[..., KeptList]:
    """Have a marketplace's list here, as its client keeps it."""

    def kept(*entries: Revocation) -> KeptList:
        folder = layout.trust / "plugins.example.org-0"
        folder.mkdir(parents=True, exist_ok=True)
        told = RevocationList(entries, "appeals@example.org")
        found = KeptList(MARKET, f"{now():%Y-%m-%dT%H:%M:%SZ}", told.to_bytes(), told)
        found.save(folder)
        return found

    return kept


def entry(meant: str, **options: object) -> Revocation:
    values = {"number": 1, "plugin": meant, "distribution": f"atlas-{meant}", "reason": "It tells where you are."}
    return Revocation(**values | options)  # type: ignore[arg-type]  # a mapping of all fields has one type for them; a wrong one fails the test


def test_one_that_pip_installed_is_blocked_and_told_and_the_others_run(layout, install: Install, revoke, caplog):
    install("rivers", "raise RuntimeError('this code may not run')")
    install("hills")
    revoke(entry("rivers", versions="<2.0"))

    manager = started(layout)

    assert manager.hook.draw(place="Ulm") == ["Ulm drawn by atlas_hills"]
    assert "atlas_rivers" not in sys.modules
    (row,) = [row for row in manager.list_plugins() if row.name == "rivers"]
    assert (row.state, row.enabled) == ("blocked", True)
    assert f"rivers 1.2.0 was revoked by {MARKET} (critical): It tells where you are" in row.error
    assert isinstance(manager.failures["rivers"].error, PluginError)
    assert "REVOKED: rivers 1.2.0 was revoked by" in caplog.text
    assert "jackfield --app atlas allow-revoked rivers" in caplog.text
    assert not manager.enable("rivers")


def test_one_without_an_id_is_known_by_its_distribution(layout, install: Install, revoke):
    install("rivers", manifest=None)
    revoke(Revocation(1, distribution="atlas-rivers", reason="It tells where you are."))
    assert not started(layout).has_plugin("rivers")


@pytest.mark.parametrize("more", [{"versions": ">=2.0"}, {"severity": "low"}, {"plugin": "lakes", "distribution": ""}])
def test_what_is_not_meant_or_may_run_on_runs(layout, install: Install, revoke, more):
    install("rivers")
    revoke(entry("rivers", **more))
    assert started(layout).has_plugin("rivers")


def test_what_its_user_allowed_for_a_day_runs(layout, install: Install, revoke):
    install("rivers")
    kept = revoke(entry("rivers"))
    manager = started(layout)
    assert not manager.has_plugin("rivers")
    found = hits([kept], Subject("rivers", "atlas-rivers", "1.2.0", source="environment"))
    State(layout.state).change({f"{ALLOWED}rivers": Allowance.for_a_day(found).to_mapping()}, by="ann", why="a day")
    assert started(layout).has_plugin("rivers")
    assert manager.enable("rivers")
    assert [row.state for row in manager.list_plugins()] == ["active"]


def test_one_that_jackfield_installed_is_known_by_its_file(layout, tmp_path: Path, revoke):
    manifest = 'schema = 1\nid = "lakes"\nname = "lakes"\ndescription = "a map"\nisolation = "any"\n'
    profile = Profile(layout)
    profile.install(atlas_wheel(tmp_path / "wheels", "lakes", GOOD, manifest=manifest))
    profile.enable("lakes")
    assert started(layout).has_plugin("lakes")
    (pin,) = profile.store.active().pins
    revoke(Revocation(1, files=frozenset({pin.file.sha256}), reason="It tells where you are."))
    manager = started(layout)
    assert not manager.has_plugin("lakes")
    assert "It tells where you are" in str(manager.failures["lakes"].error)


@pytest.mark.parametrize("copied", [True, False])
def test_a_damaged_list_stops_no_application_and_its_copy_counts(layout, install: Install, revoke, caplog, copied):
    install("rivers")
    revoke(entry("rivers"))
    (path,) = Lists(layout.trust).paths()
    path.write_text("{")
    if not copied:
        path.with_name("revoked.copy.json").write_text("{")
    assert started(layout).has_plugin("rivers") != copied
    assert f"what was revoked is not known: {path} is damaged" in caplog.text
    assert "jackfield --app atlas update --check" in caplog.text


@pytest.mark.parametrize("lists", [0, 1])
def test_where_nothing_is_revoked_nothing_is_loaded_for_it(layout, revoke, lists):
    if lists:
        revoke()
    code = (
        "import sys, pathlib\n"
        "from jackfield.store import Layout\n"
        "from jackfield import PluginManager\n"
        f"manager = PluginManager('atlas', layout=Layout(pathlib.Path({str(layout.root)!r})))\n"
        "manager.load_setuptools_entrypoints('atlas')\n"
        "print([name for name in sys.modules if 'revo' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
