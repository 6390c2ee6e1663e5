"""Whether a file is one of `/proc`, wherever that is mounted: there the memory of the host looks like a file."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_MOUNTS: Final = Path("/proc/self/mountinfo")


def shows_processes(device: int) -> bool:
    """Say whether what lies on a device shows processes: `/proc`, or the one of a `chroot` that its user prepared.

    Nothing is remembered: a number is given again once what had it is unmounted.

    Args:
        device: `st_dev` of what was found.
    """
    if not hasattr(os, "major") or os.major(device):
        return False  # that of a disk
    wanted = f"{os.major(device)}:{os.minor(device)}"
    with suppress(OSError):  # no Linux, or nothing is mounted at /proc
        for line in _MOUNTS.read_text(errors="surrogateescape").splitlines():
            mount, _, kind = line.partition(" - ")  # proc_pid_mountinfo(5): what is before it has a varying length
            if kind.startswith("proc ") and mount.split(" ", 3)[2] == wanted:
                return True
    return False
