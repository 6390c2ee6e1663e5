"""`jackfield debug translations`: a plugin's texts, and what nobody has translated yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.wheels import build_plugin, plugin_source

pytestmark = pytest.mark.slow

FILES = {
    "lang/en.toml": 'greeting = "Hello, {user}"\n[errors]\nunknown = "Nobody knows"\n',
    "lang/de.toml": 'greeting = "Grüß dich, {user}"\n',
}


def greeter(folder: Path) -> Path:
    source = plugin_source("greeter")
    files = {f"chat_greeter/{name}": text for name, text in FILES.items()}
    return replace(source, files={**source.files, **files}).build(folder)


@pytest.fixture
def spoken(desk, tmp_path):
    assert desk.run("install", greeter(tmp_path), "--accept-permissions").code == 0
    return desk


@pytest.mark.feature("U19")
def test_every_text_is_shown_and_what_is_missing(spoken):
    told = spoken.run("debug", "translations", "greeter")
    assert told.out.splitlines() == [
        "errors.unknown",
        "  de: missing",
        "  en: Nobody knows",
        "greeting",
        "  de: Grüß dich, {user}",
        "  en: Hello, {user}",
    ]
    assert spoken.run("debug", "translations", "greeter", "--json").json["missing"] == {
        "de": ["errors.unknown"],
        "en": [],
    }


@pytest.mark.feature("U19")
def test_one_text_is_shown_as_somebody_of_a_language_sees_it(spoken):
    told = spoken.run("debug", "translations", "greeter", "greeting", "--language", "de-AT")
    assert told.out.splitlines()[-1] == "  → Grüß dich, {user}"
    told = spoken.run("debug", "translations", "greeter", "errors.unknown", "--language", "de")
    assert told.out.splitlines()[-1] == "  → Nobody knows"
    wrong = spoken.run("debug", "translations", "greeter", "greting")
    assert wrong.code == 2
    assert "greeter has no text greting" in wrong.err
    assert "did you mean greeting?" in wrong.err


def test_a_plugin_without_texts_says_where_they_would_lie(desk, tmp_path):
    assert desk.run("install", build_plugin(tmp_path / "wheels", "silent"), "--accept-permissions").code == 0
    assert "there is no lang/<language>.toml" in desk.run("debug", "translations", "silent").out
