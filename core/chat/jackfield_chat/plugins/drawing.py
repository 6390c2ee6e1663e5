"""Components as the page receives them: plain JSON with a `kind`, bounded in every direction.

A plugin may hand over anything. Too much of something is cut and said to be cut; what has no meaning (a picture that is
none, a share of nothing) is an error, which the page shows in the component's own box. Characters that nobody sees and
a page obeys, such as those that turn the order of text round, are written out; what comes back to the plugin has none.
"""

import json
import math
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Literal

from jackfield.api import (
    Button,
    Cell,
    Chart,
    Component,
    Field,
    Form,
    Image,
    List,
    Markdown,
    Progress,
    Table,
    Text,
)
from jackfield.permissions import hidden_character, shown_text

from jackfield_chat.plugins.charts import chart_svg, finite
from jackfield_chat.plugins.images import image_source

Drawing = dict[str, object]

LARGEST_BYTES = 1024 * 1024  # one component as JSON, with its pictures
LONGEST_TEXT = 10_000  # characters of a paragraph or of Markdown
LONGEST_LABEL = 200  # characters of a label, a heading or an action
LONGEST_CELL = 500
LONGEST_FIELD = 2_000  # characters of a value in a form, as many as come back; ten times as many in several lines
MOST_ROWS = 200
MOST_COLUMNS = 30
MOST_VALUES = 1000  # of a chart
MOST_FIELDS = 50
MOST_CHOICES = 200
MOST_PARTS = 500  # components in one component
DEEPEST = 8  # lists in lists, before the rest is left out
LARGEST_WHOLE = 2**53 - 1  # beyond it, JSON's readers round (RFC 8259, 6)

_FIELD_TYPES = ("text", "multiline", "integer", "float", "boolean", "choice")


def drawing(component: Component) -> Drawing:
    """Return a component, and what is in it, as JSON.

    Raises:
        ValueError: something in it has no meaning, or the whole is larger than 1 MiB.
        TypeError: something in it is no component, or no number where one is needed.
    """
    drawn = _Drawer().draw(component)
    size = len(json.dumps(drawn, allow_nan=False))
    if size > LARGEST_BYTES:
        raise ValueError(f"{size // 1024} KiB; at most {LARGEST_BYTES // 1024} KiB are shown")
    return drawn


class _Drawer:
    """Draws one component, and counts what is in it."""

    def __init__(self) -> None:
        self._parts = 0

    def draw(self, component: Component, depth: int = 0) -> Drawing:
        self._parts += 1
        match component:
            case Text(text) | Markdown(text):
                kind = "text" if isinstance(component, Text) else "markdown"
                return {"kind": kind, "text": _cut(text, LONGEST_TEXT, lines=True)}
            case List(items, ordered):
                return self._list(items, bool(ordered), depth)
            case Table(columns, rows):
                return _table(columns, rows)
            case Button(label, action, values, style):
                return {
                    "kind": "button",
                    "label": _label(label, "the label of a button"),
                    "action": str(action),
                    "values": {str(name): _carried(value, str(name), label) for name, value in values},
                    "style": style if style in ("primary", "danger") else "normal",
                }
            case Form():
                return _form(component)
            case Chart():
                return _chart(component)
            case Progress(value, total, label):
                return _progress(finite(value, "a progress"), finite(total, "the total of a progress"), str(label))
            case Image():
                return _image(component)
        raise TypeError(f"{type(component).__name__} is no component")

    def _list(self, items: Sequence[Component], ordered: bool, depth: int) -> Drawing:
        if depth >= DEEPEST:
            return {"kind": "text", "text": "…"}
        drawn: list[Drawing] = []
        for index, item in enumerate(items):
            if self._parts >= MOST_PARTS:
                drawn.append({"kind": "text", "text": f"… and {len(items) - index:,} more"})
                break
            drawn.append(self.draw(item, depth + 1))
        return {"kind": "list", "ordered": ordered, "items": drawn}


def _table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Drawing:
    width = len(columns)
    if not width:
        raise ValueError("a table without columns")
    drawn = []
    for number, row in enumerate(islice(rows, MOST_ROWS), 1):
        if len(row) != width:
            raise ValueError(f"row {number} of a table has {len(row)} cells for {width} columns")
        drawn.append([_cell(value) for value in row[:MOST_COLUMNS]])
    titles = [_cut(title, LONGEST_LABEL) for title in columns[:MOST_COLUMNS]]
    left_out = {"rows": max(0, len(rows) - MOST_ROWS), "columns": max(0, width - MOST_COLUMNS)}
    return {"kind": "table", "columns": titles, "rows": drawn, "left_out": left_out}


