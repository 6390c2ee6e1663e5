"""`jackfield data` and `remove --purge`: what plugins keep, and how it ends."""

from __future__ import annotations

import zipfile
from pathlib import Path
from signal import SIGINT
from subprocess import PIPE, Popen

import pytest
from jackfield.locks import locked
from jackfield.storage import Belongings, PluginDatabase, Snapshots, State
from jackfield.store import Layout

from tests.core.cli.conftest import Desk
from tests.support.processes import script, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(polling: Desk) -> Path:
    """The data folder of poll, with three answers in it."""
    (profile,) = (polling.home / "chat").iterdir()
    database = PluginDatabase(profile / "data" / "poll" / "storage.sqlite3")
    database.set("answers", [1, 2, 3])
    database.close()
    return profile / "data" / "poll"


@pytest.mark.feature("C14")
def test_it_is_shown_bounded_and_exported(polling: Desk, folder: Path, tmp_path):
    shown = polling.run("data")
    assert shown.out.splitlines()[1].startswith("poll    20 KiB in its storage  100 MiB")
    assert polling.run("data", "quota", "poll", "200MiB").out == "poll keeps 20 KiB of 200 MiB.\n"
    assert polling.run("data", "quota", "poll", "default").out == "poll keeps 20 KiB of 100 MiB.\n"
    ran = polling.run("data", "export", "poll", tmp_path / "poll.zip")
    assert ran.out == f"poll keeps 20 KiB in its storage: written to {tmp_path}/poll.zip.\n"
    with zipfile.ZipFile(tmp_path / "poll.zip") as archive:
        assert archive.read("entries.jsonl") == b'{"key": "answers", "value": [1, 2, 3]}\n'


@pytest.mark.feature("C14")
def test_an_export_replaces_no_file_unless_it_is_told_to(polling: Desk, folder: Path, tmp_path):
    target = tmp_path / "poll.zip"
    target.write_text("a thesis", encoding="utf-8")
    refused = polling.run("data", "export", "poll", target)
    assert refused.code == 2
    assert f"{target} is there already" in refused.err
    assert "--force" in refused.err
    assert target.read_text(encoding="utf-8") == "a thesis"
    assert polling.run("data", "export", "poll", target, "--force").code == 0
    assert zipfile.is_zipfile(target)
    assert sorted(one.name for one in tmp_path.iterdir() if "poll.zip" in one.name) == ["poll.zip"]


@pytest.mark.feature("U40")
def test_it_outlives_removal_and_is_deleted_by_a_word_of_its_own(polling: Desk, folder: Path):
    polling.run("remove", "poll")
    assert "not installed" in polling.run("data").out
    asked = polling.run("remove", "poll", "--purge")
    assert asked.code == 3
    assert "poll keeps 20 KiB in its storage" in asked.out
    assert "nobody said yes to deleting what poll keeps; nothing was changed" in asked.err
    assert polling.run("remove", "poll", "--purge", typed="n\n").code == 3
    assert folder.exists()
    done = polling.run("remove", "poll", "--purge", typed="y\n")
    assert done.code == 0
    assert "Delete what poll keeps? No rollback brings it back. [y/N]" in done.out
    assert "What poll kept was deleted." in done.out
    assert not folder.exists()
    assert polling.run("data").out == "No plugin keeps anything.\n"


def test_plugin_and_data_go_together(polling: Desk, folder: Path):
    assert polling.run("remove", "poll", "--purge", "--dry-run").code == 0
    assert folder.exists()
    done = polling.run("remove", "poll", "--purge", "--yes")
    assert "poll 1.3.1 was removed" in done.out
    assert "stays in" not in done.out
    assert not folder.exists()


