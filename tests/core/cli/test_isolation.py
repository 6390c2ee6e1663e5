"""`jackfield isolation`: where a plugin runs, chosen at a terminal; and the page that shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jackfield.sandbox import grade_of, probe

from tests.core.cli.conftest import Desk
from tests.support.marketplace import running_marketplace

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "isolation.md"
GRADE = grade_of(probe()).value

pytestmark = [pytest.mark.slow, pytest.mark.skipif(GRADE == "process", reason="this machine confines nothing")]


def test_the_page_shows_what_is_said(polling: Desk) -> None:
    page = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n\$ jackfield (isolation.*?)\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    for words, shown in blocks:
        ran = polling.run(*words.split())
        told = ran.out.replace(f"worker ({GRADE})", "worker (full)")
        assert (ran.code, told[-len(shown) :], ran.err) == (0, shown, "")


def test_without_a_yes_nothing_changes(polling: Desk) -> None:
    before = polling.files()
    ran = polling.run("isolation", "poll", "inline")
    assert ran.code == 3
    assert "runs in    Chat itself, with all its rights (full trust)" in ran.out
    assert "nobody said yes to: run poll in the application; nothing was changed" in ran.err
    assert polling.run("isolation", "poll", "inline", typed="n\n").code == 3
    assert polling.files() == before


def test_a_yes_moves_it_and_a_rollback_moves_it_back(polling: Desk) -> None:
    ran = polling.run("isolation", "poll", "inline", typed="y\n")
    assert ran.code == 0
    assert "move  poll  → inline" in ran.out
    assert "poll: inline\n" in ran.out
    assert "you chose inline; its manifest asks for any and allows worker, inline and process" in ran.out
    assert polling.rows()["poll"]["isolation"] == "inline"
    assert polling.run("rollback", "--yes").code == 0
    assert polling.rows()["poll"]["isolation"] == "worker"


def test_not_confined_is_said_in_the_list_and_by_the_doctor_too(polling: Desk) -> None:
    assert "that is not confined: it can do what you can" in polling.run("isolation", "poll", "process").out
    assert polling.run("isolation", "poll", "process", "--accept-permissions").code == 0
    assert "process: not confined" in polling.run("list").out
    doctor = polling.run("doctor")
    assert doctor.code == 0, "it is as its user chose"
    assert (
        "note: poll: it runs in a process of its own that is not confined: it can do what you can\n"
        "  → jackfield isolation poll worker, to have it confined\n"
    ) in doctor.out
    back = polling.run("isolation", "poll", "worker", "--json").json
    assert (back["applied"], back["isolation"]["isolation"], back["plan"]["consent"]) == (True, "worker", [])
    assert f"worker ({GRADE})" in polling.run("info", "poll").out
    assert "not confined" not in polling.run("doctor").out


@pytest.mark.slow
@pytest.mark.feature("K41")
def test_its_own_libraries_are_listed_with_their_versions(tmp_path: Path, site: Path) -> None:
    with running_marketplace(tmp_path / "market") as market:
        market.publish_library("jflib", "1.2")
        market.publish_library("aviary", "3.0")
        market.publish("owl", requires=["jflib", "aviary"], isolation="any")
        desk = Desk(tmp_path / "home", market.url, site)
        assert desk.run("install", "owl", "--yes").code == 0
        assert desk.run("info", "owl", "--json").json["libraries"] == {"aviary": "3.0", "jflib": "1.2"}
        assert "libraries  aviary 3.0 and jflib 1.2\n" in desk.run("info", "owl").out
        desk.run("isolation", "owl", "inline", "--accept-permissions")
        assert desk.run("info", "owl", "--json").json["libraries"] == {}, "it shares them now"
        assert "libraries" not in desk.run("info", "owl").out


def test_it_is_chosen_once(polling: Desk) -> None:
    polling.run("isolation", "poll", "process", "--accept-permissions")
    again = polling.run("isolation", "poll", "process", "--json").json
    assert (again["applied"], again["isolation"]["chosen"]) == (False, "process")


def test_one_that_pip_put_there_has_the_same_choice(polling: Desk) -> None:
    polling.run("enable", "weather", "--accept-permissions")
    ran = polling.run("isolation", "weather", "inline", "--accept-permissions")
    assert ran.code == 0
    assert polling.rows()["weather"]["isolation"] == "inline"


def test_who_has_no_manifest_has_no_choice(polling: Desk) -> None:
    ran = polling.run("isolation", "legacy-x", "worker")
    assert (ran.code, "has no manifest: it runs in the application" in ran.err) == (2, True)


def test_one_that_was_enabled_all_along_is_told_to_have_what_it_asks_for_now(polling: Desk):
    polling.run("permissions", "revoke", "poll", "--all")
    assert polling.run("enable", "poll", "--accept-permissions").out == (
        "poll was enabled already, and may do now what it asks for.\n"
    )
    assert polling.run("enable", "poll").out == "poll was enabled already.\n"
