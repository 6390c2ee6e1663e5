"""Folders and files of a profile: what plugins keep is for their user alone."""

import os
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


def write_private(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Put a file with mode 0600 in the place of another; readers see the old one or the new one, never a part.

    Args:
        path: the file.
        content: all of it.
        durable: whether it is on disk when this returns; else after a power failure it may be the old one, or empty.

    Raises:
        OSError: it cannot be written; the old one is untouched.
    """
    import tempfile  # brings shutil and random, which a reader never needs

    make_private(path.parent)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp makes it 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    if durable and os.name != "nt":  # folders cannot be opened there; NTFS journals the rename itself
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
