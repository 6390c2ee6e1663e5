"""The part of YAML that translations and configurations use, read without a library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.sources import imported

TEXT = """\
# translations
---
polite:
  hello: 'hello {}, it''s me'   # with a comment
  bye: "good\\tbye: {0}"
  plain: all the rest # not this
  "quoted key": 1
  long: |
    first line
      second # no comment

    third
  folded: >-
    one
    two
servers:
- name: creative
  port: 25566
- lobby
list: [1, "two"]
nested:
  - 1.5
  - true
  -
    deep: ~
empty:
time: 12:30
§6colour: §cred§r
"""


@pytest.fixture(scope="module")
def yaml_text() -> Iterator[ModuleType]:
    with imported(Path(__file__).parents[1], "chat_console.yaml_text") as module:
        yield module


@pytest.mark.feature("U14", "U15")
def test_a_file_as_people_write_them_is_read(yaml_text):
    assert yaml_text.read_plain_yaml(TEXT) == {
        "polite": {
            "hello": "hello {}, it's me",
            "bye": "good\tbye: {0}",
            "plain": "all the rest",
            "quoted key": 1,
            "long": "first line\n  second # no comment\n\nthird\n",
            "folded": "one two",
        },
        "servers": [{"name": "creative", "port": 25566}, "lobby"],
        "list": [1, "two"],
        "nested": [1.5, True, {"deep": None}],
        "empty": None,
        "time": "12:30",
        "§6colour": "§cred§r",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: &anchor 1\n", "line 2 uses an anchor or a tag"),
        ("a:\n\tb: 1\n", "line 2 is indented by tabs"),
        ("a: 'open\n", "line 2 holds a value that cannot be read"),
        ("a: 1\n  b: 2\n", "line 2 is indented less or more"),
        ("a: 1\nonly words\n", "line 2 is no key and value"),
    ],
)
def test_what_is_more_is_refused_by_its_line(yaml_text, text, told):
    with pytest.raises(yaml_text.YamlError, match=told):
        yaml_text.read_plain_yaml(text)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=8) | st.lists(st.integers()),
        max_size=4,
    )
)
def test_what_is_written_is_read_again_by_either_reader(yaml_text, value):
    import json

    lines = "".join(f"{json.dumps(key)}: {json.dumps(one)}\n" for key, one in value.items())
    assert (yaml_text.read_plain_yaml(lines) or {}) == value
    assert json.loads(yaml_text.write_yaml(value)) == value
