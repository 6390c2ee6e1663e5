"""Power cuts: a real ext4 on a loop device, shut down without a flush, and mounted again.

What the file system had not brought to disk by then is lost, its journal included. Only root can mount.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SHUTDOWN = 0x8004587D  # FS_IOC_SHUTDOWN of linux/fs.h
_NO_FLUSH = 2  # neither data nor the journal: what is in memory is gone
_MEBIBYTES = 48


class PowerSupply:
    """A file system whose power can be cut.

    Args:
        image: the file that is its disk.
        mount: where it is seen.
    """

    def __init__(self, image: Path, mount: Path) -> None:
        self._image = image
        self.mount = mount
        self._on = False

    def turn_on(self) -> None:
        """Mount it; its journal is replayed as after a power cut."""
        self.mount.mkdir(exist_ok=True)
        subprocess.run(["mount", "-o", "loop", str(self._image), str(self.mount)], check=True, capture_output=True)
        self._on = True

    def cut(self) -> None:
        """Take the power away: from now on nothing reaches the disk any more."""
        descriptor = os.open(self.mount, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _NO_FLUSH))
        finally:
            os.close(descriptor)
        self.turn_off()
        # Another process may have the mount in a namespace of its own, as a sandbox has: the same disk mounted again
        # would be the file system whose power is off.
        other = self._image.with_suffix(f"{self._image.suffix}.")
        subprocess.run(["cp", "--sparse=always", str(self._image), str(other)], check=True, capture_output=True)
        self._image.unlink()
        self._image = other

    def turn_off(self) -> None:
        """Unmount it; again is harmless."""
        if self._on:
            subprocess.run(["umount", str(self.mount)], check=True, capture_output=True)
            self._on = False

    def throw_away(self) -> None:
        """Delete the disk."""
        self._image.unlink()


@contextmanager
def supplied(folder: Path, name: str) -> Iterator[PowerSupply]:
    """A new ext4 of a few mebibytes."""
    image = folder / f"{name}.img"
    with image.open("wb") as file:
        file.truncate(_MEBIBYTES << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True)
    supply = PowerSupply(image, folder / f"{name}.mount")
    supply.turn_on()
    try:
        yield supply
    finally:
        supply.turn_off()
        supply.throw_away()


def missing(folder: Path) -> str:
    """Why this machine cannot cut its power, as a reason to skip; empty where it can.

    Args:
        folder: an empty one to try it in.
    """
    if os.geteuid() != 0:
        return "power cuts need root: only root mounts a file system"
    if shutil.which("mkfs.ext4") is None:
        return "power cuts need mkfs.ext4"
    try:
        with supplied(folder, "trial") as supply:
            (supply.mount / "written").write_text("and never flushed")
            supply.cut()
            supply.turn_on()
            if (supply.mount / "written").exists():
                return "a cut loses nothing here, not even what was not flushed"
    except (OSError, subprocess.CalledProcessError) as error:
        return f"power cuts need a loop device and ext4 that can be shut down: {error}"
    return ""
