"""Four applications of the registry change one name: datasette, llm, sqlite-utils, and pytest itself.

Each is compared with itself before the change, in a second environment with the same versions.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.e2e.adoption.applications import Applications, environment
from tests.support.wheels import WheelSource

pytestmark = pytest.mark.slow

#: app of jackfield's command -> entry-point group, a plugin that is there, and the command that lists the plugins.
APPS = {
    "datasette": ("datasette", "json_html", ("datasette", "plugins")),
    "llm": ("llm", "templates_fabric", ("llm", "plugins")),
    "sqlite_utils": ("sqlite_utils", "dateutil", ("sqlite-utils", "plugins")),
}
BROKEN = {"datasette": "datasette", "llm": "llm", "sqlite_utils": "sqlite_utils", "pytest11": "pytest11"}

TESTS = """
def test_right(): assert 1 + 1 == 2
def test_wrong(): assert [1, 2] == [1, 3]
def test_error(missing): ...
"""


def broken_wheel(folder: Path) -> Path:
    """A plugin of all four that cannot be imported."""
    return WheelSource(
        "broken-for-all",
        files={"broken_for_all.py": "import no_module_of_this_name\n"},
        entry_points={group: {"broken": "broken_for_all"} for group in BROKEN},
    ).build(folder)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Applications:
    return environment("before", adopted=False, home=tmp_path_factory.mktemp("before"))


@pytest.fixture(scope="module")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> Applications:
    return environment("adopted", adopted=True, home=tmp_path_factory.mktemp("adopted"))


@pytest.fixture(scope="module")
def beset(tmp_path_factory: pytest.TempPathFactory) -> Applications:
    """The adopted four, with a plugin beside that cannot be imported."""
    home = tmp_path_factory.mktemp("beset")
    return environment("beset", adopted=True, wheels=(broken_wheel(home),), home=home)


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Applications:
    """The four as they were, with the same plugin beside."""
    home = tmp_path_factory.mktemp("lost")
    return environment("lost", adopted=False, wheels=(broken_wheel(home),), home=home)


def jackfield(apps: Applications, app: str, *words: str) -> str:
    """What the command line answers for one of them."""
    done = apps.run("jackfield", "--app", app, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def outcomes(apps: Applications, folder: Path) -> tuple[int, str]:
    """The exit code of a small run of pytest, and what it printed but for its time."""
    (folder / "test_small.py").write_text(TESTS)
    done = apps.run("python", "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", folder, folder, cwd=folder)
    return done.returncode, re.sub(r"in \d+\.\d+s|={3,}", "", done.stdout)


def with_database(apps: Applications, folder: Path) -> list[str]:
    """What datasette and sqlite-utils answer over a small database: their plugins are at work in both."""
    file = folder / "dogs.db"
    made = apps.run("sqlite-utils", "insert", file, "dogs", "-", "--pk", "id", "--csv", cwd=folder)
    del made  # reads nothing from a closed input
    asked = [
        apps.run("sqlite-utils", "memory", "select dateutil_parse('3rd May 2026') as day"),
        apps.run("datasette", "--get", "/-/plugins.json"),
        apps.run("datasette", "--get", "/_memory.json?sql=select+1+as+one&_shape=array", "--memory"),
        apps.run("llm", "--help"),
    ]
    assert [one.returncode for one in asked] == [0] * len(asked), [one.stderr for one in asked]
    return [one.stdout for one in asked]


def test_their_commands_give_the_same_output_as_before(
    before: Applications, adopted: Applications, tmp_path: Path
) -> None:
    for _group, plugin, words in APPS.values():
        answer = adopted.run(*words)
        assert answer.stdout == before.run(*words).stdout
        assert plugin.replace("_", "-") in answer.stdout
    assert with_database(adopted, tmp_path) == with_database(before, tmp_path)


def test_a_failing_assertion_still_fails_in_pytest(before: Applications, adopted: Applications, tmp_path: Path) -> None:
    code, said = outcomes(adopted, tmp_path)
    assert code == 1
    assert "1 failed, 1 passed, 1 error" in said
    assert "assert [1, 2] == [1, 3]" in said
    assert (code, said) == outcomes(before, tmp_path)


@pytest.mark.parametrize("app", APPS)
def test_their_plugins_are_listed_and_a_disabled_one_is_gone(adopted: Applications, app: str) -> None:
    _group, plugin, words = APPS[app]
    adopted.run(*words)
    assert plugin in jackfield(adopted, app, "list")
    before = adopted.run(*words).stdout
    jackfield(adopted, app, "disable", plugin)
    try:
        assert plugin.replace("_", "-") not in adopted.run(*words).stdout
        (row,) = [
            one for one in json.loads(jackfield(adopted, app, "list", "--json"))["plugins"] if one["id"] == plugin
        ]
        assert (row["state"], row["enabled"], row["legacy"]) == ("disabled", False, True)
    finally:
        jackfield(adopted, app, "enable", plugin, "--accept-permissions")
    assert adopted.run(*words).stdout == before


@pytest.mark.parametrize("app", APPS)
def test_a_plugin_that_cannot_be_imported_stops_them_no_longer(
    lost: Applications, beset: Applications, before: Applications, app: str
) -> None:
    words = APPS[app][2]
    assert lost.run(*words).returncode != 0
    goes_on = beset.run(*words)
    assert (goes_on.returncode, goes_on.stdout) == (0, before.run(*words).stdout)
    assert "plugin broken of broken-for-all 1.0.0 was not loaded; the others are" in goes_on.stderr
    assert "no_module_of_this_name" in goes_on.stderr


def test_pytest_goes_on_without_a_plugin_that_cannot_be_imported(
    lost: Applications, beset: Applications, before: Applications, tmp_path: Path
) -> None:
    code, said = outcomes(lost, tmp_path)
    assert code not in (0, 1)
    assert "passed" not in said
    assert outcomes(beset, tmp_path) == outcomes(before, tmp_path)
    jackfield(beset, "pytest", "disable", "broken")
    assert "broken" not in beset.run("python", "-m", "pytest", "--version").stderr


@pytest.mark.parametrize("app", APPS)
def test_safe_mode_loads_none_of_their_plugins(adopted: Applications, app: str) -> None:
    words = APPS[app][2]
    safe = adopted.run(*words, JACKFIELD_SAFE="1")
    assert (safe.returncode, json.loads(safe.stdout)) == (0, [])
    assert "safe mode" in safe.stderr
