"""What a form sends is held against its fields before its plugin sees it."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from jackfield.api import Button, Field, Form, List, Text
from jackfield.errors import UsageError, WrongValues
from jackfield.host.facets.forms import read_form, sent_by

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
        ("integer", "1_0", {}, "expected a number"),
        ("float", "1_0.5", {}, "expected a number"),
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


def test_what_an_action_brings_is_found_where_it_lies() -> None:
    form = Form((Field("one", "One"),), "send")
    endless: list[Any] = []
    around = List(endless)  # type: ignore[arg-type]  # as a plugin may do it
    endless += [around, around]
    assert sent_by(List((Text("x"), List((form,)))), "send", {"one": "a", "two": "b"}) == {"one": "a"}
    assert sent_by(List((form,)), "other", {"one": "a"}) is None
    assert sent_by(around, "send", {}) is None
    assert sent_by(List(5), "send", {}) is None  # type: ignore[arg-type]  # likewise
    assert sent_by(None, "send", {}) is None


@pytest.mark.feature("C18")
def test_a_button_brings_what_its_plugin_gave_it_whoever_says_otherwise() -> None:
    alone = List((Button("Close", "close", (("poll", 2**60), ("force", False))),))
    assert sent_by(alone, "close", {"poll": float(2**60), "force": False}) == {"poll": 2**60, "force": False}
    others: list[dict[str, Any]] = [{"poll": 1, "force": True}, {"poll": 2**60}, {}]
    for other in others:
        assert sent_by(alone, "close", other) is None
    votes = List(tuple(Button(f"Vote {n}", "vote", (("number", n),)) for n in (1, 2**60, 10**400, 0.5)))
    for read in (1, 1.0, float(2**60), 10**400, 0.5):  # JSON's readers have one kind of number
        brought = sent_by(votes, "vote", {"number": read})
        assert brought is not None
        assert brought["number"] == read
    for forged in ({"number": 3}, {"number": "1"}, {"number": None}, {}, {"number": 1, "more": 1}, {"number": [1]}):
        assert sent_by(votes, "vote", forged) is None


@pytest.mark.feature("C18")
def test_a_button_that_has_gone_is_not_another_one_that_is_left() -> None:
    """Two look at a list and the first deletes one; the second presses that as well, before the page is drawn anew."""
    left = List((Button("Delete", "delete", (("note", 13),)),))
    assert sent_by(left, "delete", {"note": 12}) is None
    assert sent_by(left, "delete", {"note": 13}) == {"note": 13}


BOX = """
from jackfield import Plugin
from jackfield.api import Button, Text

GOT = []

class Main(Plugin):
    open = True

    def on_enable(self):
        self.context.ui.add_component("box", self.draw, on_action=self.act)

    def draw(self):
        return Button("Close", "close") if self.open else Text("Closed")

    def act(self, action, values, user):
        GOT.append((action, values))
        self.open = False
"""


@pytest.mark.feature("C18")
async def test_what_is_not_shown_does_not_reach_the_plugin_nor_its_figures(profile, build, running) -> None:
    """Whoever may write could send any action, which was called, logged and counted under its name, however long."""
    profile.install(build("shut", code=BOX, permissions='[[permissions]]\nresource = "ui"\nactions = ["component"]\n'))
    profile.enable("shut")
    host = await running()
    changed: list[str] = []
    host.ui.on_change(changed.append)
    for action in ("open", "y" * 50_000, "\u202e\n"):
        with pytest.raises(UsageError, match="box of shut does not offer that now"):
            await host.ui.act("shut:box", action, {"deep": [{}]}, "mallory")
    assert changed == ["shut:box"] * 3  # the pages look again
    with pytest.raises(UsageError, match="box of shut does not offer that now"):
        await host.ui.act("shut:box", "close", {"forged": True}, "mallory")
    await host.ui.act("shut:box", "close", {}, "bob")
    await host.ui.draw("shut:box")
    with pytest.raises(UsageError, match="box of shut does not offer that now"):
        await host.ui.act("shut:box", "close", {}, "bob")
    assert importlib.import_module("chat_shut").GOT == [("close", {})]
    assert host.plugins.status("shut").errors == 0
    (stats,) = (one for one in host.observed.stats() if one.plugin == "shut")
    assert {one.use for one in stats.uses if "of box" in one.use} == {"close of box"}
