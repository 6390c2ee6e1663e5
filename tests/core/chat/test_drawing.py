"""Components as pages get them: whatever a plugin hands over, JSON within bounds or one sentence."""

from __future__ import annotations

import contextlib
import json
import struct
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as some
from jackfield.api import Button, Chart, Component, Field, Form, Image, List, Markdown, Progress, Table, Text
from jackfield.permissions import hidden_character
from jackfield_chat.plugins.charts import chart_svg, number_text
from jackfield_chat.plugins.drawing import LARGEST_BYTES, drawing

NAME = "{http://www.w3.org/2000/svg}"
ANY_TEXT = some.text(some.characters(exclude_categories=()), max_size=40)
NUMBERS = some.floats(allow_nan=False, allow_infinity=False) | some.integers(-(10**20), 10**20)
CELLS = some.none() | some.booleans() | some.integers() | some.floats() | ANY_TEXT
LEAVES: some.SearchStrategy[Any] = some.one_of(
    some.builds(Text, ANY_TEXT),
    some.builds(Markdown, ANY_TEXT),
    some.builds(Button, ANY_TEXT, ANY_TEXT),
    some.builds(Progress, some.floats(), some.floats(), ANY_TEXT),
    some.builds(Table, some.lists(ANY_TEXT, min_size=2, max_size=2), some.lists(some.tuples(CELLS, CELLS))),
    some.builds(Chart, some.lists(ANY_TEXT, max_size=3), some.lists(some.floats() | some.integers(), max_size=3)),
    some.builds(Image, some.binary(), some.sampled_from(["image/png", "text/html"]), ANY_TEXT),
    some.builds(Form, some.lists(some.builds(Field, ANY_TEXT, ANY_TEXT), max_size=3), ANY_TEXT),
)


@pytest.mark.feature("C18")
@given(some.recursive(LEAVES, lambda inner: some.builds(List, some.lists(inner, max_size=4)), max_leaves=8))
def test_anything_is_drawn_as_bounded_json_or_refused_with_a_sentence(component: Any) -> None:
    try:
        drawn = drawing(component)
    except ValueError:
        return
    assert len(json.dumps(drawn, allow_nan=False)) <= LARGEST_BYTES


def _texts(drawn: Any) -> list[str]:
    if isinstance(drawn, str):
        return [drawn]
    parts = drawn.values() if isinstance(drawn, dict) else drawn if isinstance(drawn, list) else ()
    return [text for part in parts for text in _texts(part)]


EVIL = "y\u202eon\x1b[2J\x9b\nline"


@pytest.mark.feature("C18")
def test_what_a_page_obeys_and_nobody_sees_is_written_out() -> None:
    parts: list[Component] = [
        Text(EVIL), Markdown(EVIL), Button(EVIL, "act"), Progress(1, 2, EVIL), Table((EVIL, "b"), ((EVIL, 1),)),
        Chart((EVIL,), (1,), unit=EVIL), Form((Field("name", EVIL),), "act", EVIL),
    ]  # fmt: skip
    texts = _texts(drawing(List(tuple(parts))))
    assert not [text for text in texts if hidden_character(text, lines=True)]
    assert sum(r"y\u202eon\x1b[2J\x9b" in text for text in texts) >= 10
    assert r"y\u202eon\x1b[2J\x9b line" in texts, "what is one line stays one"


@pytest.mark.parametrize(
    "field", [Field(EVIL, "Name"), Field("name", "Name", type="choice", choices=("a", EVIL))], ids=["name", "choice"]
)
def test_what_comes_back_to_the_plugin_hides_nothing(field: Field) -> None:
    with pytest.raises(ValueError, match=r"holds the hidden character U\+202E"):
        drawing(Form((field,), "act"))


def test_what_somebody_typed_is_shown_to_them_again() -> None:
    typed = Field("name", "Name", value="a\u2066b\u2069")
    assert "a\u2066b\u2069" in _texts(drawing(Form((typed,), "act")))


@given(some.lists(some.tuples(ANY_TEXT, NUMBERS), max_size=60), some.sampled_from(["bar", "line"]), ANY_TEXT)
def test_a_chart_is_well_formed_and_stays_within_its_frame(pairs: Any, kind: Any, unit: str) -> None:
    svg = chart_svg([label for label, _ in pairs], [float(value) for _, value in pairs], kind, unit)
    root = ET.fromstring(svg.encode())  # our own
    assert {one.tag.removeprefix(NAME) for one in root.iter()} <= {
        *("svg", "text", "rect", "title", "line", "polyline", "circle")
    }
    assert all("style" not in one.attrib for one in root.iter())
    for bar in root.iter(f"{NAME}rect"):
        assert -0.1 <= float(bar.attrib["x"]) <= float(bar.attrib["x"]) + float(bar.attrib["width"]) <= 256.2
    for line in root.iter(f"{NAME}polyline"):
        assert all(0 <= float(y) <= 112 for y in (one.split(",")[1] for one in line.attrib["points"].split()))


