"""A lock is the system's: one holder at a time, whoever ends lets go, and nobody keeps it by chance."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from jackfield.locks import Lock, locked

HOLDING = """
import os, sys
from pathlib import Path
from jackfield.locks import Lock

lock = Lock(Path(sys.argv[1]))
lock.take(0)
"""

AND_WAITING = """
print("held", flush=True)
sys.stdin.read()
"""

WITH_A_CHILD = """
child = os.fork()
if child == 0:
    lock.release()
    print(os.getpid(), flush=True)
    sys.stdin.read()
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A lock file that nobody has made yet."""
    return tmp_path / "lock"


def holder(path: Path, code: str) -> subprocess.Popen[str]:
    """A process that holds the lock and goes on with `code`, which prints a line."""
    command = [sys.executable, "-c", HOLDING + code, str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def is_free(path: Path) -> bool:
    try:
        with locked(path, 0):
            return True
    except TimeoutError:
        return False


def test_one_holder_at_a_time_in_a_process_too(path: Path) -> None:
    lock = Lock(path)
    lock.take(0)
    assert lock.is_held
    assert not is_free(path)
    lock.release()
    assert is_free(path)
    assert path.exists()


def test_whoever_is_killed_lets_go(path: Path) -> None:
    with holder(path, AND_WAITING) as other:
        assert other.stdout
        other.stdout.readline()
        assert not is_free(path)
        other.kill()
    assert is_free(path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_was_forked_neither_keeps_it_nor_lets_go_of_it(path: Path) -> None:
    with holder(path, WITH_A_CHILD) as other:
        assert other.stdout
        child = int(other.stdout.readline())
        assert not is_free(path)
        other.kill()
        other.wait()
        try:
            os.kill(child, 0)  # it lives, and waits for its input to end
            assert is_free(path)
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_waiter_gets_it_under_the_name_that_others_know(path: Path) -> None:
    first, second = Lock(path), Lock(path)
    first.take(0)
    waiter = threading.Thread(target=second.take, args=(10,))
    waiter.start()
    path.unlink()  # as what is left of old downloads is
    first.release()
    waiter.join()
    assert second.is_held
    assert not is_free(path)
    second.release()


WITHOUT_LINKS = """
import os, sys
from pathlib import Path
from jackfield.locks import Lock

fstat, is_removed = os.fstat, sys.argv[2] == "removed"

def counting_none(descriptor):
    if is_removed:
        os.unlink(sys.argv[1])
    status = fstat(descriptor)
    return os.stat_result((*status[:3], 0, *status[4:10]))

os.fstat = counting_none
lock, other = Lock(Path(sys.argv[1])), Lock(Path(sys.argv[1]))
try:
    lock.take(0.2)
    print("held")
    other.take(0)
except TimeoutError:
    print("in time")
"""


@pytest.mark.skipif(os.name == "nt", reason="asks flock(2)")
@pytest.mark.parametrize(("file", "said"), [("there", "held\nin time\n"), ("removed", "in time\n")])
def test_nobody_waits_for_longer_where_the_file_has_no_links(path: Path, file: str, said: str) -> None:
    code = [sys.executable, "-c", WITHOUT_LINKS, str(path), file]  # a file system, or whoever removes it each time
    assert subprocess.run(code, capture_output=True, text=True, timeout=20, check=True).stdout == said


def test_a_link_is_not_followed(path: Path) -> None:
    path.with_name("elsewhere").touch()
    path.symlink_to(path.with_name("elsewhere"))
    with pytest.raises(OSError, match="symbolic"):
        Lock(path).take(0)


def test_its_folder_is_not_made(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Lock(path / "lock").take(0)


def test_only_the_system_is_asked(path: Path) -> None:
    code = HOLDING + "print('filelock' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(os.name == "nt")
