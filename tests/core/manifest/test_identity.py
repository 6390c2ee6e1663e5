"""Ids: what may be written, and when two are one plugin."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.errors import GrammarError, IdentityError
from jackfield.manifest import canonical_id, parse_id
from jackfield.manifest.identity import ID_PATTERN

ids = st.from_regex(ID_PATTERN, fullmatch=True).filter(lambda text: text.strip("-_.") != "")


@pytest.mark.feature("M7", "K6", "U3")
@pytest.mark.parametrize(
    "text",
    [
        "my_plugin",
        "anotherhelper123",
        "__a_cool_plugin__",
        "another-helper-123",
        "org.example.chat",
        "9lives",
        "a",
        "x" * 64,
    ],
)
def test_ids_of_both_grammars_are_taken_unchanged(text: str) -> None:
    assert parse_id(text) == text


@pytest.mark.feature("M7")
@pytest.mark.parametrize(
    ("text", "column", "nearest"),
    [
        ("MyPlugin", 0, "myplugin"),
        ("a cool plugin", 1, "a-cool-plugin"),
        ("-edge", 0, "edge"),
        (".hidden", 0, "hidden"),
        ("caffè", 4, "caffe"),
        ("weather!", 7, "weather"),
        ("x" * 65, 64, "x" * 64),
        ("a\n", 1, "a"),
    ],
)
def test_anything_else_shows_the_column_and_the_nearest_id(text: str, column: int, nearest: str) -> None:
    with pytest.raises(IdentityError) as caught:
        parse_id(text)
    assert caught.value.column == column
    assert caught.value.text == text
    assert caught.value.hint == f"the nearest id is {nearest!r}"
    assert parse_id(nearest) == nearest


@pytest.mark.parametrize("text", ["", "_", "__", "_._", "日本"])
def test_an_id_without_any_letter_or_digit_is_refused(text: str) -> None:
    with pytest.raises(IdentityError) as caught:
        parse_id(text)
    assert caught.value.hint is None


@pytest.mark.feature("M8")
@pytest.mark.parametrize("text", ["a_b", "a-b", "a.b", "__a_b", "a_-._b", "a_b_", "A-B"])
def test_spellings_of_one_plugin_have_one_canonical_form(text: str) -> None:
    assert canonical_id(text) == "a-b"


@pytest.mark.parametrize(
    "text", ["", "...", "a b", "é", "a/b", "..", "a\x00b", "x" * 65, "\u212a"]
)  # the Kelvin sign folds to k
def test_nothing_but_ascii_is_compared(text: str) -> None:
    with pytest.raises(IdentityError):
        canonical_id(text)


@given(ids)
def test_every_id_has_a_canonical_form_that_is_an_id_and_its_own_canonical_form(text: str) -> None:
    canonical = canonical_id(parse_id(text))
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", canonical)
    assert canonical_id(canonical) == canonical
    assert parse_id(canonical) == canonical


def refusal(read: Callable[[str], object], text: str) -> GrammarError | None:
    try:
        read(text)
    except GrammarError as error:
        return error
    return None


@given(st.text(max_size=80))
def test_no_text_crashes_the_readers_of_ids(text: str) -> None:
    for read in (parse_id, canonical_id):
        if error := refusal(read, text):
            assert 0 <= error.column <= len(text)
            assert error.message
