"""Floods: lines of log are dropped and counted, requests are counted over a window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.isolation import Flow, LineRate
from jackfield.isolation.limits import REQUESTS_WINDOW_SECONDS


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_lines_within_the_rate_are_let_through() -> None:
    clock, said = Clock(), list[str]()
    rate = LineRate("weather", lambda: 3, said.append, clock=clock)
    for _ in range(20):
        assert [rate.admit() for _ in range(3)] == [True] * 3
        clock.now += 1.0
    rate.close()
    assert said == []


@pytest.mark.feature("C27")
def test_of_a_flood_the_rest_is_dropped_and_two_lines_say_so() -> None:
    clock, said = Clock(), list[str]()
    rate = LineRate("weather", lambda: 3, said.append, clock=clock)
    for _ in range(4):
        assert [rate.admit() for _ in range(100)] == [True] * 3 + [False] * 97
        clock.now += 1.0
    assert said == ["weather writes more than 3 lines of log a second; the rest is dropped"]
    clock.now += 2.0
    assert rate.admit()
    assert said[1:] == ["388 lines of log of weather were dropped"]
    rate.close()
    assert len(said) == 2


def test_a_rate_that_is_raised_holds_at_once() -> None:
    clock, said, most = Clock(), list[str](), [1]
    rate = LineRate("weather", lambda: most[0], said.append, clock=clock)
    assert [rate.admit(), rate.admit()] == [True, False]
    most[0] = 5
    assert rate.admit()


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 40)), max_size=40), st.integers(1, 20))
def test_no_line_is_lost_without_being_counted(bursts: list[tuple[float, int]], most: int) -> None:
    clock, said = Clock(), list[str]()
    rate = LineRate("weather", lambda: most, said.append, clock=clock)
    admitted, dropped = [], 0
    for pause, lines in bursts:
        clock.now += pause
        for _ in range(lines):
            if rate.admit():
                admitted.append(clock.now)
            else:
                dropped += 1
    rate.close()
    assert sum(int(one.split()[0]) for one in said if "were dropped" in one) == dropped
    for first, later in zip(admitted, admitted[2 * most :], strict=False):
        assert later - first >= 1.0 - 1e-6, "twice as many in a second, where two seconds meet, and never more"


@pytest.mark.feature("C27")
def test_requests_are_counted_over_the_window() -> None:
    flow, now = Flow(50.0), 50.0
    assert flow.per_second(now) == 0
    for _ in range(40):
        now += 0.25
        flow.requests += 25
        rate = flow.per_second(now)
    assert rate == pytest.approx(100)
    flow.requests += 10_000
    assert flow.per_second(now + 0.25) > 10_000 / REQUESTS_WINDOW_SECONDS
    assert flow.per_second(now + 10) == 0


@pytest.mark.feature("C27")
def test_a_flood_before_the_first_look_is_seen() -> None:
    flow = Flow(50.0)
    flow.requests = 1000
    assert flow.per_second(50.1) == 1000 / REQUESTS_WINDOW_SECONDS
    assert flow.per_second(52.2) < 500
