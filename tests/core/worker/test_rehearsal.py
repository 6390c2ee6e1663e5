"""What the zygote does once for all of its workers, on machines that give more or less."""

from __future__ import annotations

import subprocess
import sys

import pytest

REHEARSES = """
import os, socket, sys
from jackfield.sandbox import Machine, grade_of
from jackfield.worker.bootstrap import Prepared, rehearse
from jackfield.worker.policy import Interpreter
from jackfield.worker.published import standard_library

abi, private_root, proc = map(int, sys.argv[1:])
machine = Machine("linux", "x86_64", True, True, abi, bool(private_root), bool(proc))
calls, files = socket.socketpair()
nobody = Prepared(machine, Interpreter(standard_library(), {}), None, lambda spec: None, calls, files, os.getpid())
rehearse(nobody)
print(grade_of(machine).value)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a zygote is Linux's")
@pytest.mark.parametrize(
    ("abi", "private_root", "proc", "grade"),
    [(7, 1, 1, "full"), (7, 0, 1, "base"), (0, 0, 1, "process"), (7, 1, 0, "process")],
)
def test_workers_are_prepared_also_where_nothing_can_be_confined(abi, private_root, proc, grade):
    """There `isolation = process` is the user's choice; the process that forks them ended before it was ready."""
    command = [sys.executable, "-c", REHEARSES, str(abi), str(private_root), str(proc)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == f"{grade}\n", done.stderr
