"""When a worker is started again, and when no more: the rules of `circuit`, by examples and for any life."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.isolation.circuit import (
    LONGEST_OPEN_SECONDS,
    LONGEST_SECONDS,
    MOST_ENDS,
    OPEN_SECONDS,
    QUIET_SECONDS,
    WITHIN_SECONDS,
    Circuit,
)

pytestmark = pytest.mark.feature("J25")


def life(circuit: Circuit, *seconds: float, now: float = 0.0) -> tuple[Circuit, list[float], float]:
    """Let workers live so long, each started as soon as it may; the pauses before each next one."""
    pauses = []
    for lived in seconds:
        now = circuit.started(now).started_at or now
        circuit = circuit.started(now).ended(now + lived)
        assert circuit.next_at is not None
        pauses.append(circuit.next_at - (now + lived))
        now = circuit.next_at
    return circuit, pauses, now


def test_the_first_is_replaced_at_once_and_each_further_one_after_twice_as_long() -> None:
    circuit, pauses, _ = life(Circuit(), *[20.0] * 13)  # never five in a minute
    assert pauses == pytest.approx([0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30, 30])
    assert not circuit.is_open


def test_a_worker_that_ran_for_a_minute_makes_all_forgotten() -> None:
    circuit, _, now = life(Circuit(), 1.0, 1.0, 1.0)
    circuit, pauses, _ = life(circuit, QUIET_SECONDS, now=now)
    assert pauses == [0.0]
    assert circuit == Circuit(circuit.ends, 1, 0, None, circuit.next_at)
    assert len(circuit.ends) == 1


def test_five_ends_in_a_minute_open_the_circuit_and_four_do_not() -> None:
    circuit, _, now = life(Circuit(), *[1.0] * (MOST_ENDS - 1))
    assert not circuit.is_open
    circuit, pauses, _ = life(circuit, 1.0, now=now)
    assert circuit.is_open
    assert pauses == [OPEN_SECONDS]


def test_a_trial_that_fails_opens_it_for_longer_and_one_that_lives_closes_it() -> None:
    circuit, _, now = life(Circuit(), *[0.0] * MOST_ENDS)
    circuit = circuit.started(now)
    assert (circuit.is_open, circuit.opened) == (False, 1), "it runs on trial"
    circuit, pauses, now = life(circuit, 59.0, 59.0, 59.0, 59.0, 59.0, now=now)
    assert pauses == pytest.approx([600.0, 1200.0, 2400.0, LONGEST_OPEN_SECONDS, LONGEST_OPEN_SECONDS])
    circuit, pauses, _ = life(circuit, 61.0, now=now)
    assert (circuit.is_open, circuit.opened, pauses) == (False, 0, [0.0])


def test_the_user_closes_it_by_beginning_anew() -> None:
    circuit, _, now = life(Circuit(), *[0.0] * MOST_ENDS)
    assert circuit.is_open
    assert life(Circuit(), 0.0, now=now)[1] == [0.0]


def test_ends_of_the_process_that_forks_all_count_for_no_plugin() -> None:
    circuit, pauses, now = Circuit(), [], 0.0
    for _ in range(12):
        circuit = circuit.started(now).lost(now + 1.0)
        assert circuit.next_at is not None
        pauses.append(circuit.next_at - now - 1.0)
        now = circuit.next_at
    assert pauses == pytest.approx([0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30])
    assert (circuit.is_open, circuit.ends, circuit.again) == (False, (), 0)
    assert life(circuit, 1.0, now=now)[1] == [0.0], "its first own end"
    assert circuit.started(now).lost(now + QUIET_SECONDS).next_at == now + QUIET_SECONDS


def test_who_runs_on_trial_is_still_on_trial_when_the_process_that_forks_all_ends() -> None:
    circuit, _, now = life(Circuit(), *[0.0] * MOST_ENDS)
    circuit = circuit.started(now).lost(now + 1.0)
    assert (circuit.opened, circuit.next_at) == (1, now + 1.0)
    assert life(circuit, 1.0, now=now + 1.0)[1] == [2 * OPEN_SECONDS]


@given(st.lists(st.floats(0, 200), max_size=60))
def test_whatever_workers_do_starts_are_few_and_pauses_bounded(lives: list[float]) -> None:
    circuit, now = Circuit(), 1000.0
    starts: list[float] = []
    for lived in lives:
        starts.append(now)
        circuit = circuit.started(now).ended(now + lived)
        assert circuit.next_at is not None
        pause = circuit.next_at - (now + lived)
        assert -1e-6 <= pause <= LONGEST_OPEN_SECONDS + 1e-6
        assert circuit.is_open or pause <= LONGEST_SECONDS + 1e-6
        assert len(circuit.ends) <= MOST_ENDS
        now = circuit.next_at
    for first, later in zip(starts, starts[MOST_ENDS:], strict=False):
        assert later - first >= WITHIN_SECONDS - 1e-6, "six starts in one minute"


@given(st.lists(st.floats(0, 59.9), min_size=MOST_ENDS, max_size=30))
def test_without_a_minute_in_peace_it_never_closes_again(lives: list[float]) -> None:
    circuit, now, opened = Circuit(), 0.0, False
    for lived in lives:
        circuit = circuit.started(now).ended(now + lived)
        assert circuit.next_at is not None
        assert circuit.is_open or not opened
        opened, now = circuit.is_open, circuit.next_at


def test_a_worker_that_nobody_started_again_for_years_overflows_nothing() -> None:
    circuit, pauses, _ = life(Circuit(), *[30.0] * 3000)
    assert pauses[-1] == LONGEST_SECONDS
    assert circuit.again == 3000
