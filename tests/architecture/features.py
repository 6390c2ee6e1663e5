"""What each row of the feature checklist stands on: `python -m tests.architecture.features [--open] [--json]`.

A row *works* where a test carries its ID, is *open* where a piece of work that is at hand owes it and no test does, and
is *later* where the piece that owes it has not begun. Tests are read, not run: `make test` runs them.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHECKLIST = Path(__file__).with_name("features.toml")
PLACES = ("tests", "plugins-contrib")
_SHOWN_TESTS = 2


@dataclass(frozen=True, slots=True)
class Feature:
    """One row of the checklist.

    Args:
        id: letter and number, as tests carry it.
        state: `works`, `open`, `later` or `fact`.
        text: what is promised.
        pieces: the pieces of work that owe it, in their own words.
        tests: `path::name` of each test that carries the ID.
    """

    id: str
    state: str
    text: str
    pieces: tuple[str, ...]
    tests: tuple[str, ...]


def features(root: Path = ROOT, checklist: Path = CHECKLIST) -> list[Feature]:
    """Read the checklist and the tests.

    Raises:
        ValueError: a test carries an ID that the checklist does not have.
    """
    listed = tomllib.loads(checklist.read_text(encoding="utf-8"))
    marked = marks(root)
    unknown = sorted(set(marked) - set(listed["rows"]))
    if unknown:
        raise ValueError(f"{unknown[0]} of {marked[unknown[0]][0]} is no row of the checklist")
    found = []
    for name, row in listed["rows"].items():
        pieces = [listed["pieces"][piece] for piece in row["pieces"]]
        tests = tuple(sorted(marked.get(name, ())))
        state = _state(row["pieces"], pieces, tests)
        found.append(Feature(name, state, row["text"], tuple(piece["title"] for piece in pieces), tests))
    return found


def _state(names: list[str], pieces: list[Mapping[str, object]], tests: tuple[str, ...]) -> str:
    if names == ["fact"]:
        return "fact"
    if tests:
        return "works"
    return "later" if all(piece.get("later", False) for piece in pieces) else "open"


def marks(root: Path = ROOT) -> dict[str, list[str]]:
    """Return ID -> the tests that carry it, from the decorators, `pytestmark` and classes of every test file."""
    found: dict[str, list[str]] = {}
    for place in PLACES:
        for path in sorted((root / place).rglob("test_*.py")):
            for name, test in _marks_of(ast.parse(path.read_bytes())):
                found.setdefault(name, []).append(f"{path.relative_to(root)}::{test}" if test else str(path))
    return found


def _marks_of(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (ID, name of the test); the marks of a class and of the file count for each test in it."""
    whole = [
        name
        for node in module.body
        if isinstance(node, ast.Assign)
        and any(isinstance(to, ast.Name) and to.id == "pytestmark" for to in node.targets)
        for name in _ids(node.value)
    ]
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            own = [name for decorator in node.decorator_list for name in _ids(decorator)]
            for test in node.body:
                yield from _of_test(test, [*whole, *own], f"{node.name}::")
        else:
            yield from _of_test(node, whole, "")


def _of_test(node: ast.stmt, inherited: list[str], prefix: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
        own = [name for decorator in node.decorator_list for name in _ids(decorator)]
        yield from ((name, prefix + node.name) for name in dict.fromkeys([*inherited, *own]))


def _ids(expression: ast.expr) -> Iterator[str]:
    """The IDs in `pytest.mark.feature("M24", …)`, wherever it stands in an expression."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "feature":
            yield from (one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str))


def table(found: list[Feature]) -> str:
    """Lay the rows out, one line each, with a count of the states at the end."""
    lines = []
    for feature in found:
        tests = ", ".join(feature.tests[:_SHOWN_TESTS])
        more = f" and {len(feature.tests) - _SHOWN_TESTS} more" if len(feature.tests) > _SHOWN_TESTS else ""
        owed = "" if feature.tests else f"[{' and '.join(feature.pieces)}] "
        lines.append(f"{feature.id:<4} {feature.state:<6} {owed}{tests}{more}".rstrip())
    states = [feature.state for feature in found]
    counts = ", ".join(f"{states.count(state)} {state}" for state in ("works", "open", "later", "fact"))
    return "\n".join([*lines, f"{len(found)} rows: {counts}"])


def main() -> int:
    """Print the report; 1 where a row is open."""
    parser = argparse.ArgumentParser(prog="python -m tests.architecture.features", description=__doc__)
    parser.add_argument("--open", action="store_true", help="only the rows that are open")
    parser.add_argument("--json", action="store_true", help="as JSON, with the text of each row")
    options = parser.parse_args()
    found = features()
    shown = [feature for feature in found if feature.state == "open"] if options.open else found
    print(json.dumps([asdict(feature) for feature in shown], indent=2) if options.json else table(shown))
    return 1 if any(feature.state == "open" for feature in found) else 0


if __name__ == "__main__":
    sys.exit(main())
