"""Helpers that somebody stops before they are up, and whose parent is killed then: none of them stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.processes import is_there, wait_for

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems know no such thing")

STOPS = "#!/bin/sh\nkill -STOP $$\n"
"""Instead of Python: it does what a signal at the first moment does."""

ZYGOTE = """
import asyncio, sys
from jackfield.isolation import Zygote
asyncio.run(Zygote(executable=sys.argv[1]).start())
"""
TRIAL = """
import sys
from jackfield.sandbox import probe
sys.executable = sys.argv[1]
probe()
"""
COMPILER = """
import sys, time
from jackfield.store.bytecode import Compiler
sys.executable = sys.argv[1]
with Compiler():
    time.sleep(600)
"""
TIED = """
import subprocess, sys, time
from jackfield.lifeline import tied
tied(lambda kept: subprocess.Popen([sys.argv[1]], pass_fds=kept))
time.sleep(600)
"""


def children(pid: int) -> list[int]:
    """The processes that any thread of one has started."""
    return [int(one) for path in Path(f"/proc/{pid}/task").glob("*/children") for one in path.read_text().split()]


def pipes(pid: int) -> list[str]:
    found = [str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()]
    return [one for one in found if one.startswith("pipe:")]


def is_tied(parent: int, child: int) -> bool:
    """Whether the parent knows the child's number: it has let go of the child's ends then."""
    try:
        held = pipes(parent)
    except FileNotFoundError:  # it has just let go of one
        return False
    return all(held.count(one) <= 1 for one in pipes(child))


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.mark.feature("J25")
@pytest.mark.parametrize("code", [ZYGOTE, TRIAL, COMPILER, TIED], ids=["zygote", "trial", "compiler", "any"])
def test_who_was_stopped_before_it_was_up_is_killed_with_its_parent(tmp_path, code):
    program = tmp_path / "stops"
    program.write_text(STOPS)
    program.chmod(0o755)
    with subprocess.Popen([sys.executable, "-c", code, str(program)]) as parent:
        below: list[int] = []
        try:
            below = wait_for(lambda: children(parent.pid))
            wait_for(lambda: all(map(is_stopped, below)))
            wait_for(lambda: all(is_tied(parent.pid, one) for one in below))
            parent.kill()
            wait_for(lambda: not any(map(is_there, below)), seconds=5, what="the end of what it started")
        finally:
            parent.kill()
            for pid in below:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
