"""The attacks on the protocol, made upon a host of one user whose workers reach one grade.

A program: it prints as JSON what came of each. So the memory of its process is that of its host alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jackfield.errors import PluginError
from jackfield.host.remote import workers
from jackfield.isolation import Child, WorkerSpec, Zygote
from jackfield.permissions import Choice
from jackfield.sandbox import Grade
from jackfield.storage import State

from tests.scenarios.attacks.hostile_host import Cost, Stage, descriptors, hostile_wheel, nothing_left, staged
from tests.scenarios.attacks.protocol_attacks import AT_LOAD, EXPECTED, LATE
from tests.scenarios.attacks.trial import USERS
from tests.support.waiting import until
from tests.support.workers import usable_interpreter

SETTLE_SECONDS = 0.3
"""How long a plugin is looked at that was answered and goes on: what ends it ends it at once."""

LONG_CALL_SECONDS = 20.0
"""The same for those who answer, with a dozen of these programs side by side on a machine that is busy."""

ALL_SECONDS = 300.0
PARTS = 2

SHORT_CALL_SECONDS = 1.0
"""What a call may take of those who do not answer, so that not every grade and user is waited for as long as usual."""


@dataclass(frozen=True)
class Told:
    """What came of one attack.

    Args:
        problem: what is told of the plugin; empty if it goes on.
        answers: what the application was answered, shortened.
        grade: in which its worker ran.
        user: whose process that was.
        cost: what it cost the host.
        errors_of_another: how much the other plugin was blamed for.
        descriptors_left: by how many more the host has open after it.
    """

    problem: str
    answers: str
    grade: str
    user: int
    cost: Cost
    errors_of_another: int = 0
    descriptors_left: int = 0


Cell = tuple[str, str]
"""A grade and a user."""


def told_in(cells: Sequence[Cell]) -> dict[Cell, dict[str, Told]]:
    """Make every attack in each grade and as each user, side by side; return what came of them.

    Of each there are `PARTS` programs, since most of the time is spent waiting for who does not answer.
    """
    programs = [(cell, _started(cell[0], USERS[cell[1]], part)) for cell in cells for part in range(PARTS)]
    found: dict[Cell, dict[str, Told]] = {cell: {} for cell in cells}
    for cell, program in programs:
        said, errors = program.communicate(timeout=ALL_SECONDS)
        assert program.returncode == 0, f"{cell}: {errors.decode()[-4000:]}"
        for name, one in json.loads(said).items():
            found[cell][name] = Told(**{**one, "cost": Cost(**one["cost"])})
    return found


def _started(grade: str, uid: int | None, part: int) -> subprocess.Popen[bytes]:
    """Start this program as a user; of an ordinary one root's own Python may not be reached."""
    python = sys.executable if uid is None else usable_interpreter()
    assert python is not None
    beside = [path for path in sys.path if path and not path.startswith(sys.base_prefix)]
    path = os.pathsep.join([str(Path(__file__).parents[3]), *beside])
    return subprocess.Popen(
        [python, "-c", f"from {__name__} import main; main({grade!r}, {part})"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        user=uid,
        group=uid,
        extra_groups=None if uid is None else [],
    )


class _InGrade(Zygote):
    """Forks workers that hold themselves in one grade, as on a machine that gives no better one."""

    most = Grade.FULL
    reached: tuple[Grade, int] = (Grade.PROCESS, 0)

    async def fork(self, spec: WorkerSpec, *, name: str = "") -> Child:
        child = await super().fork(replace(spec, grade=self.most), name=name)
        if spec.plugin != "alice":
            _InGrade.reached = child.grade, _user_of(child.pid)
        return child


def _user_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


async def _all(folder: Path, isolation: Choice, part: int) -> dict[str, Told]:
    names = list(EXPECTED)[part::PARTS]
    loading = {name: f"loading{number}" for number, name in enumerate(list(AT_LOAD)[part::PARTS])}
    wheels = [hostile_wheel(folder, plugin, at_once=name) for name, plugin in loading.items()]
    async with staged(folder, isolation=isolation, beside=wheels) as stage:
        stage.beat_seconds, stage.ping_seconds = 0.01, 0.02  # a dozen of these programs run side by side
        found = {name: await _one(stage, name) for name in names}
        for name, plugin in loading.items():
            found[name] = await _loaded(stage, plugin)
    return found


async def _one(stage: Stage, name: str) -> Told:
    expected = EXPECTED[name]
    await stage.host.disable("mallory")
    before = descriptors()
    seconds = SHORT_CALL_SECONDS if LATE in expected.told else LONG_CALL_SECONDS
    State(stage.host.layout.state).change({"limits/mallory": {"call": seconds}}, by="test")
    await stage.host.enable("mallory")
    grade, user = _InGrade.reached
    stage.said.clear()
    settle_seconds = None if expected.told else SETTLE_SECONDS
    answers, cost = await stage.attack(name, seconds=2 * LONG_CALL_SECONDS, settle_seconds=settle_seconds)
    problem = stage.said[0] if stage.said else ""
    if not problem:  # its main thread sleeps, and who is asked to end has time for it
        remote = stage.host.plugins.record("mallory").remote
        assert remote is not None
        assert remote.process is not None
        os.kill(remote.process.pid, signal.SIGKILL)
    await nothing_left(stage)
    with suppress(TimeoutError):
        await until(lambda: descriptors() <= before, timeout_seconds=5)
    return Told(
        problem.removeprefix("failed: mallory "),
        str(answers)[:1100],
        grade,
        user,
        cost,
        errors_of_another=stage.host.plugins.status("alice").errors,
        descriptors_left=max(0, descriptors() - before),
    )


async def _loaded(stage: Stage, plugin: str) -> Told:
    """Let a plugin say of itself, while it is loaded, what its host would make much of."""
    began = time.process_time()
    with suppress(PluginError):  # it did not come up, as its status says
        await stage.host.enable(plugin)
    problem = stage.host.plugins.status(plugin).problem
    cost = Cost(held_seconds=time.process_time() - began)
    cost.pings = len(await stage.host.call.ping(text="x"))
    await stage.host.disable(plugin)
    return Told(problem.removeprefix(f"{plugin} "), "", *_InGrade.reached, cost)


def main(grade: str, part: int) -> None:
    """Run a host whose workers reach this grade, and print what came of a part of the attacks."""
    _InGrade.most = Grade(grade)
    workers.Zygote = _InGrade  # type: ignore[attr-defined]  # a machine that gives this grade and no better one is not at hand
    isolation: Choice = "process" if grade == Grade.PROCESS else "worker"
    with tempfile.TemporaryDirectory(prefix="protocol-") as name:
        found = asyncio.run(_all(Path(name), isolation, part))
    print(json.dumps({name: asdict(told) for name, told in found.items()}))
