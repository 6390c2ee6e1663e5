"""What a plugin keeps is told, exported and deleted, whole."""

from __future__ import annotations

import json
import os
import stat
import sys
import zipfile

import pytest
from jackfield.api import Insert, Put
from jackfield.errors import StoreError
from jackfield.manifest import SettingContribution
from jackfield.storage import Belongings, Definition, PluginDatabase, Settings, State, quota_of

TABLE = Definition.of("votes", {"user": str})


@pytest.fixture
def state(tmp_path):
    return State(tmp_path / "state")


@pytest.fixture
def belongings(tmp_path, state):
    """Poll keeps something of each kind; dice keeps a setting alone."""
    database = PluginDatabase(tmp_path / "data" / "poll" / "storage.sqlite3", plugin="poll")
    database.apply([Put("count", 3), *[Insert("votes", {"user": f"u{number}"}) for number in range(900)]], [TABLE])
    database.apply([Insert("votes", {"user": f"v{number}"}) for number in range(900)])
    database.close()
    folder = tmp_path / "data" / "poll" / "files" / "pictures"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"picture")
    (folder / "link").symlink_to("/etc/passwd")
    declared = (SettingContribution("limit", "integer", 3), SettingContribution("token", "secret"))
    settings = Settings(state, "poll", declared, file=tmp_path / "config" / "poll" / "settings.toml")
    settings.change({"limit": 5, "token": "hush-hush"}, by="test")
    Settings(state, "dice", declared).set("limit", 4)
    return Belongings(tmp_path, state)


@pytest.mark.feature("C14")
def test_it_is_told_in_words(belongings):
    assert belongings.plugins() == ("dice", "poll")
    kept = belongings.of("poll")
    assert (kept.files, kept.configuration, kept.settings, kept.secrets) == (1, 1, ("limit",), ("token",))
    assert "1 setting" in kept.words
    assert "1 secret" in kept.words
    assert kept.words[0].endswith("KiB in its storage")
    assert not belongings.of("other")


def test_a_folder_that_is_no_plugins_is_left_alone(belongings, tmp_path):
    for name in ("lost+found", "Poll", "backup of poll"):
        (tmp_path / "data" / name).mkdir()
        (tmp_path / "data" / name / "file").write_text("somebody's")
    assert belongings.plugins() == ("dice", "poll")


def test_an_export_holds_all_but_the_secrets(belongings, tmp_path):
    target = tmp_path / "poll.zip"
    belongings.export("poll", target)
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        read = {name: archive.read(name) for name in archive.namelist()}
    assert read["entries.jsonl"] == b'{"key": "count", "value": 3}\n'
    rows = [json.loads(line) for line in read["tables/votes.jsonl"].splitlines()]
    assert (len(rows), rows[0], rows[-1]["user"]) == (1800, {"id": 1, "user": "u0"}, "v899")
    assert json.loads(read["tables.json"]) == [{"name": "votes", "columns": {"user": "text"}, "unique": []}]
    assert json.loads(read["settings.json"]) == {"limit": 5}
    assert read["files/pictures/a.png"] == b"picture"
    assert "files/pictures/link" not in read
    assert b"limit = 5" in read["config/settings.toml"]
    assert not any(b"hush-hush" in content for content in read.values())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems hold no names that are no UTF-8")
def test_an_export_holds_what_its_format_cannot_say(belongings, tmp_path):
    database = PluginDatabase(tmp_path / "data" / "poll" / "storage.sqlite3", plugin="poll")
    database.set("half", "\ud83d")
    database.close()
    old = tmp_path / "data" / "poll" / "files" / os.fsdecode(b"old-\xff")
    old.write_text("from the beginning of time")
    os.utime(old, (0, 0))
    belongings.export("poll", tmp_path / "poll.zip")
    with zipfile.ZipFile(tmp_path / "poll.zip") as archive:
        assert archive.read("files/old-%FF") == b"from the beginning of time"
        entries = [json.loads(line) for line in archive.read("entries.jsonl").splitlines()]
    assert {"key": "half", "value": "\ud83d"} in entries


def test_an_export_that_cannot_be_written_leaves_nothing(belongings, tmp_path):
    with pytest.raises(StoreError, match="could not be written"):
        belongings.export("poll", tmp_path / "nowhere" / "poll.zip")
    assert not list(tmp_path.glob(".poll.zip*"))