def test_a_purge_that_is_not_done_ends_with_1_and_can_be_gone_on_with(polling: Desk, folder: Path):
    state = folder.parents[1] / "state"
    State(state).change({"settings/poll/limit": 3}, by="test")
    place = state / "secrets" / "poll.json"
    place.mkdir(parents=True)
    (place / "in the way").touch()
    told = polling.run("remove", "poll", "--purge", "--yes")
    assert told.code == 1
    assert "poll 1.3.1 was removed" in told.out
    assert "error: not all that poll keeps was deleted: " in told.err
    assert "hint: to go on: jackfield remove poll --purge" in told.err
    answer = polling.run("remove", "poll", "--purge", "--yes", "--json")
    assert (answer.code, answer.json["error"]["kind"], answer.json["applied"]) == (1, "StoreError", False)
    assert answer.json["error"]["hint"] == "to go on: jackfield remove poll --purge"
    (purged,) = answer.json["purged"]
    assert (purged["plugin"], purged["deleted"]) == ("poll", False)
    assert purged["problem"] == answer.json["error"]["message"]
    (place / "in the way").unlink()
    place.rmdir()
    done = polling.run("remove", "poll", "--purge", "--yes")
    assert done.code == 0
    assert polling.run("data").out == "No plugin keeps anything.\n"


def test_a_program_is_told_that_the_plugin_went_and_its_data_did_not(polling: Desk, folder: Path):
    state = folder.parents[1] / "state"
    State(state).change({"settings/poll/limit": 3}, by="test")
    place = state / "secrets" / "poll.json"
    place.mkdir(parents=True)
    told = polling.run("remove", "poll", "--purge", "--yes", "--json")
    assert (told.code, told.json["applied"], told.json["purged"][0]["deleted"]) == (1, True, False)
    assert told.json["error"]["message"].startswith("not all that poll keeps was deleted: ")
    assert [one["id"] for one in told.json["plan"]["removed"]] == ["poll"]
    place.rmdir()
    done = polling.run("remove", "poll", "--purge", "--yes", "--json")
    assert (done.code, done.json["purged"]) == (0, [{"plugin": "poll", "deleted": True, "problem": None}])


def test_who_does_not_wait_for_the_application_is_told_what_is_done_and_what_not(polling: Desk, folder: Path):
    layout = Layout(folder.parents[1])
    layout.run.mkdir(exist_ok=True)
    with locked(layout.host_lock, 0):  # as the application holds it
        words = [script("jackfield"), "remove", "poll", "--purge", "--yes"]
        command = Popen(words, env=polling.environ, stdout=PIPE, stderr=PIPE, text=True)
        wait_for(lambda: Belongings(layout.root, State(layout.state)).is_marked("poll"))
        command.send_signal(SIGINT)
        out, err = command.communicate(timeout=60)
    assert command.returncode == 130
    assert "poll 1.3.1 was removed" in out
    assert err.splitlines() == [
        "stopped: poll is removed, and not all that it keeps was deleted",
        "hint: to go on: jackfield remove poll --purge",
    ]
    assert polling.run("remove", "poll", "--purge", "--yes").code == 0
    assert not folder.exists()


def test_a_copy_that_could_not_be_brought_back_is_said_to_be_tried_again(polling: Desk, folder: Path):
    profile = folder.parents[1]
    copies = Snapshots(profile, State(profile / "state"))
    list(copies.take("poll", 1, why="before", by="test"))
    copies.keep("poll", 1, by="test", why="kept")
    in_the_way = profile / "snapshots" / "poll" / ".restoring"
    in_the_way.touch()
    told = polling.run("snapshots", "restore", "poll", "1")
    assert told.code == 1
    assert "what poll keeps could not be brought back" in told.err
    assert "the next start of the application tries it again" in told.err
    in_the_way.unlink()
    assert polling.run("snapshots", "restore", "poll", "1").code == 0


@pytest.mark.feature("U40")
def test_a_mark_can_be_taken_back(polling: Desk, folder: Path):
    told = polling.run("data", "discard", "poll").out
    assert told.splitlines() == [
        "What poll keeps is deleted when chat starts next: 20 KiB in its storage.",
        "To keep it: jackfield data keep poll",
    ]
    assert "deleted at the next start" in polling.run("data").out
    assert polling.run("data", "keep", "poll").out == "What poll keeps is kept.\n"
    assert folder.exists()
    polling.run("remove", "poll")
    told = polling.run("data", "discard", "poll").out
    assert "keeps is deleted by chat at once where it runs, else when it starts: 20 KiB in its storage." in told
