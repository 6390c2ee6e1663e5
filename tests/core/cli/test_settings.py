"""`jackfield settings`: what a plugin lets its user set, from the terminal."""

from __future__ import annotations

import stat

import pytest

from tests.core.cli.conftest import Desk

pytestmark = pytest.mark.slow


@pytest.fixture
def file(desk: Desk):
    """The plugin's settings.toml, as the command names it."""
    from pathlib import Path

    return Path(desk.run("settings", "weather", "--json").json["file"])


@pytest.mark.feature("C22")
def test_it_shows_values_bounds_and_help(desk: Desk, file):
    lines = desk.run("settings", "weather").out.splitlines()
    assert [line.split() for line in lines[:1]] == [["KEY", "VALUE", "WHAT", "IT", "IS"]]
    assert lines[1].split("  ")[0] == "place"
    assert "Place; text; where the forecast is for" in lines[1]
    assert "a whole number from 1 to 10" in lines[2]
    assert "not set (a secret)" in lines[3]
    assert lines[5] == f"file: {file}"
    assert not file.exists()  # showing changes nothing


def test_without_a_plugin_it_says_which_have_something_to_set(desk: Desk):
    ran = desk.run("settings")
    assert ran.code == 2
    assert ran.err == "error: which plugin's settings?\nhint: these have something to set: weather\n"


def test_what_is_set_is_kept_and_unset_again(desk: Desk):
    assert desk.run("settings", "set", "weather", "days", "5").out == "weather: days is 5.\n"
    assert desk.run("settings", "weather", "--json").json["settings"][1]["value"] == 5
    assert desk.run("settings", "unset", "weather", "days").out == "weather: days is back at 3.\n"
    assert desk.run("settings", "set", "weather", "place", "St.").out == "weather: place is St.\n"


def test_what_does_not_fit_is_told_with_its_bounds(desk: Desk):
    ran = desk.run("settings", "set", "weather", "days", "11")
    assert ran.code == 2
    assert ran.err.splitlines() == [
        "error: the setting days: 11 is above 10",
        "hint: it takes a whole number from 1 to 10",
    ]
    ran = desk.run("settings", "set", "weather", "days", "many")
    assert ran.err.splitlines()[0] == "error: the setting days: expected a whole number, found 'many'"


@pytest.mark.parametrize(
    ("typed", "kept", "told"),
    [
        ("lobby, tea room", ["lobby", "tea room"], "lobby, tea room"),
        ('["a b","c"]', ["a b", "c"], "a b, c"),
        ('["tea, coffee", "c"]', ["tea, coffee", "c"], '["tea, coffee", "c"]'),
    ],
)
def test_a_list_is_typed_with_commas_or_as_an_array(desk: Desk, typed, kept, told):
    assert desk.run("settings", "set", "weather", "quiet", typed).out == f"weather: quiet is {told}.\n"
    assert desk.run("settings", "weather", "--json").json["settings"][3]["value"] == kept


def test_an_array_that_is_none_is_told_with_its_field(desk: Desk):
    ran = desk.run("settings", "set", "weather", "quiet", '["a", "b"')
    assert (ran.code, ran.err.splitlines()[0]) == (
        2,
        'error: the setting quiet: ["a", "b" begins like an array and is none',
    )
    assert desk.run("settings", "weather", "--json").json["settings"][3]["value"] == []


def test_a_secret_is_piped_in_and_never_shown(desk: Desk, file):
    ran = desk.run("settings", "set", "weather", "token", typed="s3cr3t-value\n")
    assert ran.out == "weather: token is set (a secret).\n"
    told = desk.run("settings", "weather").out + desk.run("settings", "weather", "--json").out
    assert "s3cr3t-value" not in told
    (kept,) = [path for path in desk.home.rglob("*") if path.is_file() and b"s3cr3t-value" in path.read_bytes()]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "secrets" in kept.parts


def test_the_file_is_made_edited_by_hand_and_its_mistakes_are_told(desk: Desk, file):
    desk.run("settings", "edit", "weather")
    text = file.read_text()
    assert '# place = "Vienna"' in text
    file.write_text(text.replace("# days = 3", "# for the holidays\ndays = 7") + 'colour = "red"\n')
    ran = desk.run("settings", "weather")
    assert "days   7" in ran.out
    line = len(file.read_text().splitlines())
    assert f"note: {file}, line {line}: 'colour' is no setting of weather" in ran.err
    assert desk.run("settings", "set", "weather", "days", "8").code == 0
    assert "# for the holidays\ndays = 8\n" in file.read_text()


def test_a_broken_file_holds_everything_as_it_is(desk: Desk, file):
    desk.run("settings", "set", "weather", "days", "5")
    file.write_text("days = = 4\n")
    ran = desk.run("settings", "set", "weather", "place", "Graz")
    assert ran.code == 1
    assert f"error: nothing was set: {file}, line 1: not TOML" in ran.err
    assert "hint: mend the file, or delete it" in ran.err
    assert file.read_text() == "days = = 4\n"
    assert desk.run("settings", "weather", "--json").json["settings"][1]["value"] == 5
