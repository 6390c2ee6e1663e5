"""Folders copied whole, and brought to disk before anything relies on them."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder with its times; links as links, and nothing that is neither file, folder nor link.

    Raises:
        OSError: the first thing that went wrong.
    """

    def others(folder: str, names: list[str]) -> list[str]:
        kinds = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
        modes = {name: os.lstat(Path(folder) / name).st_mode for name in names}
        return [name for name, mode in modes.items() if not any(is_one(mode) for is_one in kinds)]

    def copied(one: str, other: str) -> str:
        try:
            return shutil.copy2(one, other, follow_symlinks=False)
        except OSError as error:
            raise _Refused(error) from error

    try:
        shutil.copytree(source, target, symlinks=True, ignore=others, copy_function=copied)
    except _Refused as refused:
        raise refused.error from refused


class _Refused(Exception):
    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


def remove_folder(folder: Path) -> None:
    """Delete a folder with all below; one that is not there is harmless.

    Raises:
        OSError: something cannot be deleted.
    """
    if folder.is_dir():
        shutil.rmtree(folder)


def sync_tree(folder: Path) -> None:
    """Bring a folder and all that lies below it to disk.

    Raises:
        OSError: the disk refused.
    """
    for place, _folders, names in os.walk(folder):
        for name in names:
            path = Path(place) / name
            if not path.is_symlink():
                _sync_file(path)
        sync_folder(Path(place))


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to disk.

    Raises:
        OSError: the disk refused.
    """
    if os.name != "nt":  # folders cannot be opened there; NTFS journals the rename itself
        _sync_file(folder)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
