"""What is measured of a process and of folders, with real processes and real files."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jackfield.isolation import measuring

MEBIBYTE = 1 << 20
pytestmark = [
    pytest.mark.feature("C27"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what is read is Linux's"),
]


@contextmanager
def process(code: str) -> Iterator[int]:
    """Run Python code that prints a line when it is ready; the process's id while it sleeps."""
    command = [sys.executable, "-c", f"{code}\nprint(flush=True)\ninput()"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdin, child.stdout:
        try:
            child.stdout.readline()
            yield child.pid
        finally:
            os.killpg(child.pid, signal.SIGKILL)  # and what it has forked
            child.wait()


def test_memory_is_measured_within_a_mebibyte() -> None:
    with process("pass") as empty, process("kept = b'x' * (40 << 20)") as full:
        base, more = measuring.pss_bytes(empty), measuring.pss_bytes(full)
        assert base is not None
        assert more is not None
        assert more - base == pytest.approx(40 * MEBIBYTE, abs=2 * MEBIBYTE)
        seen = measuring.usage(full)
        assert seen is not None
        assert seen.resident_bytes >= more, "it is looked at first because it is never below"


def test_pages_that_two_share_count_half_for_each() -> None:
    code = (
        "import mmap, os, time\n"
        "shared = mmap.mmap(-1, 40 << 20); shared.write(b'x' * (40 << 20))\n"
        "child = os.fork()\n"
        "total = sum(shared[::4096])\n"
        "while not child: time.sleep(60)\n"
        "time.sleep(0.3)"
    )
    with process(code) as pid:
        seen, pss = measuring.usage(pid), measuring.pss_bytes(pid)
        assert seen is not None
        assert pss is not None
        assert seen.resident_bytes - pss > 15 * MEBIBYTE


def test_threads_time_descriptors_and_what_is_written_are_counted() -> None:
    code = (
        "import threading, time, os, tempfile\n"
        "for _ in range(7): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "opened = [os.open('/dev/null', os.O_RDONLY) for _ in range(20)]\n"
        "file = tempfile.TemporaryFile(buffering=0); file.write(b'x' * 3_000_000)\n"
        "end = time.process_time() + 0.3\n"
        "while time.process_time() < end: pass"
    )
    with process("pass") as empty, process(code) as pid:
        seen = measuring.usage(pid)
        assert seen is not None
        assert seen.threads == 8
        assert 0.25 < seen.cpu_seconds < 10
        fewer, more = measuring.descriptors(empty), measuring.descriptors(pid)
        assert fewer is not None
        assert more == fewer + 21
        written = measuring.written_bytes(pid)
        assert written is not None
        assert 3_000_000 <= written < 3_100_000


def test_of_a_process_that_is_gone_nothing_is_known() -> None:
    with process("pass") as pid:
        assert measuring.usage(pid) is not None
    assert measuring.usage(pid) is None
    assert measuring.pss_bytes(pid) is None
    assert measuring.descriptors(pid) is None
    assert measuring.written_bytes(pid) is None


def test_folders_are_counted_with_all_below_and_without_what_links_lead_to(tmp_path: Path) -> None:
    deep = tmp_path / "own" / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "large").write_bytes(b"x" * 500_000)
    (tmp_path / "outside").write_bytes(b"x" * 9_000_000)
    (deep / "link").symlink_to(tmp_path / "outside")
    (deep / "loop").symlink_to(tmp_path / "own")
    kept = measuring.kept([str(tmp_path / "own"), str(tmp_path / "missing")], most_bytes=1 << 30, most_files=100)
    assert kept.files == 5
    assert 500_000 <= kept.size_bytes < 600_000


def test_holes_count_and_counting_ends_at_a_bound(tmp_path: Path) -> None:
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(1 << 40)
    assert measuring.kept([str(tmp_path)], most_bytes=1 << 20, most_files=100).size_bytes >= 1 << 40
    for number in range(300):
        (tmp_path / f"small-{number}").touch()
    assert measuring.kept([str(tmp_path)], most_bytes=1 << 50, most_files=100).files == 101


def test_a_look_is_cheap() -> None:
    with process("kept = b'x' * (40 << 20)") as pid:
        began = time.thread_time()
        for _ in range(200):
            measuring.usage(pid)
        each = (time.thread_time() - began) / 200
    assert each < 0.001, "four looks a second at each of a hundred workers must not be noticed"
