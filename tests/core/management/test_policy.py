"""What a user says of updates: the default, what differs for single plugins, and versions that are not wanted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import UsageError
from jackfield.management import Policies, UpdatePolicy, parse_span, parse_version, span_words
from jackfield.management.policy import LATER, LATER_SECONDS, LONGEST_DELAY_SECONDS, NEVER
from jackfield.storage import State

NOW = 1_700_000_000.0
DAY = 86400.0


@pytest.fixture
def state(tmp_path):
    return State(tmp_path / "state")


@pytest.fixture
def policies(state):
    return Policies(state, lambda: NOW)


def test_where_nobody_says_anything_users_are_told_and_nothing_waits(policies):
    assert policies.default == policies.of("poll") == UpdatePolicy("notify", 0.0, pre=False)
    assert policies.own() == {}
    assert not policies.tells


def test_what_is_said_of_one_plugin_stands_over_the_default(policies):
    policies.change(None, {"mode": "auto", "delay_seconds": 3 * DAY, "tell": True}, by="ann")
    policies.change("poll", {"mode": "pin"}, by="ann")
    assert policies.of("poll") == UpdatePolicy("pin", 3 * DAY, pre=False)
    assert policies.of("dice") == UpdatePolicy("auto", 3 * DAY, pre=False)
    policies.change("poll", {"pre": True, "delay_seconds": 0.0}, by="ann")
    assert policies.of("poll") == UpdatePolicy("pin", 0.0, pre=True)
    assert policies.tells
    policies.reset("poll", by="ann")
    assert policies.of("poll") == policies.default
    assert policies.own() == {}


def test_who_said_it_is_kept_and_what_changes_nothing_is_not(policies, state):
    policies.change("poll", {"mode": "auto"}, by="ann")
    policies.change("poll", {"mode": "auto"}, by="bob")
    policies.reset("dice", by="bob")
    assert [(entry.by, entry.why) for entry in state.history()] == [("ann", "change how poll is updated")]


@pytest.mark.parametrize("changes", [{"mode": "sometimes"}, {"delay_seconds": -1.0}, {"delay_seconds": 1e9}])
def test_what_is_no_policy_is_refused_and_nothing_is_kept(policies, changes):
    with pytest.raises(UsageError):
        policies.change("poll", changes, by="ann")
    assert policies.own() == {}


@given(said=st.dictionaries(st.sampled_from(["mode", "delay_seconds", "pre", "tell", "later"]), st.text() | st.none()))
def test_what_a_later_version_wrote_into_the_state_is_the_default(said, tmp_path_factory):
    state = State(tmp_path_factory.mktemp("state"))
    state.change({"updates/of/poll": said}, by="ann")
    policy = Policies(state).of("poll")
    assert policy.mode in ("pin", "notify", "auto")
    assert (policy.delay_seconds, policy.pre) == (0.0, False)


def test_a_plugin_is_held_by_its_pin_else_by_its_policy(policies, state):
    assert policies.held("poll", "1.0.0") is None
    policies.change("poll", {"mode": "pin"}, by="ann")
    assert policies.held("poll", "1.0.0") == "==1.0.0"
    assert policies.held("poll", None) is None, "what pip put there is pip's"
    state.change({"pin/poll": "^1.0"}, by="ann")
    assert policies.held("poll", "1.0.0") == "^1.0"


@given(
    default=st.sampled_from([None, "pin", "notify", "auto"]),
    own=st.dictionaries(st.sampled_from("abc"), st.sampled_from(["pin", "notify", "auto"])),
    pins=st.dictionaries(st.sampled_from("abcd"), st.just("^1.0")),
)
def test_all_that_are_held_are_found_as_each_is(default, own, pins, tmp_path_factory):
    state = State(tmp_path_factory.mktemp("state"))
    policies = Policies(state)
    if default is not None:
        policies.change(None, {"mode": default}, by="ann")
    for cid, mode in own.items():
        policies.change(cid, {"mode": mode}, by="ann")
    state.change({f"pin/{cid}": text for cid, text in pins.items()}, by="ann")
    assert policies.holding("abc") == {cid for cid in "abc" if policies.held(cid, "1.0.0") is not None}


def test_never_and_later_are_about_versions_and_can_be_taken_back(policies, state):
    policies.say_later("poll", "2.0.0", by="ann")
    later = policies.later("poll")
    assert (later.version, later.until) == ("2.0.0", "2023-11-21T22:13:20+00:00")
    policies.say_never("poll", "2.0.0", by="ann")
    assert list(policies.never("poll")) == ["2.0.0"]
    assert policies.later("poll") is None, "never is more than later"
    assert policies.ask_again("poll", by="ann")
    assert not policies.ask_again("poll", by="ann")
    assert policies.never("poll") == {}


def test_what_is_put_off_comes_back_when_its_time_has_come(state):
    now = NOW
    policies = Policies(state, lambda: now)
    policies.say_later("poll", "2.0.0", by="ann")
    now += LATER_SECONDS - 1
    assert policies.later("poll") is not None
    now += 1
    assert policies.later("poll") is None


def test_versions_that_are_never_wanted_are_bounded(policies, state):
    for number in range(50):
        policies.say_never("poll", f"1.{number}", by="ann")
    assert len(state.get(f"{NEVER}poll")) == 20


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90", 90), ("90s", 90), ("5m", 300), (" 12H ", 43200), ("3d", 3 * DAY), ("2w", 14 * DAY)],
)
def test_spans_as_people_write_them(text, seconds):
    assert parse_span(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1d", "1.5d", "3 days", "9" * 30 + "w", "٣d"])
def test_what_is_no_span_is_told(text):
    with pytest.raises(UsageError, match="no span of time"):
        parse_span(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (45, "45 seconds"),
        (60, "1 minute"),
        (3 * DAY, "3 days"),
        (36 * 3600, "36 hours"),
        (DAY, "1 day"),
    ],
)
def test_spans_in_words(seconds, words):
    assert span_words(seconds) == words


@given(st.floats(0, LONGEST_DELAY_SECONDS))
def test_every_span_has_words_that_are_near(seconds):
    number, unit = span_words(seconds).split()
    size = {"second": 1, "minute": 60, "hour": 3600, "day": DAY}[unit.rstrip("s")]
    assert abs(int(number) * size - seconds) <= max(size / 2, 0.5)


def test_versions_in_either_spelling():
    assert parse_version("2.0-rc.1") == "2.0rc1"
    with pytest.raises(UsageError, match="not a version"):
        parse_version("much")


@pytest.mark.parametrize("said", [7, {}, {"version": "2.0.0"}, {"version": "2.0.0", "until": "soon"}])
def test_a_damaged_later_is_none(policies, state, said):
    state.change({f"{LATER}poll": said}, by="a later version")
    assert policies.later("poll") is None
