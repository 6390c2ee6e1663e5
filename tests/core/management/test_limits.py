"""What a user says of a plugin's limits: kept, told, taken back, and never half."""

from pathlib import Path

import pytest
from jackfield.errors import UsageError
from jackfield.management import PluginLimits
from jackfield.storage import State, quota_of

MEBIBYTE = 1 << 20


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state")


@pytest.fixture
def limits(state: State) -> PluginLimits:
    return PluginLimits(state, "weather", plugin="Weather", manifest={"memory": 20 * MEBIBYTE})


@pytest.mark.feature("C26", "C27")
def test_a_user_raises_and_lowers_and_takes_it_back(limits: PluginLimits) -> None:
    limits.change({"memory": "80MiB", "call": "2s"}, by="ann")
    assert (limits.in_force().memory_bytes, limits.in_force().call_seconds) == (80 * MEBIBYTE, 2.0)
    limits.change({"memory": "default"}, by="ann")
    assert (limits.in_force().memory_bytes, limits.in_force().call_seconds) == (20 * MEBIBYTE, 2.0)
    limits.reset(by="ann")
    assert (limits.in_force().memory_bytes, limits.in_force().call_seconds) == (20 * MEBIBYTE, 5.0)


def test_a_report_says_who_said_what(limits: PluginLimits) -> None:
    limits.change({"call": "2s"}, by="ann")
    rows = {row["name"]: row for row in limits.report().to_mapping()["limits"]}
    assert (rows["memory"]["default"], rows["memory"]["manifest"]) == (50 * MEBIBYTE, 20 * MEBIBYTE)
    assert (rows["memory"]["user"], rows["memory"]["in_force"]) == (None, 20 * MEBIBYTE)
    assert (rows["call"]["manifest"], rows["call"]["user"], rows["call"]["in_force"]) == (None, 2.0, 2.0)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ({"call": "2s", "memroy": "1MiB"}, "there is no limit memroy (limits are memory, call"),
        ({"call": "2s", "memory": "many"}, "memory: expected a size such as '80MiB', found text 'many'"),
        ({"call": "2s", "threads": "0"}, "threads: 0 is below 2"),
        ({"call": "1000000"}, "call: 1000000 s is above 600 s"),
    ],
)
def test_a_wrong_value_changes_nothing(
    limits: PluginLimits, state: State, written: dict[str, str], sentence: str
) -> None:
    with pytest.raises(UsageError) as told:
        limits.change(written, by="ann")
    assert sentence in str(told.value)
    assert not state.items()


@pytest.mark.feature("C14")
def test_the_quota_of_data_is_one_of_them(limits: PluginLimits, state: State) -> None:
    state.change({"quota/weather": 7 * MEBIBYTE}, by="ann")
    assert limits.in_force().data_bytes == 7 * MEBIBYTE
    limits.change({"data": "9MiB"}, by="ann")
    assert quota_of(state, "weather", {}) == 9 * MEBIBYTE
    limits.reset(by="ann")
    assert quota_of(state, "weather", {"data": 5 * MEBIBYTE}) == 5 * MEBIBYTE
    assert quota_of(state, "weather", {}) == 100 * MEBIBYTE


def test_what_is_kept_and_fits_no_more_counts_as_not_said(limits: PluginLimits, state: State) -> None:
    state.change({"limits/weather": {"memory": "no size", "gone": 3, "call": 2.0}, "quota/weather": -1}, by="ann")
    assert (limits.in_force().memory_bytes, limits.in_force().call_seconds) == (20 * MEBIBYTE, 2.0)
    assert limits.in_force().data_bytes == 100 * MEBIBYTE
    state.change({"limits/weather": ["memory"]}, by="ann")
    assert limits.in_force().call_seconds == 5.0
