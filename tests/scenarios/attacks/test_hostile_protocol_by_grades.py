"""Every attack on the protocol again, in each grade, as root and as an ordinary user; `pytest -s` prints the table."""

from __future__ import annotations

import os
import re
import sys

import pytest
from jackfield.sandbox import Grade, grade_of, probe

from tests.scenarios.attacks.protocol_attacks import (
    AT_LOAD,
    EXPECTED,
    MEBIBYTE,
    MOST_BYTES,
    MOST_HELD_SECONDS,
)
from tests.scenarios.attacks.protocol_by_grades import SHORT_CALL_SECONDS, Cell, Told, told_in
from tests.scenarios.attacks.trial import USERS
from tests.support.workers import usable_interpreter

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(grade_of(probe()) is not Grade.FULL, reason="this machine does not give every grade"),
    pytest.mark.skipif(usable_interpreter() is None, reason="no interpreter here can be run by an ordinary user"),
]

CELLS: list[Cell] = [(grade.value, user) for grade in (Grade.PROCESS, Grade.BASE, Grade.FULL) for user in USERS]

MOST_DESCRIPTORS = 8
"""That a host may have more after an attack than before, for what it opened for itself; an attack sends 20."""


def test_every_attack_on_the_protocol_is_held_in_every_grade_and_as_every_user():
    told = told_in(CELLS)
    _print(told)
    assert [cell for cell, found in told.items() if set(found) != {*EXPECTED, *AT_LOAD}] == []
    wrong = {
        (name, *cell): said
        for cell, found in told.items()
        for name, one in found.items()
        if (said := _wrong(name, one, cell))
    }
    assert wrong == {}


def _wrong(name: str, told: Told, cell: Cell) -> str:
    """Say what is wrong with what came of an attack; nothing if nothing is."""
    grade, user = cell
    uid = USERS[user]
    problems = {
        f"it ran in {told.grade}": told.grade != grade,
        f"it was user {told.user}": told.user != (os.geteuid() if uid is None else uid),
        f"the other plugin was blamed {told.errors_of_another} times": told.errors_of_another,
        f"{told.descriptors_left} descriptors are left": told.descriptors_left > MOST_DESCRIPTORS,
        f"the host grew by {told.cost.memory_bytes / MEBIBYTE:.0f} MiB": told.cost.memory_bytes >= MOST_BYTES,
        f"its loop stood still for {told.cost.held_seconds:.1f} s": told.cost.held_seconds >= MOST_HELD_SECONDS,
        "the other plugin did not go on": told.cost.pings < (1 if name in AT_LOAD else 3),
        f"it came to {told.problem or told.answers!r}": not _as_expected(name, told),
    }
    return "; ".join(said for said, is_so in problems.items() if is_so)


def _as_expected(name: str, told: Told) -> bool:
    if name in AT_LOAD:
        return AT_LOAD[name] in told.problem
    expected = EXPECTED[name]
    pattern = expected.told.replace("within 5 s", f"within {SHORT_CALL_SECONDS:g} s")
    if pattern:
        return re.match(pattern, told.problem) is not None
    return not told.problem and re.search(expected.answered, told.answers) is not None


def _print(told: dict[Cell, dict[str, Told]]) -> None:
    """Print what each attack came to, by how much the host grew, and for how long its loop did nothing else."""
    heads = [f"{grade} ({user})" for grade, user in told]
    lines = [" | ".join(["attack".ljust(34), *(head.ljust(23) for head in heads)])]
    for name in (*EXPECTED, *AT_LOAD):
        cells = [_cell(name, found[name]) for found in told.values() if name in found]
        lines.append(" | ".join([name.ljust(34), *(cell.ljust(23) for cell in cells)]))
    sys.stdout.write("\n" + "\n".join(lines) + "\n")


def _cell(name: str, told: Told) -> str:
    word = "refused" if name in AT_LOAD else "stopped" if told.problem else "goes on"
    return f"{word} {told.cost.memory_bytes / MEBIBYTE:4.1f} MiB {told.cost.held_seconds * 1000:4.0f} ms"
