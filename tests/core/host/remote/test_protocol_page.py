"""docs/protocol.md lists every method of a context, as the code serves it."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jackfield.api import (
    Button,
    Chart,
    Delete,
    Field,
    FileEntry,
    Forget,
    Form,
    Image,
    Insert,
    List,
    Markdown,
    MenuItem,
    PluginInfo,
    Progress,
    Put,
    Require,
    Table,
    Text,
    Update,
)
from jackfield.rpc import Served
from jackfield.runtime import Found, FunctionData, NodeData, Opening, Whole

RECORDS: list[type[Any]] = [
    *(Found, Opening, PluginInfo, FileEntry, MenuItem),
    *(Text, Markdown, Table, List, Button, Form, Field, Chart, Progress, Image),
    *(Put, Forget, Insert, Update, Delete, Require),
]

PAGE = Path(__file__).parents[4] / "docs" / "protocol.md"

WORDS: dict[object, str] = {
    str: "text",
    int: "number",
    float: "float",
    bool: "bool",
    bytes: "bytes",
    Any: "anything",
    None: "nil",
    type(None): "nil",
    Whole: "any size",
    FileEntry: "FileEntry",
    MenuItem: "MenuItem",
    PluginInfo: "PluginInfo",
    Found: "Found",
    Opening: "Opening",
    FunctionData: "function",
    NodeData: "node",
}


def word(annotation: Any) -> str:
    if annotation in WORDS:
        return WORDS[annotation]
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(word(one) for one in inner)
    if origin is list:
        return f"list of {word(inner[0])}"
    if origin is tuple:
        return f"({', '.join(word(one) for one in inner)})"
    if origin is dict:
        return f"map of {word(inner[1])}"
    raise AssertionError(f"the page has no word for {annotation}")


def row(name: str, served: Served) -> str:
    signature = inspect.signature(served.function, eval_str=True)
    arguments = ", ".join(
        f"`{one.name}`{'' if one.default is one.empty else '?'} {word(one.annotation)}"
        for one in signature.parameters.values()
    )
    text = " ".join((inspect.getdoc(served.function) or "").split()).replace("|", "or")
    return f"| `{name}` | {arguments} | {word(signature.return_annotation)} | {text} |"


def rows(served: Mapping[str, Served]) -> list[str]:
    return [row(name, one) for name, one in served.items()]


@pytest.mark.feature("C28")
async def test_the_page_has_a_row_for_each_method_and_no_other(hostile):
    side, _ = hostile
    text = PAGE.read_text(encoding="utf-8")
    _, _, section = text.partition("## What a plugin asks of its context\n")
    section, _, _ = section.partition("\n## ")
    table = [line for line in section.splitlines() if line.startswith("| `")]
    assert table == rows(side.served)


@pytest.mark.feature("C28")
@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_each_record_of_a_context_has_the_fields_of_the_code(kind: type[Any]) -> None:
    _, _, section = PAGE.read_text(encoding="utf-8").partition("### Records\n")
    (row,) = re.findall(rf"^\| {kind.__name__} \| (.*) \|$", section, re.MULTILINE)
    told = {name: bool(optional) for name, optional in re.findall(r"(?:^|, )`(\w+)`(\?)? [a-z]", row)}
    needed = [one.name for one in inspect.signature(kind).parameters.values() if one.default is one.empty]
    assert told == {name: name not in needed for name in inspect.signature(kind).parameters}