def test_a_chart_is_read_out_by_its_values_or_summed_up_where_they_are_many() -> None:
    few = ET.fromstring(chart_svg(["a", "b"], [1, 2.5], "bar", "km"))  # our own
    many = ET.fromstring(chart_svg([str(n) for n in range(100)], list(range(100)), "line", ""))
    assert few.attrib["aria-label"] == "a: 1 km, b: 2.5 km"
    assert many.attrib["aria-label"] == "100 values from 0 to 99, between 0 and 99"


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (1234567, "1,234,567"), (-0.5, "-0.5"), (1e20, "1e+20"), (1 / 3, "0.333333")]
)
def test_numbers_are_written_as_people_read_them(value: float, text: str) -> None:
    assert number_text(value) == text


def test_what_a_whole_number_loses_in_json_goes_as_text() -> None:
    rows = drawing(Table(("n",), ((2**53 - 1,), (2**53,), (-(10**5000),))))["rows"]
    assert rows == [[9007199254740991], ["9,007,199,254,740,992"], ["-1e+5000 (about)"]]


def test_parts_beyond_the_bound_are_counted() -> None:
    drawn: Any = drawing(List(tuple(Text("x") for _ in range(10_000))))
    assert len(drawn["items"]) == 500
    assert drawn["items"][-1]["text"] == "… and 9,501 more"


def test_a_component_larger_than_its_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 1024 KiB are shown"):
        drawing(List(tuple(Text("x" * 10_000) for _ in range(200))))


PICTURES = {
    "image/png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 60_000, 50_000),
    "image/gif": b"GIF89a" + struct.pack("<HH", 60_000, 50_000),
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc2\0\x11\x08" + struct.pack(">HH", 50_000, 60_000),
    "image/webp": b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0"
    + (59_999).to_bytes(3, "little")
    + (49_999).to_bytes(3, "little"),
}


@pytest.mark.parametrize("media_type", PICTURES)
def test_a_small_file_that_unfolds_to_a_huge_picture_is_refused(media_type: Any) -> None:
    with pytest.raises(ValueError, match="an image of 60,000 x 50,000 pixels; at most 16,777,216 are shown"):
        drawing(Image(PICTURES[media_type], media_type, "x"))


@given(some.sampled_from(list(PICTURES)), some.binary(max_size=60), some.integers(0, 40))
def test_a_damaged_picture_is_drawn_or_refused(media_type: Any, tail: bytes, kept: int) -> None:
    with contextlib.suppress(ValueError):
        assert drawing(Image(PICTURES[media_type][:kept] + tail, media_type, "x"))["kind"] == "image"


def test_what_comes_back_from_a_form_is_shown_whole() -> None:
    choices, text, lines = ("x" * 501, "y" * 2000), "z" * 2000, "line\n" * 4000
    fields = (
        Field("choice", "Choice", "choice", choices[1], choices=choices),
        Field("text", "Text", "text", text),
        Field("lines", "Lines", "multiline", lines),
    )
    drawn: Any = drawing(Form(fields, "send"))["fields"]
    assert drawn[0]["choices"] == list(choices)
    assert [one["value"] for one in drawn] == [choices[1], text, lines]


@pytest.mark.parametrize(
    ("component", "why"),
    [
        (Image(b"GIF89a", "image/png", "x"), "are not of image/png"),
        (Image(b"<html>", "text/html", "x"), "are not of text/html"),  # type: ignore[arg-type]  # a plugin may
        (Image(b"GIF89a" + b"\1\0\1\0", "image/gif", " "), "the alternative text is empty"),
        (Image(b"<svg><use href='#a'/></svg>", "image/svg+xml", "x"), "an SVG with <use is not shown"),
        (Image(b"<!DOCTYPE svg [<!ENTITY a '&b;'>]><svg/>", "image/svg+xml", "x"), "it can unfold without end"),
        (Image("<svg/>".encode("utf-16"), "image/svg+xml", "x"), "are not of image/svg"),
        (Image(b"GIF89a" + b"x" * 300_000, "image/gif", "x"), "at most 262144 are shown"),
        (Progress(1, 0), "the total is above 0"),
        (Progress(float("nan")), "has no place on a scale"),
        (Chart(("a",), (1, 2)), "1 labels for 2 values"),
        (Chart(("a",), (10**400,)), "too large to be drawn"),
        (Chart(tuple("x" * 2000), (1.0,) * 2000), "at most 1000 are shown"),
        (Table((), ()), "a table without columns"),
        (
            Button("Eat", "eat", (("much", float("nan")),)),
            "the button Eat carries much, which is not a number: no",
        ),
        (
            Button("Eat", "eat", (("much", float("-inf")),)),
            "the button Eat carries much, which is infinite: no page",
        ),
        (Button(" ", "press"), "the label of a button is empty"),
        (Form((Field("a", "A"), Field("a", "B")), "send"), "two fields of a form are called a"),
        (Form((Field("a", "A", "choice"),), "send"), "the field a offers no choices"),
        (Form((Field("a", "A", "choice", choices=("x" * 2001,)),), "send"), "a choice of the field a has 2,001"),
        (Form((Field("a", "A", "text", "x" * 2001),), "send"), "the value of the field a has 2,001 characters"),
        (Form((Field("a" * 201, "A"),), "send"), "the name of a field has 201 characters; at most 200"),
        (Form((Field("a", "A", "file"),), "send"), "unknown type file"),  # type: ignore[arg-type]  # a plugin may
    ],
)
def test_what_has_no_meaning_is_refused_with_a_sentence(component: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        drawing(component)
