"""What a form sends is held against its fields before its plugin sees it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from jackfield.api import Field, Form, List, Text
from jackfield.errors import UsageError, WrongValues
from jackfield.host.facets.forms import form_in, read_form

JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=5,
)
TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "multiline": str,
    "integer": (int, type(None)),
    "float": (float, type(None)),
    "boolean": bool,
    "choice": str,
}


def one(kind: Any, value: object, **options: Any) -> Any:
    field = Field("one", "One", kind, choices=("a", "b"), **options)
    return read_form(Form((field,), "send"), {"one": value, "other": 1})["one"]


@pytest.mark.feature("C18")
@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("text", "soup", "soup"),
        ("text", None, ""),
        ("multiline", "a\nb", "a\nb"),
        ("integer", " 7 ", 7),
        ("integer", 7.0, 7),
        ("integer", "", None),
        ("integer", "123456789012345678901", 123456789012345678901),
        ("float", "0.5", 0.5),
        ("float", 3, 3.0),
        ("boolean", True, True),
        ("boolean", None, False),
        ("choice", "b", "b"),
        ("choice", "", ""),
    ],
)
def test_a_value_comes_as_its_field_says(kind: str, value: object, read: object) -> None:
    assert one(kind, value) == read
    assert type(one(kind, value)) is type(read)


@pytest.mark.feature("C18")
@pytest.mark.parametrize(
    ("kind", "value", "options", "why"),
    [
        ("text", "  ", {"required": True}, "must not be empty"),
        ("text", "x" * 3000, {}, "3,000 characters; at most 2,000 fit"),
        ("integer", "a few", {}, "expected a whole number"),
        ("integer", 1.5, {}, "expected a whole number"),
        ("integer", "", {"required": True}, "must not be empty"),
        ("integer", True, {}, "expected a number"),
        ("integer", "9" * 5000, {}, "at most 1,000 digits fit"),
        ("float", "nan", {}, "expected a number"),
        ("float", [1], {}, "expected a number"),
        ("boolean", "yes", {}, "expected yes or no"),
        ("choice", "c", {}, "choose one of those offered"),
        ("choice", "", {"required": True}, "choose one of those offered"),
    ],
)
def test_one_that_does_not_fit_is_told_at_its_field(
    kind: str, value: object, options: dict[str, Any], why: str
) -> None:
    with pytest.raises(WrongValues) as caught:
        one(kind, value, **options)
    assert caught.value.fields == {"one": why}
    assert str(caught.value) == f"One: {why}"


def test_every_wrong_field_is_told_at_once() -> None:
    form = Form((Field("a", "First", required=True), Field("b", "Second", "integer")), "send")
    with pytest.raises(UsageError, match="First: must not be empty; Second: expected a whole number"):
        read_form(form, {"b": "x"})


@given(some.sampled_from(list(TYPES)), JSON)
def test_whatever_a_client_sends_a_plugin_gets_the_fields_type_or_nothing(kind: str, value: object) -> None:
    try:
        read = one(kind, value)
    except WrongValues:
        return
    assert isinstance(read, TYPES[kind])


def test_the_form_of_an_action_is_found_where_it_lies() -> None:
    form = Form((), "send")
    endless: list[Any] = []
    around = List(endless)  # type: ignore[arg-type]  # as a plugin may do it
    endless.append(around)
    assert form_in(List((Text("x"), List((form,)))), "send") is form
    assert form_in(List((form,)), "other") is None
    assert form_in(around, "send") is None
    assert form_in(None, "send") is None
