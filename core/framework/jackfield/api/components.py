"""What a plugin shows: components as plain data, drawn by each front end in its own way.

They hold only text, numbers and each other, so that they cross to another process and to any front end unchanged. A
front end escapes every text; only `Markdown` is rendered, and sanitised.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Cell: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph of plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Markdown:
    """Text in CommonMark; raw HTML in it is shown, not obeyed."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column titles; every row has as many cells as there are columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class List:
    """Components one below the other."""

    items: "tuple[Component, ...]"
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Button:
    """A button; pressing it calls the component's `on_action` with `action` and `values`."""

    label: str
    action: str
    values: tuple[tuple[str, Cell], ...] = ()
    style: Literal["normal", "primary", "danger"] = "normal"


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a form.

    Args:
        name: the key under which `on_action` finds the value.
        label: what stands beside it.
        type: how it is entered; `choice` offers `choices`.
        value: what it holds at first.
        required: whether it may stay empty.
    """

    name: str
    label: str
    type: Literal["text", "multiline", "integer", "float", "boolean", "choice"] = "text"
    value: Cell = None
    choices: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """Fields and a button; sending it calls `on_action` with the values by field name, each in its field's type.

    `on_action` refuses values with `jackfield.errors.WrongValues({name: why})`, which is shown at the fields.
    """

    fields: tuple[Field, ...]
    action: str
    submit: str = "Send"


@dataclass(frozen=True, slots=True)
class Chart:
    """Numbers as bars or a line, one value for each label; a front end without graphics shows a table."""

    labels: tuple[str, ...]
    values: tuple[float, ...]
    kind: Literal["bar", "line"] = "bar"
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something is, from 0 to `total`."""

    value: float
    total: float = 1.0
    label: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture, carried along: nothing is fetched. `data` is at most 256 KiB; `alternative` says what it shows."""

    data: bytes
    media_type: Literal["image/png", "image/jpeg", "image/svg+xml", "image/gif", "image/webp"]
    alternative: str


Component: TypeAlias = Text | Markdown | Table | List | Button | Form | Chart | Progress | Image


@dataclass(frozen=True, slots=True)
class MenuItem:
    """An entry of a menu.

    Args:
        id: unique among the plugin's items.
        label: what the user reads.
        position: which menu, in the host's words.
    """

    id: str
    label: str
    position: str = "main"
