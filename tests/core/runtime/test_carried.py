"""Components and changes of storage as data: whatever can be made comes back the same on the other side."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield.api import (
    Button,
    Chart,
    Component,
    DataChange,
    Delete,
    Field,
    Forget,
    Form,
    Image,
    Insert,
    List,
    Markdown,
    Progress,
    Put,
    Require,
    Table,
    Text,
    Update,
)
from jackfield.errors import UsageError
from jackfield.runtime import change_from_data, change_to_data, component_from_data, component_to_data

TEXT = st.text(max_size=8)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
CELL = TEXT | st.integers(-(2**63), 2**63) | NUMBER | st.booleans() | st.none()
FIELDS = st.builds(
    Field, TEXT, TEXT, st.sampled_from(["text", "integer", "choice"]), CELL, st.lists(TEXT, max_size=2).map(tuple)
)
PARTS = st.one_of(
    st.builds(Text, TEXT),
    st.builds(Markdown, TEXT),
    st.builds(Table, st.just(("a", "b")), st.lists(st.tuples(CELL, CELL), max_size=3).map(tuple)),
    st.builds(Button, TEXT, TEXT, st.lists(st.tuples(TEXT, CELL), max_size=2).map(tuple), st.just("danger")),
    st.builds(Form, st.lists(FIELDS, max_size=2).map(tuple), TEXT, TEXT),
    st.builds(Chart, st.just(("a",)), st.tuples(NUMBER), st.sampled_from(["bar", "line"]), TEXT),
    st.builds(Progress, NUMBER, NUMBER, TEXT),
    st.builds(Image, st.binary(max_size=9), st.just("image/png"), TEXT),
)
COMPONENTS = st.recursive(
    PARTS, lambda inner: st.builds(List, st.lists(inner, max_size=3).map(tuple), st.booleans()), max_leaves=6
)
ROWS = st.dictionaries(TEXT, TEXT | st.integers(-5, 5) | st.none(), max_size=3)
CHANGES = st.one_of(
    st.builds(Put, TEXT, TEXT | st.lists(TEXT, max_size=2)),
    st.builds(Forget, TEXT),
    st.builds(Insert, TEXT, ROWS, st.booleans()),
    st.builds(Update, TEXT, ROWS, ROWS),
    st.builds(Delete, TEXT, ROWS),
    st.builds(Require, TEXT, ROWS, st.integers(0, 5), st.none() | st.integers(0, 5)),
)


def crossed(data: Any) -> Any:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(data))


@pytest.mark.feature("C18")
@given(COMPONENTS)
def test_a_component_comes_back_as_what_it_was(component: Component) -> None:
    assert component_from_data(crossed(component_to_data(component))) == component


@pytest.mark.feature("C20")
@given(CHANGES)
def test_a_change_of_storage_comes_back_as_what_it_was(change: DataChange) -> None:
    assert change_from_data(crossed(change_to_data(change))) == change


def test_what_is_no_component_arrives_as_something_of_that_name() -> None:
    for odd, name in ((5, "int"), ({"type": "text"}, "dict"), (None, "NoneType")):
        assert type(component_from_data(crossed(component_to_data(odd)))).__name__ == name


def test_what_is_no_change_is_refused_on_both_sides() -> None:
    with pytest.raises(UsageError, match="is no change of storage"):
        change_to_data("drop everything")  # type: ignore[arg-type]  # the point
    for data in ({}, {"change": 5}, {"change": "object"}, {"change": "put", "key": "a"}):
        with pytest.raises(UsageError):
            change_from_data(data)
