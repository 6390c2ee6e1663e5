"""The table of figures marks what was missed and lines up its columns."""

from __future__ import annotations

from tests.benchmarks.table import Row, table


def test_a_goal_is_met_at_its_limit_and_missed_beyond_it() -> None:
    assert Row.at_most("memory", 120, 120, "MiB").ok is True
    assert Row.at_most("memory", 120.1, 120, "MiB").ok is False
    assert Row.at_least("speed", 4, 4, "x").ok is True
    assert Row.at_least("speed", 3.9, 4, "x").ok is False


def test_the_table_marks_a_missed_goal_and_leaves_a_peer_unmarked() -> None:
    lines = table(
        [Row.at_most("chat, idle", 131.25, 120, "MiB"), Row("a peer", 9.125, "ms"), Row.at_most("search", 4.5, 60, "s")]
    ).splitlines()
    assert lines[0].split() == ["WHAT", "MEASURED", "GOAL"]
    assert lines[1].endswith("131 MiB  ≤ 120 MiB  MISSED")
    assert lines[2].endswith("9.12 ms")
    assert lines[3].endswith("ok")
    assert len({line.index("≤") for line in (lines[1], lines[3])}) == 1


def test_a_peer_that_is_not_there_says_how_to_get_it() -> None:
    line = table([Row.missing("nginx", "not installed: apt-get install nginx"), Row("ours", 40, "µs")]).splitlines()[1]
    assert line.split() == ["nginx", "-", "not", "installed:", "apt-get", "install", "nginx"]


def test_a_row_is_json() -> None:
    assert Row.at_most("search", 4.5, 60, "MiB").to_mapping() == {
        "name": "search",
        "value": 4.5,
        "unit": "MiB",
        "goal": "≤ 60 MiB",
        "ok": True,
    }
