"""Settings: declared with type and bounds, checked when set, the same for every process."""

from __future__ import annotations

import pytest
from jackfield.errors import UsageError
from jackfield.manifest import SettingContribution as Declared
from jackfield.storage import Settings, State

DECLARED = (
    Declared("name", "text", "world"),
    Declared("limit", "integer", 3, minimum=1, maximum=10),
    Declared("ratio", "number", 0.5, minimum=0, maximum=1),
    Declared("loud", "boolean"),
    Declared("color", "choice", choices=("red", "green")),
    Declared("words", "list"),
)


@pytest.fixture
def state(tmp_path):
    return State(tmp_path)


@pytest.fixture
def settings(state):
    return Settings(state, "weather", DECLARED, plugin="Weather")


@pytest.mark.feature("C22")
def test_without_a_choice_of_the_user_the_defaults_hold(settings):
    assert dict(settings.all()) == {
        "name": "world",
        "limit": 3,
        "ratio": 0.5,
        "loud": False,
        "color": "red",
        "words": [],
    }


@pytest.mark.parametrize(
    ("key", "value"), [("name", ""), ("limit", 10), ("ratio", 1), ("loud", True), ("color", "green"), ("words", ["a"])]
)
def test_what_fits_is_kept_for_every_process(settings, state, key, value, tmp_path):
    settings.set(key, value)
    assert settings.get(key) == value
    assert Settings(State(tmp_path), "weather", DECLARED).get(key) == value


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("name", 1, "the setting name: expected text, found 1"),
        ("limit", 0, "the setting limit: 0 is below 1"),
        ("limit", 2.5, "the setting limit: expected a whole number, found 2.5"),
        ("limit", True, "the setting limit: expected a whole number, found True"),
        ("ratio", 1.5, "the setting ratio: 1.5 is above 1"),
        ("ratio", float("nan"), "the setting ratio: expected a number, found nan"),
        ("loud", "yes", "the setting loud: expected true or false, found 'yes'"),
        ("color", "blue", "the setting color: expected one of 'red', 'green', found 'blue'"),
        ("words", "a", "the setting words: expected a list of texts, found 'a'"),
        ("name", "x" * 10_001, "the setting name: it is longer than 10000 characters"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(settings, key, value, sentence):
    with pytest.raises(UsageError) as caught:
        settings.set(key, value)
    assert caught.value.message == sentence


def test_half_a_character_is_refused_and_spoils_nothing(state, tmp_path):
    declared = (Declared("name", "text"), Declared("limit", "integer", 3))
    settings = Settings(state, "poll", declared, file=tmp_path / "settings.toml")
    with pytest.raises(UsageError, match="the setting name: it cannot be kept"):
        settings.set("name", "\ud83d")
    settings.set("limit", 4)
    assert (settings.get("name"), settings.get("limit")) == ("", 4)
    (tmp_path / "settings.toml").write_text("limit = 0x" + "f" * 5000)
    again = Settings(state, "poll", declared, file=tmp_path / "settings.toml")
    assert again.problems == (f"{tmp_path / 'settings.toml'}, line 1: limit: it cannot be kept",)
    assert again.get("limit") == 4


def test_none_returns_to_the_default(settings):
    settings.set("limit", 5)
    settings.set("limit", None)
    assert settings.get("limit") == 3


def test_one_that_is_not_declared_is_an_error_that_lists_those_that_are(settings):
    with pytest.raises(UsageError, match="Weather declares no setting colour") as caught:
        settings.get("colour")
    assert caught.value.hint == "declared: color, limit, loud, name, ratio, words"


def test_one_that_is_not_declared_holds_up_the_others_too(settings):
    settings.set("limit", 5)
    with pytest.raises(UsageError, match="Weather declares no setting colour"):
        settings.change({"limit": None, "colour": None})
    assert settings.get("limit") == 5


def test_a_kept_value_that_no_longer_fits_counts_as_not_set(state):
    Settings(state, "weather", DECLARED).set("limit", 9)
    narrower = Settings(state, "weather", (Declared("limit", "integer", 2, maximum=5),))
    assert narrower.get("limit") == 2


def test_listeners_hear_of_each_change_once_whoever_made_it(settings, state):
    heard: list[tuple[str, object]] = []
    stop = settings.on_change(lambda key, value: heard.append((key, value)))
    settings.set("limit", 4)
    settings.refresh()
    state.change({"settings/weather/name": "moin", "settings/other/name": "x"}, by="test")
    settings.refresh()
    settings.set("name", "moin")
    stop()
    settings.set("limit", 5)
    assert heard == [("limit", 4), ("name", "moin")]


def test_a_plugin_that_sets_a_path_does_not_learn_what_is_there(state, tmp_path):
    settings = Settings(state, "weather", (Declared("sound", "path", exists="file"),), plugin="Weather")
    (tmp_path / "secret").write_text("")
    for name in ("secret", "nothing", "secret/nothing"):
        settings.set("sound", str(tmp_path / name))
        assert settings.get("sound") == str(tmp_path / name)
    with pytest.raises(UsageError, match="there is no file"):
        settings.set("sound", str(tmp_path / "nothing"), by="ann")
