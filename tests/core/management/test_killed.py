"""A real installer process, killed at each named step: the whole old or the whole new set, then it goes on."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from jackfield.management import Management
from jackfield.store import Layout

from tests.support import steps
from tests.support.processes import clean_environment
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow

INSTALLER = """
import asyncio, os, signal, sys
from pathlib import Path
from jackfield.management import Management
from jackfield.store import Layout

root, wheel, victim = sys.argv[1:]

def progress(step, *_):
    print(step, flush=True)
    if step == victim:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    management = Management("chat", Layout(Path(root)), [])
    plan = await management.plan_install([wheel])
    await management.apply(plan, accept_permissions=True, by="installer", progress=progress)

asyncio.run(main())
"""

STEPS = ["downloaded", *steps.STEPS]
POINTER = STEPS.index("pointer-replaced")


def run_installer(root: Path, wheel: Path, victim: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", INSTALLER, str(root), str(wheel), victim]
    return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False)


async def install(management: Management, wheel: Path) -> None:
    plan = await management.plan_install([str(wheel)])
    await management.apply(plan, accept_permissions=True, by="tester")


async def test_the_steps_are_these(tmp_path):
    done = run_installer(tmp_path / "profile", build_plugin(tmp_path, "poll"), "none")
    assert done.stdout.split() == STEPS, done.stderr


def test_the_table_of_steps_is_of_these():
    """In docs/reference/store.md, with what each leaves behind; but for the one of a damaged file, which is mended."""
    text = (Path(__file__).parents[3] / "docs/reference/store.md").read_text().partition("## Steps of a change")[2]
    rows = [line.split("|") for line in text.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    told = [(step, row[3]) for row in rows for step in re.findall("`(.*?)`", row[1]) if step != "wheel-mended"]
    assert [step for step, _ in told] == steps.STEPS
    for number, (_, crash) in enumerate(told):
        assert ("new set" in crash) == (number >= steps.STEPS.index("pointer-replaced"))


@pytest.mark.parametrize("step", STEPS)
async def test_killed_at(step, tmp_path):
    layout = Layout(tmp_path / "profile")
    management = Management("chat", layout, [])
    await install(management, build_plugin(tmp_path / "w", "poll", "1.0.0"))
    state = management.state.items()

    killed = run_installer(layout.root, build_plugin(tmp_path / "w", "poll", "2.0.0"), step)
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    after = STEPS.index(step) >= POINTER
    found = Management("chat", layout, [])
    assert [row.version for row in found.list()] == (["2.0.0"] if after else ["1.0.0"])
    assert found.store.active().missing() == ()
    found.settle()
    assert found.store.settled()
    assert (found.state.items() == state) is not after
    assert found.state.get("grants/poll")["version"] == ("2.0.0" if after else "1.0.0")

    await install(found, build_plugin(tmp_path / "w", "dice"))
    assert [row.id for row in found.list()] == ["dice", "poll"]
    assert not layout.unfinished.exists()
    assert not list(layout.root.glob("current.*"))
    await found.rollback(by="tester")
    if after:
        await found.rollback(by="tester")
    assert [(row.id, row.version) for row in found.list()] == [("poll", "1.0.0")]
    assert found.state.items() == state
