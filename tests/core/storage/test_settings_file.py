"""`settings.toml`: the user's own file, mirrored by the state log; what is wrong in it is named and nothing is lost."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import StoreError, UsageError
from jackfield.manifest import SettingContribution as Declared
from jackfield.storage import Settings, State, stamp_of_files
from jackfield.storage.settings import MOST_EDITS
from jackfield.storage.settings_edits import lines_of
from jackfield.storage.settings_file import SettingsFile

DECLARED = (
    Declared("place", "text", "Vienna", label="Place", description="where the forecast is for"),
    Declared("days", "integer", 3, minimum=1, maximum=10),
    Declared("units", "choice", choices=("metric", "imperial")),
    Declared("words", "list"),
    Declared("sound", "path"),
    Declared("token", "secret", label="Token"),
)
WRITTEN = """\
# my own remarks

days = 5        # as Anna wants it

# a line nobody knows
words = ["a",
  "b"]  # two of them
"""


@pytest.fixture
def state(tmp_path):
    return State(tmp_path / "state")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "config" / "weather" / "settings.toml"


@pytest.fixture
def make(state, file):
    return lambda declared=DECLARED: Settings(state, "weather", declared, file=file)


def write(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


class TestByHand:
    @pytest.mark.feature("U25")
    def test_what_is_typed_counts_and_is_logged_with_the_files_name(self, make, file, state):
        settings = make()
        settings.set("days", 4, by="test")
        file.write_text(file.read_text().replace("days = 4", "days = 6"))
        settings.take_up()
        assert settings.get("days") == 6
        last = state.history()[-1]
        assert (last.by, last.why) == ("settings.toml", "edited settings.toml of weather")
        assert [(one.before, one.after) for one in last.changes] == [(4, 6)]

    def test_a_plugin_that_edits_it_without_end_does_not_fill_the_log(self, make, file, state):
        settings = make()
        settings.set("days", 1, by="test")
        before = len(state.history())
        for number in range(MOST_EDITS + 20):
            file.write_text(f"days = {number % 9 + 2}\n")
            settings.take_up()
        assert len(state.history()) - before == MOST_EDITS
        assert "edited 100 times within an hour" in settings.problems[0]
        settings.set("days", 1, by="test")
        assert settings.get("days") == 1, "who sets it elsewhere is heard all the same"

    def test_a_file_that_was_there_first_counts(self, make, file):
        write(file, WRITTEN)
        assert (make().get("days"), make().get("words")) == (5, ["a", "b"])
        assert file.read_text() == WRITTEN

    def test_a_line_that_is_taken_out_returns_to_the_default(self, make, file):
        settings = make()
        settings.set("days", 4)
        file.write_text("")
        settings.take_up()
        assert settings.get("days") == 3

    def test_listeners_hear_of_it(self, make, file):
        settings = make()
        heard = []
        settings.on_change(lambda key, value: heard.append((key, value)))
        write(file, "days = 9\n")
        settings.take_up()
        settings.refresh()
        assert heard == [("days", 9)]

    def test_a_file_that_is_deleted_changes_nothing_and_comes_back(self, make, file):
        settings = make()
        settings.set("days", 4)
        file.unlink()
        settings.take_up()
        assert settings.get("days") == 4
        settings.set("place", "Graz")
        assert tomllib.loads(file.read_text()) == {"place": "Graz", "days": 4}


class TestByUs:
    @pytest.mark.feature("U25")
    def test_everything_that_the_user_wrote_stays(self, make, file):
        write(file, WRITTEN)
        make().set("days", 6)
        assert file.read_text() == WRITTEN.replace("days = 5 ", "days = 6 ")

    def test_a_new_file_explains_itself_and_is_for_the_user_alone(self, make, file):
        make().set("days", 4)
        text = file.read_text()
        assert '# Place (place): text\n# where the forecast is for\n# place = "Vienna"\n' in text
        assert "# days: a whole number from 1 to 10\ndays = 4\n" in text
        assert "# type: jackfield settings set weather token\n" in text
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700

    def test_setting_and_unsetting_moves_no_line(self, make, file):
        settings = make()
        path = settings.write_file()
        fresh = path.read_text()
        settings.set("days", 4)
        settings.set("days", None)
        assert path.read_text() == fresh

    def test_what_the_log_takes_back_reaches_the_file(self, make, file, state):
        settings = make()
        settings.set("days", 4)
        state.change({"settings/weather/days": 7}, by="update", transaction="t")
        settings.take_up()
        assert tomllib.loads(file.read_text())["days"] == 7
        state.revert("t", by="rollback")
        settings.take_up()
        assert tomllib.loads(file.read_text())["days"] == 4

    def test_several_are_set_together_or_not_at_all(self, make):
        settings = make()
        with pytest.raises(UsageError):
            settings.change({"place": "Graz", "days": 99})
        assert settings.get("place") == "Vienna"

    @given(st.dictionaries(st.sampled_from(["place", "units", "words", "days"]), st.integers(0, 3), max_size=4))
    def test_whatever_is_set_is_read_back(self, tmp_path_factory, picked):
        choices: dict[str, list[object]] = {
            "place": ['"\n#', "Vienna", "días", "\\u"],
            "units": ["metric", "imperial"] * 2,
            "words": [[], ["a,b"], ['"', "x" * 200], ["#"]],
            "days": [1, 2, 9, 10],
        }
        values = {key: choices[key][index] for key, index in picked.items()}
        folder = tmp_path_factory.mktemp("profile")
        settings = Settings(State(folder), "weather", DECLARED, file=folder / "settings.toml")
        settings.change(values)
        again = Settings(State(folder), "weather", DECLARED, file=folder / "settings.toml")
        assert {key: again.get(key) for key in values} == values
        assert again.problems == ()


class TestMistakes:
    def test_a_wrong_value_is_named_with_file_line_and_key_and_the_rest_counts(self, make, file):
        write(file, 'place = "Graz"\n\n# so many\ndays = 99\nplce = 1\n')
        settings = make()
        assert settings.problems == (
            f"{file}, line 4: days: 99 is above 10",
            f"{file}, line 5: 'plce' is no setting of weather, did you mean 'place'?",
        )
        assert (settings.get("place"), settings.get("days")) == ("Graz", 3)
        settings.set("place", "Linz")
        assert "days = 99\nplce = 1\n" in file.read_text()
        settings.set("days", 9)
        assert settings.problems == (f"{file}, line 5: 'plce' is no setting of weather, did you mean 'place'?",)

    def test_a_file_that_is_no_toml_holds_everything_as_it_is(self, make, file):
        settings = make()
        settings.set("days", 4)
        file.write_text("days = 5\nplace = Graz\n")
        settings.take_up()
        assert settings.problems[0].startswith(f"{file}, line 2: not TOML: ")
        assert settings.get("days") == 4
        with pytest.raises(StoreError, match="nothing was set"):
            settings.set("days", 6)
        assert settings.get("days") == 4
        assert file.read_text() == "days = 5\nplace = Graz\n"
        file.write_text("days = 5\n")
        settings.take_up()
        assert (settings.get("days"), settings.problems) == (5, ())

    @pytest.mark.parametrize(
        ("content", "problem"), [(b"\xff", "is not UTF-8 at byte 0"), (b"#" * 70_000, "is larger than 64 KiB")]
    )
    def test_what_is_no_text_of_ours_is_named(self, make, file, content, problem):
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
        settings = make()
        assert settings.problems == (f"{file} {problem}",)
        assert settings.get("days") == 3

    def test_a_secret_typed_into_the_file_is_refused_without_repeating_it(self, make, file):
        write(file, 'token = "hush-hush"\n')
        settings = make()
        assert "line 1: token is a secret and does not belong into this file" in settings.problems[0]
        assert "hush-hush" not in settings.problems[0]
        assert not settings.is_set("token")

    def test_the_file_of_a_later_version_keeps_its_lines(self, make, file):
        make().set("place", "Graz")
        older = make(DECLARED[1:])
        older.set("days", 4)
        assert make().get("place") == "Graz"


class TestSecrets:
    @pytest.mark.feature("C22")
    def test_they_are_kept_apart_and_appear_nowhere_else(self, make, file, tmp_path, state):
        settings = make()
        settings.set("token", "hush-hush", by="test")
        settings.set("days", 4)
        assert settings.get("token") == "hush-hush"
        assert "token" not in settings.all()
        (kept,) = [one for one in tmp_path.rglob("*") if one.is_file() and b"hush-hush" in one.read_bytes()]
        assert kept == state.folder / "secrets" / "weather.json"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600

    def test_a_change_is_heard_by_other_processes_and_logged_without_the_value(self, make, state):
        ours, theirs = make(), make()
        heard = []
        ours.on_change(lambda key, value: heard.append((key, value)))
        theirs.set("token", "one", by="anna")
        ours.refresh()
        theirs.set("token", None)
        ours.refresh()
        assert heard == [("token", "one"), ("token", "")]
        assert [entry.by for entry in state.history()] == ["anna", "plugin weather"]

    def test_what_does_not_fit_is_not_repeated(self, make):
        narrow = make((Declared("token", "secret", maximum=3),))
        with pytest.raises(UsageError) as caught:
            narrow.set("token", "hush-hush")
        assert "hush" not in str(caught.value)

    def test_a_damaged_file_of_secrets_is_an_error_for_who_asks_and_for_nobody_else(self, make, state):
        make().set("token", "x")
        (state.folder / "secrets" / "weather.json").write_text("[]")
        settings = make()
        assert settings.get("days") == 3
        with pytest.raises(StoreError, match="is damaged"):
            settings.get("token")


class TestPaths:
    def test_the_home_folder_is_spelled_out(self, make, monkeypatch, tmp_path):
        monkeypatch.setenv("HOME", str(tmp_path))
        settings = make()
        settings.set("sound", "~/bell.wav")
        assert settings.get("sound") == f"{tmp_path}/bell.wav"

    def test_one_that_must_lead_somewhere_does_when_it_is_set(self, make, tmp_path):
        settings = make((Declared("sound", "path", exists="file"), Declared("music", "path", exists="folder")))
        place = tmp_path / "bell.wav"
        with pytest.raises(UsageError, match=f"the setting sound: there is no file {place}"):
            settings.set("sound", str(place), by="ann")
        with pytest.raises(UsageError, match="the setting music: there is no folder"):
            settings.set("music", str(place), by="ann")
        place.write_bytes(b"")
        settings.set("sound", str(place), by="ann")
        place.unlink()
        assert settings.get("sound") == str(place)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\n", 1),
        ("# a = 1\n\na = 1\n", 3),
        ('b = """\na = 2\n"""\na = 1\n', 4),
        ("a = [\n 1,\n]\n", 1),
        ("b = 1\n[t]\na = 1\n", None),
    ],
)
def test_the_line_of_a_key_is_found(text, line):
    assert lines_of(text, ("a",)).get("a") == line


def test_a_watcher_sees_every_save(tmp_path, make, file):
    before = stamp_of_files(tmp_path / "config")
    make().set("days", 4)
    after = stamp_of_files(tmp_path / "config")
    assert before != after
    assert SettingsFile(file, {}, plugin="weather").stamp() != (0, 0, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system of a few pages")
def test_on_a_full_disk_what_was_set_is_said_to_be_set(tmp_path):
    """The log has room within its last page, and the file, which is written anew, has none."""
    mount = tmp_path / "small"
    mount.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)], check=False)
    if made.returncode:
        pytest.skip("this machine mounts nothing")
    try:
        state = State(mount / "state")
        settings = Settings(state, "weather", DECLARED, file=mount / "settings.toml")
        settings.set("days", 4, by="test")
        with (mount / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
            while ballast.write(b"x" * 4096):
                pass
        settings.set("days", 5, by="test")
        assert settings.get("days") == 5
        assert "No space left on device: it does not show yet what was set" in " ".join(settings.problems)
        (mount / "ballast").unlink()
        settings.take_up()
        assert (settings.get("days"), settings.problems) == (5, ())
        assert "days = 5" in (mount / "settings.toml").read_text()
    finally:
        subprocess.run(["umount", str(mount)], check=True)
