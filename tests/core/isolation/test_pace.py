"""How fast a worker is answered: at once within its burst, then at its pace, whatever it does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.isolation.pace import BURST_SECONDS, Pace

pytestmark = pytest.mark.feature("C27")


def test_what_is_within_the_burst_does_not_wait_and_what_follows_does() -> None:
    pace = Pace(100, 50.0)
    assert [pace.take(50.0) for _ in range(500)] == [0.0] * 500
    assert pace.take(50.0) == pytest.approx(0.01)
    assert pace.take(50.0) == pytest.approx(0.02)
    assert pace.take(51.0) == 0.0


def test_a_quiet_time_fills_it_again_and_no_further() -> None:
    pace = Pace(10, 0.0)
    assert [pace.take(1000.0) for _ in range(51)][-1] > 0


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=300), st.integers(1, 50))
def test_in_the_long_run_no_more_are_answered_than_the_pace_allows(pauses: list[float], rate: int) -> None:
    pace, now, answered = Pace(rate, 0.0), 0.0, list[float]()
    for pause in pauses:
        now += pause
        answered.append(now + pace.take(now))
    for first in range(0, len(answered), 7):
        for last in range(first, len(answered), 11):
            seconds = answered[last] - answered[first]
            assert last - first <= rate * (BURST_SECONDS + seconds) + 1
