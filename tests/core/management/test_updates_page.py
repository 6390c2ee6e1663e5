"""docs/reference/updates.md says what holds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jackfield.management import MODES
from jackfield.management.rollout import has_reached, place_of

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "updates.md").read_text(encoding="utf-8")


def test_the_formula_on_the_page_is_the_one_that_decides():
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (printed,) = re.findall(r"```\n(\d+ .*?)```", PAGE, re.DOTALL)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == printed
    written: dict[str, Any] = {}
    exec(program, written)  # the page's own words
    for number in range(300):
        drawn = f"{number:032x}"
        place = written["place_of"](drawn, "chat-poll", "2.0.0")
        assert place == place_of(drawn, "chat-poll", "2.0.0")
        assert all(written["has_reached"](share, place) == has_reached(share, place) for share in range(101))


@pytest.mark.parametrize("mode", MODES)
def test_every_policy_is_on_the_page(mode):
    assert f"| `{mode}` |" in PAGE
