"""docs/protocol.md tells what a host asks of a plugin as the code has it."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jackfield.api import Event
from jackfield.runtime import (
    CALLBACKS,
    CallbackAnswer,
    CommandData,
    Description,
    HookData,
    ListenerData,
    SourceData,
)

PAGE = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text(encoding="utf-8")
PART = PAGE.partition("## What a host asks of a plugin")[2].partition("\n## ")[0]
SERVING = Path(__file__).parents[3] / "core" / "framework" / "jackfield" / "worker"

RECORDS: dict[str, type[Any]] = {
    "Description": Description,
    "Hook": HookData,
    "Listener": ListenerData,
    "Command": CommandData,
    "Source": SourceData,
    "CallbackAnswer": CallbackAnswer,
}


@pytest.mark.parametrize(("name", "kind"), RECORDS.items(), ids=RECORDS)
def test_each_record_has_the_fields_of_the_code(name: str, kind: type[Any]) -> None:
    (row,) = re.findall(rf"^\| {name} \| (.*) \|$", PART, re.MULTILINE)
    told = {field: bool(optional) for field, optional in re.findall(r"(?:^|, |; )`(\w+)`(\?)? [a-z]", row)}
    assert told == {one.name: not one.required for one in msgspec.structs.fields(kind)}


def test_an_event_has_the_fields_of_the_code() -> None:
    (row,) = re.findall(r"^\| Event \| (.*) \|$", PART, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", row)) == {one.name for one in fields(Event)}


def test_every_method_of_a_plugins_life_has_its_row_and_every_callback_is_named() -> None:
    rows = set(re.findall(r"^\| `([a-z.<>]+)` \|", PART, re.MULTILINE))
    served = set(re.findall(r'handlers\.serve\("([a-z.]+)"', (SERVING / "serving.py").read_text(encoding="utf-8")))
    assert served - rows == set()
    assert rows - served == {"hook.<name>", "handler.command"}
    assert all(f"`{name}`" in PART for name in CALLBACKS)
