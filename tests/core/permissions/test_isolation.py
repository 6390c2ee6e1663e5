"""Where a plugin runs: what its author asks, what the user chose, what the machine confines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.permissions import CHOICES, Placement, allowed_choices, isolation_of


@pytest.mark.parametrize(
    ("asked", "chosen", "grade", "expected"),
    [
        ("worker", None, "full", "worker (full)"),
        ("worker", None, "base", "worker (base)"),
        ("worker", "inline", "full", "worker (full)"),
        ("worker", "process", "full", "process: not confined"),
        ("worker", "process", "process", "process: not confined"),
        ("any", None, "full", "worker (full)"),
        ("any", "worker", "base", "worker (base)"),
        ("any", "inline", "process", "inline"),
        ("any", "process", "base", "process: not confined"),
        ("any", ["damaged"], "full", "worker (full)"),
        ("any", None, None, "inline"),
        ("inline", None, "full", "inline"),
        ("inline", "process", "full", "inline"),
        ("inline", None, None, "inline"),
    ],
)
def test_what_was_asked_and_chosen_decides(asked: str, chosen: object, grade: str | None, expected: str) -> None:
    placement = isolation_of(asked, chosen, grade, plugin="weather")
    assert (str(placement), placement.problem) == (expected, "")


def test_a_machine_that_confines_too_little_leaves_the_choice_to_its_user() -> None:
    worker = isolation_of("worker", None, "process", plugin="weather")
    assert worker.problem == (
        "cannot be confined on this machine: jackfield isolation weather process runs it all the same, not confined"
    )
    either = isolation_of("any", None, "process", plugin="weather")
    assert either.problem == f"{worker.problem}, and jackfield isolation weather inline in the application itself"


def test_an_application_without_workers_cannot_run_what_needs_one() -> None:
    assert isolation_of("worker", None, None, plugin="weather").problem.startswith("asks for a process of its own")


@given(
    asked=st.sampled_from(["worker", "inline", "any"]),
    chosen=st.one_of(st.none(), st.sampled_from(CHOICES), st.text(), st.integers()),
    grade=st.sampled_from(["full", "base", "process", None]),
)
def test_nobody_runs_with_less_confinement_than_they_ask_unless_their_user_chose_it(
    asked: str, chosen: object, grade: str | None
) -> None:
    placement = isolation_of(asked, chosen, grade, plugin="a")
    if placement.isolation == "process":
        assert chosen == "process"
    if placement == Placement():
        assert asked == "inline" or (asked == "any" and (chosen == "inline" or grade is None))
    if placement.isolation == "worker" and not placement.problem:
        assert placement.grade == grade != "process"
    assert placement.isolation in allowed_choices(asked)
