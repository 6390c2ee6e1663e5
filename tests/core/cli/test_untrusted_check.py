"""`jackfield update --check` where an answer cannot be taken: its exit code says so, and what is found is shown too."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from jackfield.cli.schemas import schema_of

from tests.core.cli.conftest import Desk
from tests.support.mirror import Answer, Mirror, mirror_of
from tests.support.processes import Server, script
from tests.support.wheels import build_plugin

pytestmark = [pytest.mark.slow, pytest.mark.feature("C42", "C43")]

NOT_SIGNED = "error: what is said of apart is not signed as it has to be"


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A second marketplace, with a plugin that nobody else has."""
    folder = tmp_path_factory.mktemp("apart")
    build_plugin(folder / "wheels", "apart")
    command = [script("jackfield-marketplace"), "serve", "--data", str(folder / "data"), "--port", "0"]
    with Server([*command, "--seed", str(folder / "wheels")]) as server:
        yield server.address


@pytest.fixture(scope="module")
def standing_between(apart: str) -> Iterator[Mirror]:
    """Whoever stands before that marketplace; its address is what its users know it by."""
    with mirror_of(apart) as running:
        yield running


@pytest.fixture
def mirror(standing_between: Mirror) -> Iterator[Mirror]:
    """The same, honest until the test has it lie."""
    yield standing_between
    standing_between.lies.clear()


@pytest.fixture(scope="module")
def prepared_of_two(
    prepared: Path, market: str, site: Path, standing_between: Mirror, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A home in which poll 1.3.1 is installed, and apart."""
    home = tmp_path_factory.mktemp("two") / "home"
    shutil.copytree(prepared, home, symlinks=True)
    both = f"{market} {standing_between.url}"
    ran = Desk(home, both, site).run("install", "apart", "--yes", "--accept-permissions")
    assert ran.code == 0, ran.err
    return home


@pytest.fixture
def desk_of_two(prepared_of_two: Path, mirror: Mirror, desk: Desk) -> Desk:
    """A user with poll, for which there is an update, and with apart, for which there is none."""
    shutil.copytree(prepared_of_two, desk.home, symlinks=True)
    desk.more["JACKFIELD_MARKETPLACE"] = f"{desk.market} {mirror.url}"
    return desk


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


def test_a_marketplace_that_fails_once_it_was_met_fails_alone(desk_of_two: Desk, mirror: Mirror):
    """At first contact its page does not fit what it signs, and when it is looked at again it signs nothing new."""
    assert desk_of_two.run("trust", "forget", mirror.url, "--yes").code == 0
    mirror.lie("/simple/chat-apart/", Answer(200, b"{}"))

    def met_before(honest: Answer) -> Answer:
        anchors = (desk_of_two.home).rglob("trust/*/anchor.json")
        return Answer(404, b"") if any(mirror.url in one.read_text() for one in anchors) else honest

    mirror.lie("/tuf/timestamp.json", met_before)
    ran = desk_of_two.run("update", "--check")
    assert ran.code == 6, ran.err
    assert "poll   1.3.1 → 2.0.0" in ran.out
    assert "not checked: " in ran.out
    assert NOT_SIGNED in ran.err
    assert f"note: {mirror.url} is known by its root from now on; compare it with what its operator says" in ran.err
