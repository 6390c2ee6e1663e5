"""Room in a zygote's memory that its workers shall not write to."""

from __future__ import annotations

import subprocess
import sys

import pytest

PAGES_OF_NEW_OBJECTS = """
import gc, sys
from jackfield.worker.pools import fill_pools

gc.disable()
loaded = [bytes(200) for _ in range(20_000)]
del loaded[::70]  # one hole in nearly every pool
if "fill" in sys.argv:
    fill_pools()
new = [bytes(200) for _ in range(100)]
print(len({id(one) >> 12 for one in new}))
"""


def pages_of_new_objects(*words: str) -> int:
    command = [sys.executable, "-c", PAGES_OF_NEW_OBJECTS, *words]
    return int(subprocess.run(command, capture_output=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="a zygote is Linux's")
def test_new_objects_lie_side_by_side_once_no_pool_has_a_hole():
    """Each page of the zygote that a worker writes to is one more of the worker's own."""
    assert pages_of_new_objects() > 50
    assert pages_of_new_objects("fill") < 10  # 100 objects of 240 bytes fill six


@pytest.mark.skipif(sys.platform != "linux", reason="a zygote is Linux's")
def test_filling_up_says_nothing_and_leaves_stderr_as_it_was():
    code = "import sys; from jackfield.worker.pools import fill_pools; fill_pools(); print('heard', file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "heard\n")
