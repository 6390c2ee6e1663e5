"""docs/threat-model.md: each threat leads to a test, and what it names of attacks is what is tried."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.scenarios.attacks.protocol_attacks import AT_LOAD, EXPECTED

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/threat-model.md"
TEXT = PAGE.read_text(encoding="utf-8")
LINK = re.compile(r"\]\((\.\./tests/[^)#]+)\)")


def rows(head: str) -> list[str]:
    """The rows of every table with this head."""
    found, taking = [], False
    for line in TEXT.splitlines():
        taking = line == head or (taking and line.startswith("|"))
        if taking and line != head and not line.startswith("|---"):
            found.append(line)
    return found


@pytest.mark.parametrize("row", rows("| threat | test |"), ids=lambda row: row.split("|")[1].strip()[:60])
def test_a_threat_leads_to_tests(row):
    linked = [(PAGE.parent / link).resolve() for link in LINK.findall(row)]
    assert linked, "it links to no test, and so belongs under what is not held"
    for file in linked:
        names = {node.name for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.FunctionDef)}
        names |= {
            node.name for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.AsyncFunctionDef)
        }
        assert any(name.startswith("test_") for name in names), f"{file.name} tests nothing"


def test_there_are_threats_to_look_at():
    assert len(rows("| threat | test |")) > 40


def test_the_attacks_on_the_protocol_that_it_names_are_those_that_are_tried():
    named = {
        name for row in rows("| attacks | what comes of it |") for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert named == {*EXPECTED, *AT_LOAD}
