"""Whom a rollout reaches: the formula as it is documented, and that nobody who was reached is ever dropped."""

from __future__ import annotations

import hashlib
import stat
from multiprocessing.pool import ThreadPool

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.management.rollout import PLACES, Installation, has_reached, place_of

numbers = st.binary(min_size=16, max_size=16).map(bytes.hex)
names = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True)
versions = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}", fullmatch=True)


@given(numbers, names, versions)
def test_the_place_is_what_the_page_says(number, name, version):
    digest = hashlib.sha256(f"{number}\n{name}\n{version}".encode()).hexdigest()
    assert place_of(number, name, version) == int(digest[:16], 16) % 10_000


def test_the_place_of_an_example_stays_what_it_is():
    """A place that changed would drop half of those who were reached: this one is on the page."""
    assert place_of("0123456789abcdef0123456789abcdef", "chat-poll", "2.0.0") == 5601


@given(st.integers(0, PLACES - 1), st.lists(st.integers(0, 100), min_size=2, max_size=20))
def test_a_growing_share_never_drops_anyone(place, shares):
    reached = [has_reached(share, place) for share in sorted(shares)]
    assert reached == sorted(reached)


@given(st.integers(0, PLACES - 1))
def test_nothing_reaches_nobody_and_all_reaches_everybody(place):
    assert not has_reached(0, place)
    assert has_reached(100, place)


@pytest.mark.parametrize("share", [1, 10, 50, 99])
def test_a_share_is_that_share(share):
    reached = sum(has_reached(share, place) for place in range(PLACES))
    assert reached == share * PLACES // 100
    drawn = [place_of(f"{number:032x}", "chat-poll", "2.0.0") for number in range(4000)]
    assert abs(sum(has_reached(share, place) for place in drawn) / 4000 - share / 100) < 0.03


def test_other_versions_meet_other_people_first():
    first = {number for number in range(2000) if place_of(f"{number:032x}", "chat-poll", "2.0.0") < 1000}
    second = {number for number in range(2000) if place_of(f"{number:032x}", "chat-poll", "2.1.0") < 1000}
    assert len(first & second) < len(first) / 2


def test_the_number_is_drawn_once_and_for_its_user_alone(tmp_path):
    file = tmp_path / "profile" / "installation"
    number = Installation(file).number
    assert number is not None
    assert Installation(file).number == number
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_two_that_draw_at_once_have_one_number(tmp_path):
    file = tmp_path / "installation"
    with ThreadPool(8) as threads:
        drawn = threads.map(lambda _: Installation(file).number, range(32))
    assert len(set(drawn)) == 1


@pytest.mark.parametrize("damage", ["", "\0" * 32, "12"])
def test_a_number_that_a_power_cut_damaged_is_drawn_anew(tmp_path, damage):
    file = tmp_path / "installation"
    file.write_text(damage)
    number = Installation(file).number
    assert number
    assert Installation(file).number == number
    assert [one.name for one in tmp_path.iterdir()] == ["installation"]


def test_who_cannot_keep_a_number_is_reached_last(tmp_path):
    (tmp_path / "file").write_text("in the way")
    lost = Installation(tmp_path / "file" / "installation")
    assert lost.number is None
    assert not lost.reached(99, "chat-poll", "2.0.0")
    assert lost.reached(100, "chat-poll", "2.0.0")


def test_nothing_is_drawn_while_nothing_is_rolled_out(tmp_path):
    file = tmp_path / "installation"
    assert Installation(file).reached(100, "chat-poll", "2.0.0")
    assert not Installation(file).reached(0, "chat-poll", "2.0.0")
    assert not file.exists()
