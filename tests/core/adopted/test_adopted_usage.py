"""An adopted application counts what its plugins do, if it or its user says so, and the numbers outlast it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import clean_environment, script
from tests.support.wheels import WheelSource, unpack

pytestmark = pytest.mark.slow

PROGRAM = """
import os
import sys
import pluggy
from jackfield import PluginManager

class Specs:
    @pluggy.HookspecMarker("tool")
    def draw(self, place): ...

manager = PluginManager("tool", count="count" in sys.argv)
manager.add_hookspecs(Specs)
manager.load_setuptools_entrypoints("tool")
if "later" in sys.argv:
    manager.count()
for _ in range(3):
    manager.hook.draw(place="here")
try:
    manager.hook.draw(place="nowhere")
except ValueError:
    pass
if "fork" in sys.argv:
    if os.fork():
        os.wait()
    else:
        manager.hook.draw(place="in the child")
"""
PLUGIN = """
import pluggy

@pluggy.HookimplMarker("tool")
def draw(place):
    if place == "nowhere": raise ValueError(place)
    return place
"""


class Tool:
    """The application, run by a user of this environment."""

    def __init__(self, folder: Path) -> None:
        site = folder / "site"
        unpack(WheelSource("tool-x", files={"tool_x.py": PLUGIN}, entry_points={"tool": {"tool-x": "tool_x"}}), site)
        self.environment = clean_environment(JACKFIELD_HOME=str(folder / "home"), PYTHONPATH=str(site))

    def run(self, *words: str, **environment: str) -> None:
        command = [sys.executable, "-c", PROGRAM, *words]
        subprocess.run(command, env={**self.environment, **environment}, check=True, capture_output=True)

    def stats(self) -> list[dict[str, object]]:
        command = [script("jackfield"), "--app", "tool", "stats", "--json"]
        done = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True)
        plugins: list[dict[str, object]] = json.loads(done.stdout)["plugins"]
        return plugins


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    return Tool(tmp_path)


@pytest.mark.feature("C29", "C31")
def test_runs_that_count_are_added_up_for_stats(tool: Tool) -> None:
    tool.run("count")
    tool.run(JACKFIELD_COUNT="1")
    tool.run("later")
    (found,) = tool.stats()
    assert (found["plugin"], found["hooks"], found["errors"]) == ("tool-x", 12, 3)


@pytest.mark.feature("C29")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
def test_a_fork_tells_of_what_it_counted_itself(tool: Tool) -> None:
    tool.run("count", "fork")
    (found,) = tool.stats()
    assert (found["hooks"], found["errors"]) == (5, 1)


@pytest.mark.feature("U21")
@pytest.mark.parametrize("environment", [{}, {"JACKFIELD_COUNT": "0"}, {"JACKFIELD_COUNT": ""}])
def test_nothing_is_counted_unless_somebody_says_so(tool: Tool, environment: dict[str, str]) -> None:
    tool.run(**environment)
    assert tool.stats() == []
