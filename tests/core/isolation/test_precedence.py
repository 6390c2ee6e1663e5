"""What an application was given over other programs is not its plugins'."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import pytest
from jackfield.sandbox import Grade, grade_of, probe

from tests.support.confined import in_child
from tests.support.workers import running, spec_in

pytestmark = [
    pytest.mark.skipif(grade_of(probe()) is Grade.PROCESS, reason="this machine confines nothing"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can take precedence over others"),
]


def precedence(pid: int) -> list[int]:
    """Its nice value, its policy of scheduling, and by how much it is likelier to be killed without memory."""
    adjustment = int(Path(f"/proc/{pid}/oom_score_adj").read_text())
    return [os.getpriority(os.PRIO_PROCESS, pid), os.sched_getscheduler(pid), adjustment]


async def of_a_worker(folder: Path) -> list[int]:
    async with running() as zygote:
        child = await zygote.fork(spec_in(folder))
        found = precedence(child.pid)
        child.close()
        return found


def test_a_worker_has_not_the_precedence_of_its_host(tmp_path):
    def as_a_service() -> list[list[int]]:
        os.setpriority(os.PRIO_PROCESS, 0, -5)
        with suppress(PermissionError):  # a root without CAP_SYS_RESOURCE, as in containers
            Path("/proc/self/oom_score_adj").write_text("-500")
        with suppress(PermissionError):  # where a group of processes has no share of real time
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        return [precedence(os.getpid()), asyncio.run(of_a_worker(tmp_path))]

    outcome = in_child(as_a_service, timeout_seconds=60)
    assert outcome.refused is None, outcome
    host, worker = outcome.value
    assert host[0] == -5
    assert worker == [0, os.SCHED_OTHER, 0]


def test_what_is_below_that_of_other_programs_stays(tmp_path):
    def in_the_background() -> list[int]:
        os.setpriority(os.PRIO_PROCESS, 0, 7)
        Path("/proc/self/oom_score_adj").write_text("300")
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        return asyncio.run(of_a_worker(tmp_path))

    outcome = in_child(in_the_background, timeout_seconds=60)
    assert outcome.value == [7, os.SCHED_BATCH, 300], outcome
