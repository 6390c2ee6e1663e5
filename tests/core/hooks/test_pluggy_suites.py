"""pluggy's own test suites, of two releases, pass on our classes: who relies on pluggy's behaviour can change over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.hooks.pluggy_suites.runner import CACHE, RELEASES, Outcome, Release, run_suite

pytestmark = pytest.mark.slow

OURS = {
    "hook manager": {"manager": "jackfield.hooks:HookManager"},
    "plugin manager": {"manager": "jackfield:PluginManager"},
    "our spec marker too": {
        "manager": "jackfield.hooks:HookManager",
        "spec_marker": "jackfield.hooks:HookspecMarker",
    },
    "everything on": {"manager": "tests.core.hooks.pluggy_suites.watched:WatchedManager"},
}


@pytest.fixture(scope="module", params=RELEASES, ids=lambda release: release.version)
def release(request: pytest.FixtureRequest) -> Release:
    release: Release = request.param
    return release


@pytest.fixture(scope="module")
def expected(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What the suite says of pluggy's own class."""
    return run_suite(release, tmp_path_factory.mktemp("pluggys"))


@pytest.mark.parametrize("ours", OURS)
def test_pluggys_suite_passes_whole(release: Release, expected: Outcome, ours: str, tmp_path: Path) -> None:
    outcome = run_suite(release, tmp_path, **OURS[ours])

    assert not outcome.others, outcome.output
    assert outcome.passed == expected.passed
    assert len(outcome.passed) == release.tests
    assert outcome.version == release.version
    assert outcome.managers > 50, "the suite did not use the class that was put in pluggy's place"


def test_the_suite_runs_on_the_release_that_it_belongs_to(release: Release, expected: Outcome) -> None:
    assert expected.version == release.version
    assert expected.file.is_relative_to(CACHE / release.version / "env")
    assert len(expected.passed) == release.tests
