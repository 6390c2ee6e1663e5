"""A control group for each worker, where the system gives this process one to divide (cgroups v2, Linux 5.7).

The kernel then holds memory, threads and processor time by itself, at once. It can be had where the host's own group is
its own to divide: a systemd unit with `Delegate=yes`, `systemd-run --user --scope -p Delegate=yes`, a container with a
group namespace. Elsewhere workers are sampled (`supervisor`), which needs nothing.
"""

import os
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jackfield.isolation.limits import WorkerLimits

CONTROLLERS: Final = ("memory", "pids", "cpu")
OWN_GROUP: Final = "jackfield-host"
EMPTY_WORKER_BYTES: Final = 16 << 20
"""On top of a worker's memory: what it copies of the zygote's pages, page tables, sockets. A sample is exact."""

_PERIOD_MICROSECONDS: Final = 100_000
_UNSAFE: Final = re.compile(r"[^a-z0-9-]")


@dataclass(frozen=True, slots=True)
class Group:
    """The control group of one worker.

    Args:
        folder: where its files lie.
    """

    folder: Path

    def add(self, pid: int) -> None:
        """Put a process into it.

        Raises:
            OSError: it is gone, or the system refuses.
        """
        (self.folder / "cgroup.procs").write_text(f"{pid}\n")

    def out_of_memory(self) -> bool:
        """Whether the kernel has killed in it because its memory was used up."""
        with suppress(OSError, ValueError, StopIteration):
            lines = (self.folder / "memory.events").read_text().splitlines()
            return int(next(line for line in lines if line.startswith("oom_kill ")).split()[1]) > 0
        return False

    def close(self) -> None:
        """Remove it; one whose processes are not gone yet stays, empty, until the host's own group goes."""
        with suppress(OSError):
            self.folder.rmdir()


class Groups:
    """The group that this process may divide.

    Args:
        folder: its folder; `own_groups` finds it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0

    def make(self, plugin: str, limits: WorkerLimits) -> Group | None:
        """Make a group for one worker; None where the system refuses it.

        Args:
            plugin: its canonical id.
            limits: what it may use.
        """
        self._made += 1
        group = Group(self._folder / f"jackfield-{_UNSAFE.sub('-', plugin)}-{os.getpid()}-{self._made}")
        try:
            group.folder.mkdir()
            for name, value in settings(limits).items():
                with suppress(FileNotFoundError):  # e.g. memory.swap.max on a kernel that counts no swap
                    (group.folder / name).write_text(f"{value}\n")
        except OSError:
            group.close()
            return None
        return group


def settings(limits: WorkerLimits) -> dict[str, str]:
    """Return the files of a worker's group and what is written into them.

    One core at least: a share is meant over half a minute, and a tenth of a second's work shall not take a second.
    """
    quota = int(max(limits.cpu_share, 1.0) * _PERIOD_MICROSECONDS)
    return {
        "memory.max": str(limits.memory_bytes + EMPTY_WORKER_BYTES),
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "pids.max": str(limits.threads + 1),  # one more, so that a sample sees that it is too many
        "cpu.max": f"{quota} {_PERIOD_MICROSECONDS}",
    }


def own_groups(membership: str, mount: Path, *, ours: Collection[int]) -> Groups | None:
    """Return the group of this process, prepared for workers; None where it cannot be had, and nothing was changed.

    A group that holds processes cannot be divided (cgroups(7), "no internal processes"). Where only ours are in it,
    they move into a group below; where others are in there too, all is left as it is.

    Args:
        membership: the text of `/proc/self/cgroup`.
        mount: where the hierarchy is mounted, most often `/sys/fs/cgroup`.
        ours: the processes that may be moved: the host and its zygote.
    """
    line = next((one for one in membership.splitlines() if one.startswith("0::/")), None)
    if line is None:
        return None
    folder = mount / line.removeprefix("0::/")
    if folder.name == OWN_GROUP:
        folder = folder.parent  # where an earlier host of this process has moved it
    try:
        offered = (folder / "cgroup.controllers").read_text().split()
        given = (folder / "cgroup.subtree_control").read_text().split()
        if not {*CONTROLLERS} <= {*offered} or not _is_delegated(folder, mount):
            return None
        if not {*CONTROLLERS} <= {*given} and not _divide(folder, ours):
            return None
    except OSError:
        return None
    return Groups(folder)


def _is_delegated(folder: Path, mount: Path) -> bool:
    """Whether dividing it is this process's business: the root of its namespace, marked by systemd, or its user's own.

    For root every group is writable, so for root that alone says nothing.
    """
    if not os.access(folder, os.W_OK) or not os.access(folder / "cgroup.procs", os.W_OK):
        return False
    if folder == mount:
        return True
    for mark in ("user.delegate", "trusted.delegate"):  # systemd sets one of them (its CGROUP_DELEGATION document)
        with suppress(OSError):
            if os.getxattr(folder, mark) == b"1":
                return True
    return os.geteuid() != 0 and folder.stat().st_uid == os.geteuid()


def _divide(folder: Path, ours: Collection[int]) -> bool:
    """Give the controllers to groups below this one; False where processes of others are in the way."""
    inside = (folder / "cgroup.procs").read_text().split()
    if not {*map(int, inside)} <= {*ours}:
        return False
    if inside:
        own = folder / OWN_GROUP
        own.mkdir(exist_ok=True)
        for pid in inside:
            (own / "cgroup.procs").write_text(pid)
    (folder / "cgroup.subtree_control").write_text(" ".join(f"+{one}" for one in CONTROLLERS))
    return True
