"""Whole histories of two who change and say things at the same time, either of them killed at any moment.

After each round the set is whole, the log tells what is so, each command did what it said or changed nothing, and no
permission that was revoked is back.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jackfield.management import Management

from tests.scenarios.test_crash import leftovers, look, manage
from tests.support.examples import examples
from tests.support.installers import SAYINGS, Ended, Installers, Job
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow

ASKS = """
[[permissions]]
resource = "storage"
actions = ["read", "write"]

[[contributes.settings]]
key = "word"
type = "text"
default = ""
"""
VERSIONS = ("1.0.0", "2.0.0", "3.0.0")
PLUGINS = st.sampled_from(["poll", "poll", "dice"])
PERMISSION = "storage:write"

INSTALL = st.tuples(st.just("install"), st.builds("{}-{}".format, PLUGINS, st.sampled_from(VERSIONS)))
GO_TO = st.tuples(st.just("rollback"), st.integers(0, 4).map(str))
WORDS = st.one_of(
    *(INSTALL, INSTALL, GO_TO, GO_TO),
    st.tuples(st.just("rollback")),
    st.tuples(st.just("remove"), PLUGINS),
    st.tuples(st.just("give-up"), PLUGINS),
    st.tuples(st.just("gc"), st.sampled_from(["0", "1"])),
    st.tuples(st.just("verify")),
    st.tuples(st.sampled_from(["enable", "disable", "grant"]), PLUGINS),
    st.tuples(st.just("revoke"), PLUGINS, st.just(PERMISSION)),
    st.tuples(st.just("pin"), PLUGINS, st.just("^2.0")),
    st.tuples(st.just("set"), st.just("poll"), st.just("word"), st.sampled_from(["one", "two"])),
)
KILLS: st.SearchStrategy[dict[str, Any] | None] = st.one_of(
    st.none(),
    st.builds(dict, kill_after_steps=st.integers(1, 14)),
    st.builds(dict, kill_after_seconds=st.floats(0, 0.08)),
)
ROUNDS = st.lists(st.lists(st.tuples(WORDS, KILLS), min_size=1, max_size=2), min_size=10, max_size=20)
REFUSALS = ("StoreError: ", "StoreLocked: ", "UsageError: ", "UnknownPlugin: ", "PermissionDenied: ", "PluginError: ")
GOING_BACK = {"remove", "rollback", "give-up"}
"""What takes a plugin away; installed again it is asked for, and agreed to, anew."""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("wheels")
    built = {
        f"{plugin}-{version}": str(build_plugin(folder, plugin, version, permissions=ASKS, isolation=isolation))
        for plugin, isolation in (("poll", "any"), ("dice", "inline"))
        for version in VERSIONS
    }
    return {**built, "last": str(build_plugin(folder, "last"))}


def require_true_log(management: Management) -> None:
    """Each entry begins where the one before ended, and the last one is what is so; the journal ends at the pointer."""
    values: dict[str, Any] = {}
    for entry in management.state.history():
        for change in entry.changes:
            assert values.pop(change.key, None) == change.before, entry
            if change.after is not None:
                values[change.key] = change.after
    assert values == management.state.items()
    done = management.store.journal.activations()
    assert (done[-1].generation if done else 0) == management.store.active_number()
    installed = {str(pin.id) for pin in management.store.active().pins if pin.id is not None}
    assert {plugin for plugin in installed if values.get(f"wish/{plugin}") is None} == set()


def require_done_or_nothing(management: Management, jobs: Sequence[Job], ended: Sequence[Ended]) -> None:
    for job, how in zip(jobs, ended, strict=True):
        word = job.words[0]
        changed = [one for one in management.store.journal.activations() if one.by == job.by]
        said = [one for one in management.state.history() if one.by == job.by]
        assert not how.error or how.error.startswith(REFUSALS), how
        assert all(management.state.seen(one.transaction) for one in changed if one.changes and not one.undoes)
        if how.error:
            assert (changed, said) == ([], []), how
        elif not how.killed and word in SAYINGS:
            assert len(said) == 1, job
        elif not how.killed and word in ("remove", "rollback"):
            assert len(changed) == 1, job
        else:
            assert len(changed) <= 1


class Revocations:
    """What users took back and nobody has agreed to since, as far as it can be told of two at once."""

    def __init__(self) -> None:
        self._standing: set[str] = set()

    def follow(self, management: Management, jobs: Sequence[Job], ended: Sequence[Ended]) -> None:
        words = {job.words[0] for job in jobs}
        agreed = {job.words[1] for job in jobs if job.words[0] in ("grant", "enable")}
        installed = {pin.id for pin in management.store.active().pins}
        for job, how in zip(jobs, ended, strict=True):
            if job.words[0] == "revoke" and not how.error and not how.killed:
                self._standing.add(job.words[1])
        anew = self._standing if "install" in words and words & GOING_BACK else self._standing - installed
        self._standing -= agreed | anew
        for plugin in self._standing:
            grant = management.state.get(f"grants/{plugin}")
            assert grant is None or "write" not in str(grant["permissions"]), (plugin, grant)


@given(rounds=ROUNDS)
@settings(max_examples=examples(12))
def test_two_writers_who_are_killed_leave_whole_sets_and_true_logs(
    rounds: list[list[tuple[tuple[str, ...], dict[str, Any] | None]]], installers: Installers, wheels: dict[str, str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "profile"
        assert not installers.run_one(root, "install", wheels["poll-1.0.0"]).error
        revocations, number = Revocations(), 0
        for turn in rounds:
            jobs = []
            for words, kill in turn:
                number += 1
                job = Job(str(root), tuple(wheels.get(word, word) for word in words), tries=3, by=f"writer {number}")
                jobs.append(replace(job, **kill or {}))
            ended = installers.run(jobs)
            look(root)
            management = manage(root)
            require_true_log(management)
            require_done_or_nothing(management, jobs, ended)
            revocations.follow(management, jobs, ended)
            management.collect(keep=50, by="test")
            assert leftovers(root) == []
        assert not installers.run_one(root, "install", wheels["last"], tries=3).error
        assert "chat-last" in look(root).versions
