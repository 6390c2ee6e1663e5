"""Control groups: what is written into them, when a group is divided, and the kernel's hold."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from jackfield.isolation.cgroups import CONTROLLERS, OWN_GROUP, Groups, own_groups, settings
from jackfield.isolation.limits import WorkerLimits

pytestmark = pytest.mark.feature("C27")


def root(folder: Path, *, controllers: str = "cpuset cpu io memory pids", given: str = "", inside: str = "") -> Path:
    """Lay out the files of a group as the kernel does; it keeps what is written and enforces nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cgroup.controllers").write_text(controllers)
    (folder / "cgroup.subtree_control").write_text(given)
    (folder / "cgroup.procs").write_text(inside)
    return folder


def test_limits_become_the_kernels_own() -> None:
    written = settings(WorkerLimits(memory_bytes=50 << 20, cpu_share=0.25, threads=8))
    assert int(written["memory.max"]) > 50 << 20
    assert written["cpu.max"] == "100000 100000", "what is short is not slowed; the share over time is sampled"
    assert int(written["pids.max"]) > 8
    assert settings(WorkerLimits(cpu_share=2.0))["cpu.max"] == "200000 100000"


def test_the_root_of_a_namespace_with_only_our_processes_is_divided(tmp_path: Path) -> None:
    folder = root(tmp_path / "cgroup", inside=f"{os.getpid()}\n")
    groups = own_groups("0::/\n", folder, ours={os.getpid()})
    assert groups is not None
    assert {*(folder / "cgroup.subtree_control").read_text().split()} == {f"+{one}" for one in CONTROLLERS}
    assert (folder / OWN_GROUP / "cgroup.procs").read_text() == str(os.getpid())
    group = groups.make("weather.station", WorkerLimits(threads=5))
    assert group is not None
    assert (group.folder / "pids.max").read_text() == "6\n"
    assert group.folder.parent == folder
    assert not group.out_of_memory()


@pytest.mark.parametrize(
    ("membership", "layout", "why"),
    [
        ("1:memory:/x\n", {}, "the hierarchy is of version 1"),
        ("0::/\n", {"controllers": "cpu pids"}, "a controller is missing"),
        ("0::/\n", {"inside": "1\n999999\n"}, "processes of others are in it"),
        ("0::/user.slice/shell.scope\n", {}, "there is no such folder"),
    ],
)
def test_what_is_not_ours_to_divide_stays_as_it_is(
    tmp_path: Path, membership: str, layout: dict[str, str], why: str
) -> None:
    folder = root(tmp_path / "cgroup", **layout)
    before = {path.name: path.read_text() for path in folder.iterdir()}
    assert own_groups(membership, folder, ours={os.getpid()}) is None, why
    assert {path.name: path.read_text() for path in folder.iterdir()} == before, why


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="for root every group is writable")
def test_root_divides_no_group_of_a_system_that_was_not_delegated(tmp_path: Path) -> None:
    folder = root(tmp_path / "cgroup" / "system.slice" / "chat.service", inside=f"{os.getpid()}\n")
    assert own_groups("0::/system.slice/chat.service\n", tmp_path / "cgroup", ours={os.getpid()}) is None
    try:
        os.setxattr(folder, "trusted.delegate", b"1")
    except OSError as error:
        pytest.skip(f"this file system keeps no such mark: {error}")
    assert own_groups("0::/system.slice/chat.service\n", tmp_path / "cgroup", ours={os.getpid()}) is not None


def real_groups() -> Groups | None:
    """The group of the test run, where the machine gives one that may be divided."""
    try:
        membership = Path("/proc/self/cgroup").read_text(encoding="ascii")
    except OSError:
        return None
    return own_groups(membership, Path("/sys/fs/cgroup"), ours={os.getpid()})


def test_the_kernel_holds_a_process_in_a_real_group() -> None:
    groups = real_groups()
    if groups is None:
        pytest.skip("this process has no control group (v2) of its own to divide")
    group = groups.make("hog", WorkerLimits(memory_bytes=20 << 20))
    assert group is not None
    child = subprocess.Popen(
        [sys.executable, "-c", "input(); kept = b'x' * (200 << 20); input()"], stdin=subprocess.PIPE
    )
    try:
        group.add(child.pid)
        assert child.stdin is not None
        child.stdin.write(b"\n")
        child.stdin.flush()
        assert child.wait(timeout=30) == -9
        assert group.out_of_memory()
    finally:
        child.kill()
        child.communicate()
        group.close()
    assert not group.folder.exists()
