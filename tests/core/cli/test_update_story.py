"""Updates, what is held back from them, and the way back, as they are typed."""

import getpass
import re
from collections.abc import Iterator
from datetime import datetime

import jsonschema
import pytest
from jackfield.cli.schemas import schema_of
from jackfield.management import Management
from jackfield.store import Layout

from tests.core.cli.conftest import Desk, plugin_wheels
from tests.support.processes import Server, script
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow


@pytest.mark.feature("C41", "C43")
def test_an_update_is_shown_with_its_changelog_and_asks_again_for_what_is_new(polling: Desk):
    check = polling.run("update", "--check")
    assert check.code == 0
    assert "poll  1.3.1 → 2.0.0  asks for more: read member names (to show who voted)" in check.out
    assert "The sidebar shows who voted" in check.out
    assert "Counts right" not in check.out  # that is in what is installed already
    refused = polling.run("update", "--yes")
    assert refused.code == 3
    assert re.search(r"read member names \(new\) +to show who voted", refused.out)
    assert "left       at 1.3.1: what is new was not granted" in refused.out
    assert refused.err.splitlines() == [
        "error: left poll at 1.3.1, since it asks for more",
        "hint: jackfield update poll --accept-permissions",
    ]
    assert polling.rows()["poll"]["version"] == "1.3.1"
    accepted = polling.run("update", typed="yes\n")
    assert accepted.code == 0
    assert "poll 2.0.0 was updated" in accepted.out
    again = polling.run("update", "--check")
    assert (again.code, again.out) == (4, "Every plugin: nothing newer.\n")


def test_what_came_from_a_file_is_told_of_where_newer_ones_are_looked_for(desk: Desk, tmp_path):
    """No marketplace is asked for it, so that nothing newer was found would not be true."""
    wheel = build_plugin(tmp_path, "poll", "1.0.0")
    assert desk.run("install", str(wheel), "--yes", "--accept-permissions").code == 0
    told = (
        "note: poll came from a file: no marketplace is asked for it. "
        "To have one's: jackfield remove poll, then jackfield install poll; its data stays"
    )
    newer = (["update", "--check"], ["update", "poll"], ["install", "-U", "poll"])
    for words in (*newer, ["update", "POLL"], ["install", "-U", "Poll @ ^1.0"]):
        assert told in desk.run(*words).err.splitlines()
    other = desk.run("install", "poll==1.3.1")
    assert (other.code, other.out) == (1, "")
    assert other.err.splitlines() == [
        "error: poll 1.0.0 came from a file, so no marketplace is asked for another version of it",
        "hint: jackfield remove poll, then install it again; its data stays",
    ]
    assert desk.run("remove", "poll", "--yes").code == 0
    assert desk.run("install", "poll==1.3.1", "--yes", "--accept-permissions").code == 0
    assert "came from a file" not in desk.run("update", "--check").err


@pytest.fixture
def newer(desk: Desk, tmp_path) -> Iterator[Desk]:
    """A user with poll 1.3.1 and calm 1.0.0, at a marketplace that holds newer versions of both."""
    wheels = tmp_path / "newer"
    for version in ("1.0.0", "1.1.0"):
        build_plugin(wheels, "calm", version)
    plugin_wheels(wheels)
    command = [script("jackfield-marketplace"), "serve", "--data", str(tmp_path / "newer-data"), "--port", "0"]
    with Server([*command, "--seed", str(wheels)]) as server:
        desk.more["JACKFIELD_MARKETPLACE"] = server.address
        assert desk.run("install", "poll==1.3.1", "calm==1.0.0", "--accept-permissions").code == 0
        yield desk


@pytest.mark.feature("C42", "C43")
def test_yes_updates_what_asks_for_nothing_new_and_names_the_rest(newer: Desk):
    ran = newer.run("update", "--yes")
    assert ran.code == 3
    assert re.search(r"calm 1\.1\.0 was updated in [\d.]+ s\.$", ran.out.strip())
    assert re.search(r"read member names \(new\) +to show who voted", ran.out)
    assert ran.err.splitlines() == [
        "error: left poll at 1.3.1, since it asks for more",
        "hint: jackfield update poll --accept-permissions",
    ]
    assert {row["id"]: row["version"] for row in newer.rows().values() if row["origin"] == "store"} == {
        "calm": "1.1.0",
        "poll": "1.3.1",
    }
    assert newer.run("rollback").code == 0
    answer = newer.run("update", "--yes", "--json")
    jsonschema.validate(answer.json, schema_of("update"))
    assert answer.json["applied"] is True
    assert [one["plugin"] for one in answer.json["plan"]["held"]] == ["poll"]
    assert answer.json["error"]["exit_code"] == answer.code == 3
    shown = newer.run("update", "--yes", "--dry-run")
    assert shown.code == 0
    assert "left       at 1.3.1" in shown.out
    assert newer.run("update", "poll", "--accept-permissions").code == 0
    assert newer.run("update", "--yes").out == "Every plugin: nothing newer.\n"


