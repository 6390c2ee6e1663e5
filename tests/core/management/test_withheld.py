"""What of an offer waits, decided file by file: ages that nobody knows, versions in any spelling, libraries."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.management import Policies
from jackfield.management.rollout import Installation
from jackfield.management.waiting import Waiting
from jackfield.management.withheld import Withheld
from jackfield.manifest import File
from jackfield.storage import State

NOW = 1_800_000_000.0
DAY = 86400.0


def wheel(version, *, at=NOW - 1, plugin=True, **said):
    time = datetime.fromtimestamp(at, UTC).isoformat() if isinstance(at, float | int) else at
    return File(
        filename=f"chat_poll-{version}-py3-none-any.whl",
        url="https://plugins.example.org/x.whl",
        sha256="0" * 64,
        manifest_sha256="1" * 64 if plugin else None,
        upload_time=time,
        **said,
    )


@pytest.fixture
def policies(tmp_path):
    return Policies(State(tmp_path / "state"), lambda: NOW)


@pytest.fixture
def sift(policies, tmp_path):
    """Sift the files of poll; returns the versions that may be taken, and why the others wait."""

    def sifted(*files, here=()):
        waiting = Waiting(policies, Installation(tmp_path / "installation"), {"chat-poll": "poll"})
        withheld = Withheld(waiting)
        taken = withheld.sift("chat-poll", files, here)
        return [one.filename.split("-")[1] for one in taken], {one.version: one for one in withheld.of("chat-poll")}

    return sifted


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
def test_a_time_at_the_end_of_the_calendar_stops_no_look_for_updates(policies, sift, at):
    """Any marketplace may name any time; one failure never stops the rest."""
    policies.change(None, {"delay_seconds": 365 * DAY}, by="ann")
    taken, waits = sift(wheel("1.0", at=at))
    assert (taken, [*waits]) == ((["1.0"], []) if at.startswith("0001") else ([], ["1.0"]))


@pytest.mark.parametrize("at", [None, "", "yesterday", "2026-13-45"])
def test_what_has_no_age_waits_where_a_delay_is_wished(policies, sift, at):
    assert sift(wheel("1.0", at=at)) == (["1.0"], {})
    policies.change(None, {"delay_seconds": DAY}, by="ann")
    taken, waits = sift(wheel("1.0", at=at))
    assert taken == []
    assert (
        waits["1.0"].sentence == "1.0 waits: nobody says when it was published, and you want versions to be 1 day old"
    )
    assert waits["1.0"].until is None


def test_an_age_counts_to_the_second_and_a_clock_that_is_ahead_makes_nothing_older(policies, sift):
    policies.change("poll", {"delay_seconds": DAY}, by="ann")
    taken, waits = sift(
        wheel("1.0", at=NOW - DAY), wheel("1.1", at=NOW - DAY + 1), wheel("1.2", at=NOW + 365 * DAY), wheel("1.3", at=0)
    )
    assert taken == ["1.0", "1.3"]
    assert list(waits) == ["1.2", "1.1"]
    assert waits["1.1"].until == datetime.fromtimestamp(NOW + 1, UTC).isoformat(timespec="seconds")


def test_libraries_what_is_installed_and_what_was_yanked_wait_for_nothing(policies, sift):
    policies.change(None, {"delay_seconds": DAY}, by="ann")
    files = [wheel("1.0", plugin=False), wheel("1.1"), wheel("1.2", yanked="broken")]
    assert sift(*files, here={"1.1"}) == (["1.0", "1.1", "1.2"], {})


def test_a_confirmed_fix_passes_a_delay_and_nothing_else(policies, sift):
    policies.change(None, {"delay_seconds": DAY}, by="ann")
    fix = {"security": "mends a hole", "security_confirmed": True}
    taken, waits = sift(
        wheel("1.0", **fix),
        wheel("1.1", security="mends a hole", security_confirmed=False),
        wheel("1.2", halted="it loses votes", **fix),
        wheel("1.3", rollout=0, **fix),
    )
    assert taken == ["1.0"]
    assert {version: one.reason for version, one in waits.items()} == {
        "1.1": "delay",
        "1.2": "halted",
        "1.3": "rollout",
    }


def test_never_means_the_version_in_any_spelling(policies, sift):
    policies.say_never("poll", "2.0", by="ann")
    taken, waits = sift(wheel("2.0.0"), wheel("2.0.1"))
    assert (taken, list(waits)) == (["2.0.1"], ["2.0.0"])


@given(st.text(max_size=60))
def test_a_file_of_any_name_is_taken_or_waits(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("any")
    policies = Policies(State(folder / "state"), lambda: NOW)
    policies.change(None, {"delay_seconds": DAY}, by="ann")
    withheld = Withheld(Waiting(policies, Installation(folder / "installation"), {}))
    file = File(name, "https://plugins.example.org/x.whl", "0" * 64, manifest_sha256="1" * 64)
    taken = withheld.sift("chat-poll", [file], ())
    assert len(taken) + len(withheld.of("chat-poll")) == 1


@pytest.mark.parametrize(
    ("file", "young"),
    [
        (wheel("1.0", plugin=False), True),
        (wheel("1.0", plugin=False, security="a hole"), True),
        (wheel("1.0", plugin=False, security="a hole", security_confirmed=True), False),
        (wheel("1.0", plugin=False, at=NOW - 2 * DAY), False),
        (wheel("1.0", plugin=False, at=None), False),
        (wheel("1.0", plugin=False, at="yesterday"), False),
        (wheel("1.0"), False),  # a plugin's own waits in earnest
    ],
)
def test_a_library_is_young_as_far_as_its_index_says_and_nobody_confirmed_that_it_mends(
    policies, tmp_path, file, young
):
    withheld = Withheld(Waiting(policies, Installation(tmp_path / "installation"), {}))
    assert withheld.young([file]) == frozenset()
    policies.change(None, {"delay_seconds": DAY}, by="ann")
    withheld = Withheld(Waiting(policies, Installation(tmp_path / "installation"), {}))
    assert withheld.young([file]) == (frozenset({file.sha256}) if young else frozenset())
