"""How much of a plugin's processor time others may have it use."""

from __future__ import annotations

import pytest
from jackfield.isolation.limits import CPU_WINDOW_SECONDS
from jackfield.isolation.spare_time import BURST_SHARE, LASTING_SHARE, MOST_DEBT_SECONDS, SpareTime

SHARE = 0.5


class Plugin:
    """One that is asked whenever nobody has to wait, and is at work as long as it is asked."""

    def __init__(self) -> None:
        self.now = self.used = 0.0
        self.spare = SpareTime(lambda: self.used, SHARE, clock=lambda: self.now)

    def passes(self, seconds: float, *, own: float = 0.0) -> float:
        """Let time pass in quarters of a second; return what others had it use."""
        before, mine = self.used, 0.0
        for _ in range(int(seconds * 4)):
            self.now += 0.25
            mine += 0.25 * own
            self.used += 0.25 * own + (0.25 if self.spare.wait_seconds() <= 0 else 0.0)
        return self.used - before - mine


def test_who_is_asked_without_end_keeps_a_tenth_for_the_application():
    plugin = Plugin()
    used = plugin.passes(CPU_WINDOW_SECONDS)
    allowed = SHARE * CPU_WINDOW_SECONDS
    assert 0.85 * allowed < used < 0.95 * allowed
    for _ in range(5):
        assert 0.65 * allowed < plugin.passes(CPU_WINDOW_SECONDS) < 0.75 * allowed


def test_who_asks_little_never_waits():
    plugin = Plugin()
    for _ in range(1000):
        plugin.now += 1.0
        plugin.used += 0.3
        assert plugin.spare.wait_seconds() == 0.0


def test_what_it_uses_for_itself_is_not_left_for_others():
    plugin = Plugin()
    assert plugin.passes(60, own=SHARE) < 0.1 * 60


def test_long_work_of_its_own_has_nobody_wait_for_long():
    plugin = Plugin()
    plugin.now, plugin.used = 1000.0, 900.0
    most = MOST_DEBT_SECONDS / (LASTING_SHARE * SHARE)
    assert plugin.spare.wait_seconds() == pytest.approx(most)
    plugin.now += most + 1
    assert plugin.spare.wait_seconds() == 0.0
    assert BURST_SHARE + LASTING_SHARE < 1
