"""Native code in a worker learns of its own threads what it needs, though nothing is told of other processes."""

from __future__ import annotations

import sys

import pytest
from jackfield.isolation import WorkerLimits
from jackfield.sandbox import Grade, grade_of, probe

from tests.support.workers import Refused, spec_in, tell

pytestmark = pytest.mark.skipif(grade_of(probe()) is not Grade.FULL, reason="this machine does not give every grade")

OWN_STACK = """
import ctypes, threading
libc, found = ctypes.CDLL(None), []
libc.pthread_self.restype = ctypes.c_ulong

def look():
    attributes, address, size = ctypes.create_string_buffer(256), ctypes.c_void_p(), ctypes.c_size_t()
    found.append(libc.pthread_getattr_np(ctypes.c_ulong(libc.pthread_self()), attributes))
    libc.pthread_attr_getstack(attributes, ctypes.byref(address), ctypes.byref(size))
    found.append(size.value > 0)

thread = threading.Thread(target=look)
thread.start()
thread.join()
told = found
"""
"""What runtimes of other languages ask in each thread that they meet; glibc asks for its affinity by its number."""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a call of glibc")
async def test_a_thread_learns_where_its_stack_lies(zygote, tmp_path):
    child = await zygote.fork(spec_in(tmp_path))
    assert await tell(child, OWN_STACK) == [0, True]
    assert await tell(child, "import os\ntold = len(os.sched_getaffinity(0)) > 0 and os.sched_getscheduler(0)") == 0
    child.close()


async def test_nothing_is_told_of_the_process_that_forked_it(zygote, tmp_path):
    child = await zygote.fork(spec_in(tmp_path))
    for ask in ("sched_getaffinity({})", "sched_getscheduler({})", "sched_getparam({})", "getpgid({})"):
        with pytest.raises(Refused):
            await tell(child, f"import os\ntold = str(os.{ask.format(zygote.pid)})")
    child.close()


START = """
import threading
go, held = threading.Event(), []

def work():
    held.append("x" * 5000)  # asks the system's allocator, which has room of its own for each thread that it meets
    go.wait(20)

for _ in range({count}):
    threading.Thread(target=work, daemon=True).start()
told = threading.active_count()
go.set()
"""


@pytest.mark.feature("C26")
@pytest.mark.parametrize("most", [None, 150])
async def test_as_many_threads_start_as_it_may_have(zygote, tmp_path, most):
    limits = WorkerLimits() if most is None else WorkerLimits(threads=most)
    child = await zygote.fork(spec_in(tmp_path, limits=limits))
    assert await tell(child, START.format(count=limits.threads - 1)) == limits.threads
    child.close()
