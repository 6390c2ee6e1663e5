"""`jackfield limits`: what a plugin may use, from the terminal."""

from __future__ import annotations

import pytest

from tests.core.cli.conftest import Desk

pytestmark = pytest.mark.slow


@pytest.mark.feature("C26", "C27")
def test_limits_are_shown_changed_and_reset(desk: Desk):
    shown = desk.run("limits", "weather").out.splitlines()
    assert shown[0].split() == ["LIMIT", "IN", "FORCE", "DEFAULT", "WHAT", "IT", "IS"]
    assert shown[1].split()[:5] == ["memory", "50", "MiB", "50", "MiB"]
    changed = desk.run("limits", "weather", "memory=80MiB", "call=2s", "--json").json
    assert {one["name"]: one["in_force"] for one in changed["limits"]}["memory"] == 80 << 20
    (memory,) = [line for line in desk.run("limits", "weather").out.splitlines() if line.startswith("memory")]
    assert memory.split()[:7] == ["memory", "80", "MiB", "50", "MiB", "80", "MiB"]
    back = desk.run("limits", "weather", "--reset", "--json").json
    assert all(one["user"] is None for one in back["limits"])


def test_a_mistake_is_told(desk: Desk):
    for words, sentence in (
        (["memory"], "error: 'memory' is no change of a limit"),
        (["memroy=80MiB"], "error: there is no limit memroy"),
        (["memory=lots"], "error: memory: expected a size such as '80MiB'"),
        (["call=2s", "--reset"], "error: --reset takes no changes"),
    ):
        ran = desk.run("limits", "weather", *words)
        assert ran.code == 2
        assert sentence in ran.err
    assert desk.run("limits", "nobody").code == 1
