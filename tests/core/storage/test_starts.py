"""The record of starts: what counts as failed, when safe mode begins, and how it ends."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.storage import FAILED_STARTS, Starts


@pytest.fixture
def starts(tmp_path: Path) -> Starts:
    return Starts(tmp_path / "starts.json")


def crash(starts: Starts, plugins: str = "a") -> None:
    """A start whose process died: nothing is told after its begin."""
    starts.begin(plugins, chosen=False)


def test_two_starts_in_a_row_that_die_lead_to_safe_mode(starts):
    assert starts.begin("a", chosen=False) is None
    assert starts.begin("a", chosen=False) is None
    safe = starts.begin("a", chosen=False)
    assert safe is not None
    assert (safe.reason, safe.chosen) == ("the last 2 starts did not come through", False)
    assert starts.safe_mode() == safe


@pytest.mark.parametrize("well", [Starts.stable, Starts.end], ids=["stable", "stopped"])
def test_a_start_that_went_well_in_between_counts(starts, well):
    crash(starts)
    starts.begin("a", chosen=False)
    well(starts)
    crash(starts)
    assert starts.begin("a", chosen=False) is None


def test_a_crash_long_after_the_start_does_not_count(starts):
    for _ in range(5):
        assert starts.begin("a", chosen=False) is None
        starts.stable()


def test_safe_mode_lasts_until_there_are_other_plugins(starts):
    crash(starts)
    crash(starts)
    for end in (lambda: None, starts.end, starts.stable):
        assert starts.begin("a", chosen=False) is not None
        end()
    assert starts.safe_mode() is not None
    assert starts.begin("b", chosen=False) is None
    assert starts.safe_mode() is None
    assert starts.begin("b", chosen=False) is None


def test_leaving_it_gives_the_same_plugins_two_more_starts(starts):
    assert starts.leave() is False
    crash(starts)
    crash(starts)
    starts.begin("a", chosen=False)
    before = starts.stamp()
    assert starts.leave() is True
    assert starts.stamp() != before
    assert starts.safe_mode() is None
    assert [starts.begin("a", chosen=False) is not None for _ in range(3)] == [False, False, True]


def test_it_is_brought_back_as_it_was_after_plugins_were_tried(starts, tmp_path):
    starts.keep_safe_mode()
    assert starts.bring_back_safe_mode() is False
    assert starts.safe_mode() is None
    crash(starts)
    crash(starts)
    before = starts.begin("a", chosen=False)
    starts.keep_safe_mode()
    starts.leave()
    starts.begin("another set", chosen=False)
    starts.note_failures({"late": "no paint"})
    starts = Starts(tmp_path / "starts.json")  # whoever kept it may have been killed
    assert starts.bring_back_safe_mode() is True
    assert starts.safe_mode() == before
    assert starts.failures() == {"late": "no paint"}
    assert starts.begin("a", chosen=False) is not None  # and so is the next start of the same plugins
    assert starts.bring_back_safe_mode() is False  # once


def test_it_is_not_brought_back_where_another_set_is_to_run(starts):
    crash(starts)
    crash(starts)
    starts.begin("a", chosen=False)
    starts.keep_safe_mode()
    starts.leave()
    starts.forget_kept()
    assert starts.bring_back_safe_mode() is False
    assert starts.safe_mode() is None


def test_what_was_asked_for_says_so_and_ends_with_the_application(starts):
    safe = starts.begin("a", chosen=True)
    assert safe is not None
    assert (safe.reason, safe.chosen) == ("it was asked for", True)
    starts.end()
    assert starts.safe_mode() is None
    assert starts.begin("a", chosen=False) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        '{"failed": "x"}',
        '{"failed": 1, "open": 0, "plugins": ""}',
        '{"failed": 1e999, "open": true, "plugins": "", "safe": null}',
    ],
)
def test_a_damaged_record_is_none(tmp_path, text):
    file = tmp_path / "starts.json"
    file.write_text(text)
    starts = Starts(file)
    assert starts.safe_mode() is None
    assert starts.begin("a", chosen=False) is None


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_the_record_is_its_users_alone(starts, tmp_path):
    crash(starts)
    assert stat.S_IMODE((tmp_path / "starts.json").stat().st_mode) == 0o600


STEPS = st.lists(
    st.one_of(st.tuples(st.just("start"), st.sampled_from("ab")), st.just(("stable", "")), st.just(("end", ""))),
    max_size=20,
)


@given(steps=STEPS)
def test_safe_mode_is_never_entered_before_two_starts_of_one_set_died(tmp_path_factory, steps):
    starts = Starts(tmp_path_factory.mktemp("starts") / "starts.json")
    died: list[str] = []
    running = None
    for step, plugins in steps:
        if step == "start":
            if running is not None:
                died.append(running)
            safe = starts.begin(plugins, chosen=False)
            if safe is not None:
                assert len(died) >= FAILED_STARTS
                assert set(died[-FAILED_STARTS:]) == {plugins}
            running = plugins if safe is None else None
        elif running is not None:
            getattr(starts, step)()
            died, running = [], None


def test_failures_are_kept_until_others_are_noted(starts):
    starts.note_failures({"a": "no such city (in on_enable)", "b": "x" * 10_000})
    starts.begin("a", chosen=False)
    starts.end()
    assert starts.failures() == {"a": "no such city (in on_enable)", "b": "x" * 500}
    starts.note_failures({})
    assert starts.failures() == {}


def test_the_record_stays_readable_with_very_many_failures(starts):
    starts.note_failures({f"plugin-{number}": "é" * 1000 for number in range(1000)})
    assert len(starts.failures()) == 100


def test_what_a_killed_process_left_is_cleared_at_the_next_start(starts, tmp_path):
    long_ago, ahead, now = (tmp_path / f"starts.json.{name}" for name in ("abcd1234", "in_future", "right_now"))
    for left in (long_ago, ahead, now):
        left.write_text("{")
    os.utime(long_ago, (1, 1))
    os.utime(ahead, (2**32, 2**32))  # by a clock that was wrong
    starts.begin("a", chosen=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["starts.json", now.name]  # another may be writing it


def test_a_start_goes_on_beside_what_cannot_be_cleared(starts, tmp_path):
    (tmp_path / "starts.json.folder").mkdir()
    os.utime(tmp_path / "starts.json.folder", (1, 1))
    assert starts.begin("a", chosen=False) is None
