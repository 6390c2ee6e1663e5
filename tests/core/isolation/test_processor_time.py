"""What a plugin's processes use of a processor, one after the other: a new one does not begin anew, and is not stopped
for what the one before it used."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.isolation import ProcessorTime
from jackfield.isolation.limits import CPU_WINDOW_SECONDS
from jackfield.isolation.processor_time import FREE_SHARE

pytestmark = pytest.mark.feature("C27", "J25")

LOOK_SECONDS = 0.25
SHARE = 0.5
MOST_SECONDS = SHARE * CPU_WINDOW_SECONDS


class Life:
    """A plugin that is looked at, stopped when it uses too much, and started again when there is room."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.time = ProcessorTime()
        self.own_seconds = 0.0
        self.time.note(self.now, 0.0)
        self.used: list[tuple[float, float]] = []
        self.stopped = 0

    def live(self, seconds: float, cores: float) -> bool:
        """Let the process use so much for so long; whether it lived until then."""
        end = self.now + seconds
        while self.now < end:
            self.now += LOOK_SECONDS
            self.own_seconds += cores * LOOK_SECONDS
            self.used.append((self.now, cores * LOOK_SECONDS))
            if self.time.note(self.now, self.own_seconds) > MOST_SECONDS:
                self.stopped += 1
                return False
        return True

    def again(self) -> float:
        """Let the process end, and the next one be started as soon as there is room; for how long that waits."""
        rest = self.time.rest_seconds(self.now, SHARE)
        self.now += rest
        assert self.time.rest_seconds(self.now, SHARE) == 0.0
        self.time, self.own_seconds = ProcessorTime(self.time), 0.0
        return rest

    @property
    def share(self) -> float:
        """Of one core, since the beginning."""
        return sum(used for _, used in self.used) / (self.now - 1000.0)

    def within(self, end: float) -> float:
        """What was used in the window before this time."""
        return sum(used for at, used in self.used if end - CPU_WINDOW_SECONDS < at <= end)


@pytest.mark.parametrize("cores", [1.0, 4.0])
def test_a_plugin_that_only_spins_gets_its_share_over_all_its_processes(cores: float) -> None:
    life = Life()
    while life.now < 1600.0:
        life.live(600.0, cores)
        life.again()
    assert life.share <= SHARE + 0.02


def test_the_next_process_waits_until_half_of_what_it_may_use_is_free_again() -> None:
    life = Life()
    assert not life.live(60.0, 1.0)
    ended = life.now
    assert life.again() > 0.0
    left = life.within(life.now)
    assert left <= MOST_SECONDS * (1.0 - FREE_SHARE) + 1e-6
    assert life.now - ended <= CPU_WINDOW_SECONDS


def test_a_plugin_that_computed_long_once_is_stopped_once() -> None:
    life = Life()
    assert not life.live(60.0, 1.0)
    life.again()
    assert life.live(5.0, 1.0), "it imports, and takes up its work"
    assert life.live(300.0, 0.1)
    assert life.stopped == 1


def test_one_that_ends_by_itself_before_it_is_stopped_does_not_begin_anew() -> None:
    life = Life()
    for _ in range(20):
        life.live(14.0, 1.0)
        life.again()
    assert life.share <= SHARE + 0.02


def test_who_used_little_is_followed_at_once() -> None:
    life = Life()
    assert life.live(120.0, 0.2)
    assert life.again() == 0.0
    assert life.live(120.0, 0.2)


def test_what_nobody_has_looked_at_has_used_nothing() -> None:
    assert ProcessorTime().rest_seconds(5.0, SHARE) == 0.0
    assert ProcessorTime(ProcessorTime()).rest_seconds(5.0, SHARE) == 0.0


@given(st.lists(st.tuples(st.floats(0.25, 40.0), st.floats(0.0, 4.0)), max_size=12))
def test_no_window_holds_more_than_a_plugin_may_use_however_its_processes_end(lives: list[tuple[float, float]]) -> None:
    life = Life()
    for seconds, cores in lives:
        life.live(seconds, cores)
        life.again()
    for at, _ in life.used:
        assert life.within(at) <= MOST_SECONDS + 4.0 * LOOK_SECONDS + 1e-6, "by one look, with four cores"