def _cell(value: Cell) -> Cell:
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) <= LARGEST_WHOLE else _whole_text(value)
        case float():
            # JSON has no word for these (RFC 8259, 6), and one of them is no reason to show no table at all.
            return value if math.isfinite(value) else {"nan": "not a number", "inf": "∞", "-inf": "-∞"}[str(value)]
    return _cut(value, LONGEST_CELL, lines=True)


def _carried(value: Cell, name: str, label: str) -> Cell:
    """Return a value that a button carries: a page sends it back, which tells which button was pressed."""
    if isinstance(value, float) and not math.isfinite(value):
        word = "not a number" if math.isnan(value) else "infinite"
        raise ValueError(
            f"the button {_cut(label, LONGEST_LABEL)} carries {_cut(name, LONGEST_LABEL)}, which is {word}: no page "
            "can send that back; carry a text, or nothing"
        )
    return value


def _whole_text(value: int) -> str:
    digits = int(value.bit_length() * math.log10(2))
    return f"{value:,}" if digits <= 60 else f"{'-' if value < 0 else ''}1e+{digits} (about)"


def _chart(chart: Chart) -> Drawing:
    labels, values = list(chart.labels), list(chart.values)
    if len(labels) != len(values):
        raise ValueError(f"a chart has {len(labels)} labels for {len(values)} values")
    if len(values) > MOST_VALUES:
        raise ValueError(f"a chart of {len(values)} values; at most {MOST_VALUES} are shown")
    labels = [_cut(label, LONGEST_LABEL) for label in labels]
    numbers = [finite(value, f"the value of {label}") for label, value in zip(labels, values, strict=True)]
    unit = _cut(chart.unit, LONGEST_LABEL)
    shape: Literal["bar", "line"] = "line" if chart.kind == "line" else "bar"
    svg = chart_svg(labels, numbers, shape, unit)
    return {"kind": "chart", "labels": labels, "values": numbers, "shape": shape, "unit": unit, "svg": svg}


def _progress(value: float, total: float, label: str) -> Drawing:
    if total <= 0:
        raise ValueError(f"a progress out of {total:g}; the total is above 0")
    share = min(1.0, max(0.0, value / total))
    return {"kind": "progress", "value": value, "total": total, "share": share, "label": _cut(label, LONGEST_LABEL)}


def _image(image: Image) -> Drawing:
    source = image_source(bytes(image.data), str(image.media_type))
    return {"kind": "image", "source": source, "alternative": _label(image.alternative, "the alternative text")}


def _form(form: Form) -> Drawing:
    if len(form.fields) > MOST_FIELDS:
        raise ValueError(f"a form of {len(form.fields)} fields; at most {MOST_FIELDS} are shown")
    fields = [_field(field) for field in form.fields]
    twice = _twice(str(field["name"]) for field in fields)
    if twice:
        raise ValueError(f"two fields of a form are called {twice}")
    submit = _label(form.submit, "the button of a form")
    return {"kind": "form", "fields": fields, "action": str(form.action), "submit": submit}


def _field(field: Field) -> Drawing:
    if field.type not in _FIELD_TYPES:
        raise ValueError(f"the field {field.name} is of the unknown type {field.type}")
    if len(field.choices) > MOST_CHOICES:
        raise ValueError(f"the field {field.name} has {len(field.choices)} choices; at most {MOST_CHOICES} are shown")
    if field.type == "choice" and not field.choices:
        raise ValueError(f"the field {field.name} offers no choices")
    value = field.value if isinstance(field.value, str) else _cell(field.value)
    # What comes back is held against these: cut, a choice would be no choice any more and a value would be spoilt.
    longest = LONGEST_FIELD * (10 if field.type == "multiline" else 1)
    for what, text, most in (
        ("the name of a field", str(field.name), LONGEST_LABEL),
        (f"the value of the field {field.name}", str(value), longest),  # who typed it may see it again as it was
        *((f"a choice of the field {field.name}", str(choice), LONGEST_FIELD) for choice in field.choices),
    ):
        if len(text) > most:
            raise ValueError(f"{what[:LONGEST_LABEL]} has {len(text):,} characters; at most {most:,} are shown")
        if text is not value and (hidden := hidden_character(text)):
            raise ValueError(f"{_cut(what, LONGEST_LABEL)} holds the hidden character {hidden}")
    return {
        "name": _label(field.name, "the name of a field"),
        "label": _label(field.label, f"the label of {field.name}"),
        "type": field.type,
        "value": value,
        "choices": [str(choice) for choice in field.choices],
        "required": bool(field.required),
    }


def _twice(names: Iterable[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""


def _label(text: object, what: str) -> str:
    label = _cut(text, LONGEST_LABEL)
    if not label.strip():
        raise ValueError(f"{what} is empty")
    return label


def _cut(text: object, longest: int, *, lines: bool = False) -> str:
    whole = shown_text(str(text)[: longest + 1], lines=lines)
    return whole if len(whole) <= longest else f"{whole[: longest - 1]}…"
