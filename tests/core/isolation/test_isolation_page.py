"""What the page of isolation says of limits is what is in force."""

from pathlib import Path

import pytest
from jackfield.isolation import WorkerLimits, limits_in_force
from jackfield.isolation.circuit import MOST_ENDS, OPEN_SECONDS
from jackfield.isolation.supervisor import LOOK_SECONDS
from jackfield.manifest import LIMIT, LIMITS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "isolation.md"


@pytest.mark.feature("C26", "C27")
def test_every_limit_is_on_the_page_with_its_default() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for one in LIMITS:
        assert [line for line in lines if line.startswith(f"| `{one.name}` | {one.shown(one.default)} | ")], one.name


def test_the_command_on_the_page_changes_what_it_says() -> None:
    (command,) = [
        line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("$ jackfield limits")
    ]
    said = dict(word.split("=") for word in command.split() if "=" in word)
    held = limits_in_force({}, {name: LIMIT[name].read(value) for name, value in said.items()})
    assert held == WorkerLimits(memory_bytes=80 << 20, call_seconds=2.0)


def test_the_numbers_of_the_text_are_those_of_the_code() -> None:
    assert (LOOK_SECONDS, MOST_ENDS, OPEN_SECONDS) == (0.25, 5, 300.0)
