"""What goes between a context and its stub in another process, as data of one form for both sides.

Components and changes of storage are told apart by a word; what may be larger than a frame goes in parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from jackfield.api import (
    Button,
    Chart,
    Component,
    DataChange,
    Delete,
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

DEEPEST_COMPONENT = 16
MOST_COMPONENTS = 2000
"""In one tree of lists; a page with more is no page."""

MOST_CELLS = 20_000
"""In a table, a chart or a form: a host keeps what is shown, and a plugin shows many of them."""

PART_BYTES = 512 * 1024
"""What is larger goes in parts of this size, beside the frame that tells of it."""

_COMPONENTS = {one.__name__.lower(): one for one in (Text, Markdown, Table, Button, Form, Chart, Progress, Image)}
_CHANGES: dict[str, type[DataChange]] = {
    one.__name__.lower(): one for one in (Put, Forget, Insert, Update, Delete, Require)
}


class Whole(Struct, frozen=True, omit_defaults=True):
    """A value of any size. Who makes one has looked at what is in it, so that nobody does once more before it is sent.

    Args:
        value: it, where it fits into a frame.
        parcel: else the number under which its parts are fetched: its msgpack.
        size: of that, in bytes.
    """

    value: Any = None
    parcel: int | None = None
    size: int = 0
    fits_as_it_is: ClassVar[bool] = True


class Opening(Struct, frozen=True):
    """What the host answers when it has opened a file.

    Args:
        shown: its path, for errors.
        descriptor: the number under which its descriptor comes; None where none can.
        file: else the number under which the host keeps it open.
    """

    shown: str
    descriptor: int | None = None
    file: int | None = None


class Found(Struct, frozen=True):
    """A service that the host has found.

    Args:
        service: the number under which its methods are called.
        plugin: who offers it.
        name: what it is called.
    """

    service: int
    plugin: str
    name: str


def component_to_data(component: object) -> dict[str, Any]:
    """Return a component as data; for what is none, its type's name, so that the host can say so."""
    if isinstance(component, List):
        items = [component_to_data(one) for one in component.items]
        return {"type": "list", "items": items, "ordered": component.ordered}
    name = type(component).__name__
    if _COMPONENTS.get(name.lower()) is not type(component):
        return {"type": f"no {name}"}
    fields: dict[str, Any] = msgspec.to_builtins(component, builtin_types=(bytes,))
    return {**fields, "type": name.lower()}


def component_from_data(data: Mapping[str, Any]) -> Component:
    """Return the component that data tell of, or an object that is none where they tell of none.

    Raises:
        TypeError: a part of it is of a wrong type, or there is more than a page can show.
    """
    return _component(data, DEEPEST_COMPONENT, [MOST_COMPONENTS])


def _component(data: Any, deeper: int, left: list[int]) -> Component:
    left[0] -= 1
    if not deeper or left[0] < 0:
        raise TypeError(f"a component holds at most {MOST_COMPONENTS} others, {DEEPEST_COMPONENT} deep")
    kind = data.get("type") if isinstance(data, Mapping) else None
    if kind == "list" and isinstance(items := data.get("items"), list | tuple):
        return List(tuple(_component(one, deeper - 1, left) for one in items), data.get("ordered") is True)
    if isinstance(kind, str) and kind in _COMPONENTS:
        fields = {name: value for name, value in data.items() if name != "type"}
        if sum(_cells(value) for value in fields.values()) > MOST_CELLS:
            raise TypeError(f"a {kind} holds at most {MOST_CELLS} values")
        try:
            kept: type[Any] = _COMPONENTS[kind]
            made: Component = msgspec.convert(fields, kept)
        except msgspec.MsgspecError as error:
            raise TypeError(f"what was drawn is no {kind}: {error}") from None
        return made
    shown = kind.removeprefix("no ")[:80] if isinstance(kind, str) else type(data).__name__
    odd: Any = type(_named(shown), (), {})
    nothing: Component = odd()  # what draws it says that it is none, by the name of its type
    return nothing


def _cells(value: object) -> int:
    """How many values a field holds: rows, and what stands in them."""
    if not isinstance(value, list | tuple):
        return 1
    return len(value) + sum(len(one) for one in value if isinstance(one, list | tuple | dict))


def _named(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode().replace("\0", "") or "nothing"


def change_to_data(change: DataChange) -> dict[str, Any]:
    """Return a change of storage as data.

    Raises:
        UsageError: it is none.
    """
    name = type(change).__name__.lower()
    if _CHANGES.get(name) is not type(change):
        raise UsageError(f"{change!r} is no change of storage: Put, Forget, Insert, Update, Delete or Require")
    return {**{field: getattr(change, field) for field in type(change).__dataclass_fields__}, "change": name}


def change_from_data(data: Mapping[str, Any]) -> DataChange:
    """Return the change that data tell of.

    Raises:
        UsageError: they tell of none.
    """
    kind = data.get("change")
    made = _CHANGES.get(kind) if isinstance(kind, str) else None
    if made is None:
        raise UsageError(f"there is no change of storage called {str(kind)[:40]!r}")
    fields = {name: value for name, value in data.items() if name != "change"}
    known = set(made.__dataclass_fields__)
    try:
        return made(**{name: value for name, value in fields.items() if name in known})
    except TypeError as error:
        raise UsageError(f"{kind} lacks something: {error}") from None
