"""Plain values named for a person, and characters that must not reach one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.permissions import described_value, hidden_character, shown_key, shown_text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x", "text 'x'"),
        (1, "the whole number 1"),
        (1.5, "the number 1.5"),
        (True, "the boolean True"),
        ([1], "a list [1]"),
        ({"a": 1}, "a table {'a': 1}"),
        (None, "nothing: None"),
        (b"x", "bytes b'x'"),
        ("x" * 100, "text '" + "x" * 58 + "…"),
        (10**5000, "the whole number …"),
        ("\x1b[2J", r"text '\x1b[2J'"),
    ],
    ids=["text", "whole", "number", "boolean", "list", "table", "nothing", "bytes", "long", "digits", "escape"],
)
def test_a_value_is_named_in_toml_s_words(value: object, shown: str) -> None:
    assert described_value(value) == shown


@pytest.mark.parametrize(
    ("text", "lines", "hidden"),
    [
        ("plain", False, None),
        ("tab\t", False, "U+0009"),
        ("tab\tand\r\nline", True, None),
        ("\x00", True, "U+0000"),
        ("\x7f", False, "U+007F"),
        ("\u009b2J", True, "U+009B"),
        ("\u202egnp.exe", True, "U+202E"),
        ("\u2066", False, "U+2066"),
        ("\u2028", True, "U+2028"),
        ("👩\u200d🚀", False, None),
        ("עברית\u200f!", False, None),
    ],
    ids=ascii,
)
def test_what_a_terminal_or_page_obeys_is_found(text: str, lines: bool, hidden: str | None) -> None:
    assert hidden_character(text, lines=lines) == hidden


@given(st.text(max_size=20))
def test_a_shown_key_hides_nothing(key: str) -> None:
    assert shown_key(key).isprintable()


@pytest.mark.parametrize(
    ("text", "lines", "shown"),
    [
        ("plain", False, "plain"),
        ("a\x1b[2J\u202eb", False, r"a\x1b[2J\u202eb"),
        ("one\ntwo\tthree", False, "one two three"),
        ("one\ntwo\tthree\x9b", True, "one\ntwo\tthree\\x9b"),
        ("half \ud800", True, r"half \ud800"),
        ("👩\u200d🚀", False, "👩\u200d🚀"),
    ],
    ids=ascii,
)
def test_what_cannot_be_seen_is_written_out(text: str, lines: bool, shown: str) -> None:
    assert shown_text(text, lines=lines) == shown


@given(st.text(st.characters(exclude_categories=()), max_size=40), st.booleans())
def test_a_text_as_it_is_shown_hides_nothing_and_can_be_sent(text: str, lines: bool) -> None:
    shown = shown_text(text, lines=lines)
    assert hidden_character(shown, lines=lines) is None
    shown.encode()
