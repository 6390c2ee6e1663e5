"""How much a plugin may keep: its database and its files together (C14)."""

import time
from collections.abc import Callable
from pathlib import Path

from jackfield.errors import QuotaExceeded
from jackfield.manifest import LIMIT
from jackfield.storage.folders import entries_below

DEFAULT_QUOTA = int(LIMIT["data"].default)
"""Bytes, where neither the user nor the manifest says anything."""

LOOK_AGAIN_SECONDS = 5.0
"""How long the size of the files that a plugin writes itself is taken as known."""

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


class Quota:
    """What one plugin may keep.

    Args:
        plugin: its id.
        limit: gives the bytes that hold now.
        files: the folder of the plugin's own files, which count too.
    """

    def __init__(self, plugin: str, limit: Callable[[], int], files: Path) -> None:
        self._plugin = plugin
        self._limit = limit
        self._files = files
        self._looked = 0.0
        self._size = 0

    def left(self) -> int:
        """Return the bytes that are left for the database; below zero where the files alone are too many."""
        return self._limit() - self._size_of_files()

    def exceeded(self, database_bytes: int) -> QuotaExceeded:
        """Return the error for a plugin whose database has that size and may not grow."""
        keeps, limit = shown_bytes(database_bytes + self._size_of_files()), shown_bytes(self._limit())
        return QuotaExceeded(
            f"{self._plugin} keeps {keeps} of {limit}: nothing more was kept",
            plugin=self._plugin,
            hint=f"let it delete something, or keep more: jackfield data quota {self._plugin} SIZE",
        )

    def _size_of_files(self) -> int:
        now = time.monotonic()
        if not self._looked or now - self._looked > LOOK_AGAIN_SECONDS:
            self._size, self._looked = folder_size(self._files), now
        return self._size


def folder_size(folder: Path) -> int:
    """Return the bytes of all files below a folder; 0 where there is none. Links are not followed."""
    found = 0
    for entry in entries_below(folder):
        try:
            found += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue  # gone meanwhile
    return found


def shown_bytes(count: int) -> str:
    """Return a number of bytes in binary units: `812 bytes`, `100.2 MiB`."""
    value, unit = float(count), 0
    while abs(value) >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    text = f"{value:.1f}".removesuffix(".0")
    return f"{text} {_UNITS[unit]}"
