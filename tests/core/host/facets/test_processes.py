"""The system's list of processes is no folder of files, wherever it is mounted."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jackfield.host.facets.processes import shows_processes

PREPARED = """
import asyncio, os, subprocess, sys
from pathlib import Path
from tests.core.host.facets.test_files import Room

home = Path(sys.argv[1])
os.environ["HOME"] = str(home)
room = Room(home)
mounted = room.notes / "chroot" / "proc"
mounted.mkdir(parents=True)
if subprocess.run(["mount", "-t", "proc", "proc", str(mounted)], capture_output=True).returncode:
    sys.exit(77)
assert (mounted / str(os.getpid()) / "environ").read_bytes(), "it can be read without permission"
for path in (f"{os.getpid()}/environ", "meminfo"):
    try:
        print("read", len(asyncio.run(room.files.read_bytes(mounted / path))))
    except Exception as error:
        print(type(error).__name__)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has it")
def test_it_is_known_by_its_device(tmp_path: Path):
    assert shows_processes(Path("/proc/self").stat().st_dev)
    assert not any(shows_processes(Path(path).stat().st_dev) for path in (tmp_path, "/", "/sys", "/dev"))


@pytest.mark.slow
def test_a_second_one_below_a_granted_folder_is_not_read(tmp_path: Path):
    """As a `chroot` has it; a namespace of mounts ends with its process."""
    if not sys.platform.startswith("linux") or os.geteuid() or shutil.which("unshare") is None:
        pytest.skip("only root can mount")
    told = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", PREPARED, str(tmp_path)],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if told.returncode == 77 or "unshare" in told.stderr:
        pytest.skip("this system lets nobody mount it")
    assert told.stdout.split() == ["PermissionDenied", "PermissionDenied"], told.stderr
