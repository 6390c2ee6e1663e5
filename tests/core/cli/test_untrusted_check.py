"""`jackfield update --check` where an answer cannot be taken: its exit code says so, and what is found is shown too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from jackfield.cli.schemas import schema_of

from tests.core.cli.conftest import Desk
from tests.support.marketplace import running_marketplace
from tests.support.mirror import Answer, Mirror, mirror_of

pytestmark = [pytest.mark.slow, pytest.mark.feature("C42", "C43")]

NOT_SIGNED = "error: what is said of apart is not signed as it has to be"


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    """Before a second marketplace, with a plugin that nobody else has."""
    with running_marketplace(tmp_path) as other:
        other.publish("apart")
        with mirror_of(other.url) as running:
            yield running


@pytest.fixture
def desk_of_two(polling: Desk, mirror: Mirror) -> Desk:
    """A user with poll, for which there is an update, and with apart, for which there is none."""
    polling.more["JACKFIELD_MARKETPLACE"] = f"{polling.market} {mirror.url}"
    ran = polling.run("install", "apart", "--yes", "--accept-permissions")
    assert ran.code == 0, ran.err
    return polling


def test_an_update_and_an_answer_that_is_not_signed_are_both_told(desk_of_two: Desk, mirror: Mirror):
    mirror.lie("/tuf/timestamp.json", Answer(404, b""))
    ran = desk_of_two.run("update", "--check")
    assert ran.code == 6
    assert "poll   1.3.1 → 2.0.0" in ran.out
    assert "not checked: " in ran.out
    assert ran.err.splitlines()[0] == NOT_SIGNED
    told = desk_of_two.run("update", "--check", "--json")
    assert told.code == 6
    jsonschema.validate({"app": told.json["app"], "updates": told.json["updates"]}, schema_of("update"))
    assert {one["id"]: (one["new"], one["unchecked"]) for one in told.json["updates"]} == {
        "apart": (None, "untrusted"),
        "poll": ("2.0.0", None),
    }
    assert (told.json["error"]["kind"], told.json["error"]["exit_code"]) == ("TrustError", 6)


def test_no_update_and_an_answer_that_is_not_signed_is_not_none(desk_of_two: Desk, mirror: Mirror):
    mirror.lie("/tuf/timestamp.json", Answer(404, b""))
    ran = desk_of_two.run("update", "--check", "apart")
    assert (ran.code, ran.err.splitlines()[0]) == (6, NOT_SIGNED)


def test_an_answer_that_is_none_is_not_none_either(desk_of_two: Desk, mirror: Mirror):
    assert desk_of_two.run("update", "poll", "--yes", "--accept-permissions").code == 0
    mirror.lie("", Answer(500, b"down"))
    ran = desk_of_two.run("update", "--check")
    assert ran.code == 1
    assert ran.err.startswith("error: whether there is anything newer of apart is not known")


def test_what_cannot_be_asked_hides_no_update_that_is_there(desk_of_two: Desk, mirror: Mirror):
    mirror.lie("", Answer(500, b"down"))
    ran = desk_of_two.run("update", "--check")
    assert (ran.code, ran.err) == (0, "")
    assert "poll   1.3.1 → 2.0.0" in ran.out


def test_a_marketplace_that_is_met_by_looking_is_shown_once(polling: Desk):
    assert polling.run("trust", "forget", polling.market, "--yes").code == 0
    ran = polling.run("update", "--check")
    assert ran.code == 0
    assert f"note: {polling.market} is known by its root from now on; compare it with what its operator says" in ran.err
    assert polling.run("update", "--check").err == ""