@pytest.mark.feature("C4", "C42", "K25")
def test_an_update_that_uses_another_plugin_is_left_until_its_user_says_yes(desk: Desk, tmp_path):
    uses = "uses the plugin geo: its services and events"
    build_plugin(tmp_path / "w", "geo")
    build_plugin(tmp_path / "w", "calm", "1.0.0")
    build_plugin(tmp_path / "w", "calm", "1.1.0", more='[requires]\ngeo = "*?"\n')
    command = [script("jackfield-marketplace"), "serve", "--data", str(tmp_path / "data"), "--port", "0"]
    with Server([*command, "--seed", str(tmp_path / "w")]) as server:
        desk.more["JACKFIELD_MARKETPLACE"] = server.address
        assert desk.run("install", "calm==1.0.0", "geo", "--accept-permissions").code == 0
        assert f"calm  1.0.0 → 1.1.0  {uses}" in desk.run("update", "--check").out
        refused = desk.run("update", "--yes")
        assert refused.code == 3
        assert f"  and it     {uses} (new)" in refused.out.splitlines()
        answer = desk.run("update", "--yes", "--json")
        jsonschema.validate(answer.json, schema_of("update"))
        (held,) = answer.json["plan"]["held"]
        assert held["growth"] == [{"kind": "dependency", "plugin": "calm", "permission": None, "detail": uses}]
        assert desk.rows()["calm"]["version"] == "1.0.0"
        assert desk.run("update", "--accept-permissions").code == 0
        assert desk.rows()["calm"]["version"] == "1.1.0"


@pytest.mark.feature("C45")
def test_what_takes_another_plugin_back_is_asked_though_it_asks_for_nothing(desk: Desk, tmp_path):
    build_plugin(tmp_path / "w", "below", "1.0.0")
    build_plugin(tmp_path / "w", "below", "2.0.0")
    build_plugin(tmp_path / "w", "above", "1.0.0", more='[requires]\nbelow = "*"\n')
    build_plugin(tmp_path / "w", "above", "2.0.0", more='[requires]\nbelow = "<2.0.0"\n')
    command = [script("jackfield-marketplace"), "serve", "--data", str(tmp_path / "data"), "--port", "0"]
    with Server([*command, "--seed", str(tmp_path / "w")]) as server:
        desk.more["JACKFIELD_MARKETPLACE"] = server.address
        assert desk.run("install", "above==1.0.0", "below", "--accept-permissions").code == 0
        refused = desk.run("update")
        assert refused.code == 3
        assert "below  2.0.0 → 1.0.0" in refused.out
        assert desk.rows()["below"]["version"] == "2.0.0"
        assert desk.run("update", "--yes").code == 0
        assert desk.rows()["below"]["version"] == "1.0.0"


def test_a_plugin_that_is_held_says_by_whom(polling: Desk):
    layout = Layout.locate("chat", environ=polling.environ)
    by = f"{getpass.getuser()} on the command line"
    Management("chat", layout, []).pin("poll", "<2.0", by=by)
    today = datetime.now().astimezone()
    ran = polling.run("update", "--check")
    assert (ran.code, ran.out) == (
        4,
        f"poll  held at <2.0  2.0.0 is there; you pinned it on {today.day} {today:%B}\n",
    )
    assert polling.run("update", "--yes").out == "Every plugin: nothing newer.\n"


def test_what_was_rolled_back_can_be_had_again(polling: Desk):
    assert polling.run("update", "--accept-permissions").code == 0
    assert polling.run("rollback").code == 0
    ran = polling.run("rollback", "--to", "2")
    assert ran.code == 0, ran.err
    assert "poll 1.3.1 was brought forward to 2.0.0." in ran.out
    assert "Made again: update poll." in ran.out
    again = polling.run("rollback", "--to", "2")
    assert (again.code, again.err.splitlines()[0]) == (2, "error: generation 2 is active already")


@pytest.mark.feature("C45", "C46")
def test_rollback_brings_version_and_permissions_back(polling: Desk):
    assert polling.run("update", "--accept-permissions").code == 0
    ran = polling.run("rollback")
    assert ran.code == 0
    assert "poll 2.0.0 was rolled back to 1.3.1." in ran.out
    assert polling.rows()["poll"]["version"] == "1.3.1"
    assert "read member names" not in polling.run("permissions", "poll").out
    history = polling.run("history").out.splitlines()
    assert history[0].split() == ["GENERATION", "WHEN", "WHAT", "BY"]
    assert history[1].endswith("active")
    assert "undone" in history[2]


@pytest.mark.parametrize("damage", ["nonsense", None])
def test_rollback_leads_out_of_a_damaged_pointer_as_the_hint_says(polling: Desk, damage: str | None):
    assert polling.run("update", "--accept-permissions").code == 0
    (pointer,) = polling.home.glob("chat/*/current")
    if damage is None:
        pointer.unlink()
    else:
        pointer.write_text(damage)
    looked = polling.run("doctor")
    assert (looked.code, "broken:" in looked.out, "jackfield rollback" in looked.out) == (1, True, True), looked.err
    told = polling.run("list")
    assert (told.code, "jackfield rollback" in told.err) == (1, True)
    assert "poll 2.0.0 was rolled back to 1.3.1." in polling.run("rollback").out
    assert polling.rows()["poll"]["version"] == "1.3.1"
