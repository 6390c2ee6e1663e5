"""A file read the short way has the values that `tomllib` reads in it."""

import tomllib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jackfield.errors import ManifestError
from jackfield.manifest.plain_toml import plain_values
from jackfield.manifest.toml import parse_toml

from tests.core.manifest.weather import FULL

KEYS = st.sampled_from(["a", "b", "c", "a.b", "b.c", "a.b.c", "1", "x-y_z", '"a"', '"a.b"', '""', "a . b", ""])
TEXTS = st.text(st.characters(codec="utf-8"), max_size=6).map(lambda text: f'"{text}"')
ODD = ["''", "0", "01", "-1", "+1", "1_0", "1.5", "true", "True", "inf", "1979-05-27", "[]", "[,]", "[1]", "{}"]
VALUES = st.one_of(
    TEXTS,
    st.sampled_from(
        ['""', '"""', "9" * 18, "9" * 19, '["a"]', '["a", "b",]', '["a" "b"]', '["a",, "b"]', '[["a"]]', *ODD]
    ),
    st.lists(TEXTS, max_size=3).map(lambda texts: f"[{', '.join(texts)}]"),
)
ENDS = st.sampled_from(["", "", "", " ", "\t", " # said", "#", "\r", " x"])
LINES = st.one_of(
    st.builds("{}{}{}{}".format, KEYS, st.sampled_from([" = ", "=", " =\t", " "]), VALUES, ENDS),
    st.builds("[{}]{}".format, KEYS, ENDS),
    st.builds("[[{}]]{}".format, KEYS, ENDS),
    st.sampled_from(["", "  ", "# comment", " #\x01", "[a", "[[a]", "[ a ]", "]"]),
)


@given(st.lists(LINES, max_size=9))
@example(["[[a]]", "[[a.b]]", "[[a]]", "[a.b.c]", "x = 1"])
@example(["[[a]]", "[a.b]", "[[a]]", "[a.b]"])
@example(["a = []", "[[a]]"])
@example(["a = 1", "a = 2"])
@example(["a = []", "[a.b]"])
@example(['a = "\x7f"'])
def test_a_plain_file_has_the_values_that_tomllib_reads(lines: list[str]) -> None:
    text = "\n".join(lines)
    plain = plain_values(text)
    if plain is not None:
        assert plain == tomllib.loads(text)
        assert repr(plain) == repr(tomllib.loads(text))  # in their order, and True is not 1


@given(st.text("a1.[]=\"#, \t\n-\\'", max_size=24))
def test_a_file_of_few_letters_has_the_values_that_tomllib_reads(text: str) -> None:
    plain = plain_values(text)
    if plain is not None:
        assert repr(plain) == repr(tomllib.loads(text))


def test_what_most_manifests_say_is_plain() -> None:
    text = """
# A forecast
schema = 1
id = "weather"
authors = ["A. Author", "Ö"]

[host]
chat = ">=1.0 <2.0"

[[permissions]]
resource = "messages"
actions = ["read", "send"]

[contributes]
hooks = []

[[contributes.commands]]
name = "weather"
"""
    assert plain_values(text) == tomllib.loads(text)


@pytest.mark.parametrize("text", ['a = "\\u00e9"', "a = 'x'", "a.b = 1", "a = 1 # one", "a = 1\r\n", "a = {b = 1}"])
def test_what_is_not_plain_is_read_all_the_same(text: str) -> None:
    assert plain_values(text) is None
    assert parse_toml(text, "plugin.toml") == tomllib.loads(text)


def test_what_is_wrong_is_said_with_its_place() -> None:
    with pytest.raises(ManifestError, match="at line 2, column 5"):
        parse_toml("a = 1\nb = x", "plugin.toml")
    with pytest.raises(ManifestError, match="Cannot overwrite a value"):
        parse_toml("a = 1\na = 2", "plugin.toml")


def test_the_manifest_of_the_tests_is_read_alike() -> None:
    assert parse_toml(FULL, "plugin.toml") == tomllib.loads(FULL)
