"""Folders of a profile: what plugins keep is for their user alone."""

from pathlib import Path


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, with mode 0700 (XDG Base Directory Specification).

    Raises:
        OSError: one cannot be made, or is no folder.
    """
    if folder.is_dir():
        return
    make_private(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
