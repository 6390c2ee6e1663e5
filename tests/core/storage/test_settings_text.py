"""Settings as people type and read them: text to values, and back."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jackfield.errors import UsageError
from jackfield.manifest import SettingContribution as Declared
from jackfield.storage import setting_as_text, setting_from_text


@pytest.mark.parametrize(
    ("declared", "text", "value"),
    [
        (Declared("a"), " as typed ", " as typed "),
        (Declared("a", "integer"), " 12 ", 12),
        (Declared("a", "number"), "1.5", 1.5),
        (Declared("a", "boolean"), "Yes", True),
        (Declared("a", "boolean"), "off", False),
        (Declared("a", "list"), "a, b,,c", ["a", "b", "c"]),
        (Declared("a", "list"), "a, b\nc\n", ["a, b", "c"]),
        (Declared("a", "list"), '["a b","c"]', ["a b", "c"]),
        (Declared("a", "list"), """ [ 'one, two' , "it's", "" ] """, ["one, two", "it's", ""]),
        (Declared("a", "list"), '[\n "a",\n "[b]", # why\n]', ["a", "[b]"]),
        (Declared("a", "list"), '["a, b"]', ["a, b"]),
        (Declared("a", "list"), '["[a]"]', ["[a]"]),
        (Declared("a", "list"), "[]", []),
        (Declared("a", "list"), "a [b], c", ["a [b]", "c"]),
        (Declared("a", "choice", choices=("x",)), " x", "x"),
        (Declared("a", "path"), " /srv ", "/srv"),
    ],
)
def test_text_becomes_a_value_by_the_settings_type(declared, text, value):
    assert setting_from_text(declared, text) == value
    assert setting_from_text(declared, setting_as_text(declared, value)) == value or "\n" in text


@pytest.mark.parametrize(
    ("declared", "text", "sentence"),
    [
        (Declared("a", "integer"), "1_0", "the setting a: expected a whole number, found '1_0'"),
        (Declared("a", "number"), "1_0.5", "the setting a: expected a number, found '1_0.5'"),
        (Declared("a", "integer"), "1.5", "the setting a: expected a whole number, found '1.5'"),
        (Declared("a", "integer"), "9" * 5000, "the setting a: expected a whole number, found '9999"),
        (Declared("a", "boolean"), "perhaps", "the setting a: expected true or false, found 'perhaps'"),
        (Declared("a", "number"), "nan", "the setting a: expected a number, found nan"),
        (Declared("a", "list"), '["a", "b"', 'the setting a: ["a", "b" begins like an array and is none'),
        (Declared("a", "list"), "[a b, c]", "the setting a: [a b, c] begins like an array and is none"),
        (Declared("a", "list"), '["a"]\nb = 1', "the setting a: "),
        (Declared("a", "list"), "[" * 5000, "the setting a: [[["),
        (Declared("a", "list"), "[" * 50_000, "the setting a: [[["),
        (Declared("a", "list"), '["a", 1]', "the setting a: expected a list of texts, found ['a', 1]"),
    ],
)
def test_text_that_is_no_value_is_told(declared, text, sentence):
    with pytest.raises(UsageError) as caught:
        setting_from_text(declared, text)
    assert caught.value.message.startswith(sentence)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=4))
@example(["", "\x7f"])
def test_every_list_is_read_as_it_is_shown(entries):
    declared = Declared("a", "list")
    assert setting_from_text(declared, setting_as_text(declared, entries)) == entries