@pytest.mark.feature("U40")
def test_deleting_leaves_nothing_of_it_and_all_of_the_others(belongings, tmp_path, state):
    state.change({"quota/poll": 7, "grants/poll": {"x": 1}}, by="test")
    (tmp_path / "logs").mkdir()
    for plugin in ("poll", "dice"):
        (tmp_path / "logs" / f"{plugin}.jsonl").write_text('{"message": "ada has voted"}\n')
    belongings.delete("poll", by="test")
    assert belongings.plugins() == ("dice",)
    left = [path for path in tmp_path.rglob("*") if (path.is_file() and "poll" in path.parts) or path.stem == "poll"]
    assert left == []
    assert (tmp_path / "logs" / "dice.jsonl").exists()
    assert quota_of(state, "poll", {}) == 100 * 1024 * 1024
    assert state.get("grants/poll") == {"x": 1}


@pytest.mark.feature("U40")
def test_a_mark_is_set_and_taken_back(belongings):
    belongings.mark("poll", by="test")
    assert (belongings.marked(), belongings.of("poll").marked) == (("poll",), True)
    assert belongings.unmark("poll", by="test") is True
    assert belongings.unmark("poll", by="test") is False
    assert belongings.marked() == ()


@pytest.mark.feature("C14", "C26")
@pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes")
def test_an_export_follows_nothing_that_comes_into_a_files_place(belongings, tmp_path, monkeypatch):
    secret = tmp_path / "home"
    secret.mkdir()
    (secret / "key").write_text("the user's own")
    files = tmp_path / "data" / "poll" / "files"
    (files / "z").mkdir()
    (files / "z" / "key").write_text("mine")
    (files / "pipe").write_text("a file as yet")
    (files / "short").write_text("short")
    looks = []
    lstat, fstat = os.lstat, os.fstat

    def exchanged(path, *, dir_fd=None):
        found = lstat(path, dir_fd=dir_fd)
        if path == "z" and stat.S_ISDIR(found.st_mode):  # what a plugin does between two steps of its host
            (files / "z" / "key").unlink()
            (files / "z").rmdir()
            (files / "z").symlink_to(secret)
        elif path == "pipe":
            (files / "pipe").unlink()
            os.mkfifo(files / "pipe")
        return found

    def grown(descriptor):
        found = fstat(descriptor)
        looks.append(found.st_size)
        if looks.count(len("short")) == 2:  # it is opened
            (files / "short").write_text("shorter no more")
        return found

    monkeypatch.setattr(os, "lstat", exchanged)
    monkeypatch.setattr(os, "fstat", grown)
    os.utime(files / "short", (2**34, 2**34))
    belongings.export("poll", tmp_path / "poll.zip")
    with zipfile.ZipFile(tmp_path / "poll.zip") as archive:
        names = [name for name in archive.namelist() if name.startswith("files/")]
        assert sorted(names) == ["files/pictures/a.png", "files/short"]
        assert archive.read("files/short") == b"short"


@pytest.mark.feature("C14", "C26")
@pytest.mark.skipif(sys.platform == "win32", reason="needs files with holes")
def test_an_export_of_holes_and_hard_links_is_refused_and_leaves_nothing(belongings, tmp_path, state):
    state.change({"quota/poll": 1024 * 1024}, by="test")
    files = tmp_path / "data" / "poll" / "files"
    (files / "whole").write_bytes(os.urandom(4 * 1024 * 1024))
    belongings.export("poll", tmp_path / "poll.zip")  # more than it may keep, and yet its user can take it elsewhere
    for number in range(3):
        os.link(files / "whole", files / f"again-{number}")
    with pytest.raises(StoreError, match="its files are more than poll may keep"):
        belongings.export("poll", tmp_path / "other.zip")
    for number in range(3):
        (files / f"again-{number}").unlink()
    with (files / "holes").open("wb") as file:
        file.truncate(1024**4)
    with pytest.raises(StoreError, match="its files are more than poll may keep"):
        belongings.export("poll", tmp_path / "other.zip")
    assert [path.name for path in tmp_path.iterdir() if "other.zip" in path.name] == []
