"""The reference page of the sandbox, run as it is written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from jackfield.sandbox import Grade, grade_of, probe, sentences

PAGE = Path(__file__).parents[3] / "docs/reference/sandbox.md"


def test_the_example_tells_the_grade_and_holds():
    if grade_of(probe()) is Grade.PROCESS:
        pytest.skip("nothing is confined on this machine")
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    run = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, check=False)
    assert run.stdout.splitlines() == [*sentences(probe()), grade_of(probe()).value, "held"], run.stderr


def test_every_grade_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    assert [grade for grade in Grade if f"| `{grade.value}` |" not in text] == []


@pytest.mark.parametrize("forbidden", ["json", "socket", "subprocess", "asyncio", "httpx", "jackfield.api"])
def test_importing_it_is_light(forbidden):
    code = f"import sys, jackfield.sandbox; sys.exit({forbidden!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-S", "-c", code], check=False, env=_without_site()).returncode == 0


def _without_site() -> dict[str, str]:
    """The packages of this environment without what its `.pth` files import."""
    return {"PYTHONPATH": ":".join(path for path in sys.path if path)}
