"""docs/threat-model.md: each threat leads to a test, and what it names of attacks is what is tried."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from jackfield.host.facets import events, own_threads
from jackfield.host.remote.facets import turns
from jackfield.isolation import LED_TO_SECONDS, WorkerLimits
from jackfield.rpc.loop import patience
from jackfield.storage import database, tables
from jackfield.store import compiling
from jackfield_chat.plugins import panel
from jackfield_chat.rooms import board

from tests.scenarios.attacks.protocol_attacks import AT_LOAD, EXPECTED, MOST_BYTES, MOST_HELD_SECONDS

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


MIB = 1 << 20


@pytest.mark.parametrize(
    ("words", "bounds", "said"),
    [
        (
            "five seconds a call, 32 MiB an answer, half a processor",
            (database.MOST_SECONDS, tables.MOST_ANSWER_BYTES, own_threads.SHARE),
            (5, 32 * MIB, 0.5),
        ),
        ("2 MiB for each plugin, told by size", (panel.LARGEST_PLUGIN_BYTES,), (2 * MIB,)),
        ("five seconds for one event", (events.MOST_SECONDS,), (5,)),
        ("eight are at its process, the others wait", (turns.AT_ONCE,), (8,)),
        ("fifty a second are kept", (board.POSTS_PER_SECOND,), (50,)),
        (
            "one has a quarter of the loop's time, all together half",
            (patience.LINK_RESTS, patience.LOOP_RESTS),
            (3, 1),  # so long it rests for each part of time that it had
        ),
        ("512 MiB and five seconds a file", (compiling.MEMORY_BYTES, compiling.SECONDS_A_FILE), (512 * MIB, 5)),
        (
            "no more than 64 MiB and its loop stands still for no more than 2 s",
            (MOST_BYTES, MOST_HELD_SECONDS),
            (64 * MIB, 2),
        ),
        ("for a minute and five\n  seconds at most", (LED_TO_SECONDS, WorkerLimits().call_seconds), (60, 5)),
    ],
    ids=lambda value: value[:40].replace("\n  ", " ") if isinstance(value, str) else None,
)
def test_the_bounds_that_it_names_are_those_that_are_held(words, bounds, said):
    assert words in TEXT
    assert bounds == said
