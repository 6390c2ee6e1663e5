"""Texts in the language of whoever reads them; a broken file or a missing text stops nobody."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from jackfield.runtime.resources import PluginResources
from jackfield.runtime.translations import LARGEST_FILE, PluginTranslations, fallbacks, language_tag


def translations(folder: Path, language: str = "en", **files: str) -> PluginTranslations:
    (folder / "lang").mkdir()
    for name, text in files.items():
        (folder / "lang" / f"{name}.toml").write_text(text, encoding="utf-8")
    return PluginTranslations(PluginResources("poll", folder), language, lambda user: user, logging.getLogger("poll"))


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("de", "de"),
        ("DE_at", "de-AT"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("pt-br", "pt-BR"),
        ("", None),
        ("../x", None),
        ("sr-latn-rs", "sr-Latn-RS"),
        ("abcdefghi", None),
    ],
)
def test_languages_are_compared_in_one_spelling(text: str, tag: str | None) -> None:
    assert language_tag(text) == tag


def test_the_chain_goes_from_the_special_to_the_general() -> None:
    assert list(fallbacks("zh-Hant-TW")) == ["zh-Hant-TW", "zh-Hant", "zh"]


@pytest.mark.feature("U14")
def test_the_manifests_language_is_the_last_resort(tmp_path: Path) -> None:
    told = translations(tmp_path, "de-AT", de='a = "eins"', fr='b = "deux"')
    assert told.languages() == ["de", "fr"]
    assert (told.text("a", "fr"), told.text("b", "fr"), told.text("b", "it")) == ("eins", "deux", "b")


async def test_a_preference_is_the_users_else_the_manifests(tmp_path: Path) -> None:
    told = translations(tmp_path, "fr")
    assert await told.language_of("de_at") == "de-AT"
    assert await told.language_of("no language at all") == "fr"


def test_values_are_filled_in_by_name_and_nothing_reaches_into_them(tmp_path: Path, caplog) -> None:
    told = translations(tmp_path, en='a = "{who} {{who}} {who.__class__} {0} {missing}"')
    assert told.text("a", who="ann") == "ann {who} {who.__class__} {0} {missing}"
    told.text("a", who="ann")
    assert [record.message for record in caplog.records] == ["the text 'a' wants a value missing"]


def test_a_place_in_a_text_may_be_called_as_the_function_calls_its_own(tmp_path: Path) -> None:
    told = translations(tmp_path, en='unknown = "{self} has no {key}"')
    assert told.text("unknown", "en", key="flag", self="poll") == "poll has no flag"


def test_a_file_that_is_wrong_is_named_and_the_others_count(tmp_path: Path, caplog) -> None:
    told = translations(tmp_path, en='a = "one"', de="a = = 1", fr="a = 1", **{"no language": 'a = "?"'})
    assert (told.text("a", "de"), told.languages()) == ("one", ["en"])
    messages = " ".join(record.message for record in caplog.records)
    assert "lang/de.toml cannot be read" in messages
    assert "lang/fr.toml cannot be read, so its texts are missing: a is no text" in messages
    assert "lang/no language.toml: 'no language' is no language" in messages


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a" + ".a" * 5000 + ' = "x"', "a key of more than 32 parts in line 1"),
        ("a = " + "[" * 5000, "not TOML"),
        ('a = "' + "x" * LARGEST_FILE + '"', "larger than 1024 KiB"),
    ],
    ids=["key", "open", "large"],
)
def test_a_file_beyond_a_bound_costs_nothing(tmp_path: Path, caplog, text: str, why: str) -> None:
    told = translations(tmp_path, en=text, de='a = "eins"')
    assert told.text("a", "de") == "eins"
    (record,) = caplog.records
    assert record.message.startswith(f"lang/en.toml cannot be read, so its texts are missing: {why}")


def test_a_flood_of_missing_keys_does_not_fill_the_log(tmp_path: Path, caplog) -> None:
    told = translations(tmp_path)
    for number in range(1000):
        assert told.text(f"key {number}") == f"key {number}"
    assert len(caplog.records) == 100
