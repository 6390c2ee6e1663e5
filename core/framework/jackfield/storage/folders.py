"""Folders and files of a profile: what plugins keep is for their user alone."""

import os
from collections.abc import Iterator
from glob import escape
from pathlib import Path

from jackfield.places import sync_folder
from jackfield.storage.held import held_folder

_RANDOM = "[a-z0-9_]" * 8
"""The end of the names that `tempfile` makes. Editors' own files have others: `.swp` of vim, `.kate-swp` of Kate."""


def make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, with mode 0700 (XDG Base Directory Specification).

    Raises:
        OSError: one cannot be made, or is no folder.
    """
    if folder.is_dir():
        return
    make_private(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)


def entries_below(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Every file and link below a folder, however deep. Links are not followed; what cannot be read is left out.

    A folder that belongs to this user and that nobody may read is not: a plugin would keep there what it likes.
    """
    waiting = [str(folder)]
    while waiting:
        here = waiting.pop()
        try:
            if not os.access(here, os.R_OK | os.X_OK):
                with held_folder(folder, Path(here).relative_to(folder).parts):
                    pass  # whoever holds it is given the right to read it
            entries = os.scandir(here)
        except OSError:
            continue  # gone meanwhile, or deeper than a path can lead
        with entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    yield entry


def delete_folder(folder: Path) -> None:
    """Delete a folder with all below, also where whoever filled it went deeper than a path or a stack can.

    What lies deeper is moved up first, so that no path becomes long. Links are deleted and not followed. Nobody may
    write there any more.

    Raises:
        OSError: something cannot be deleted; the rest may be gone.
    """
    number = 0
    waiting = _folders_in(folder)
    while waiting:
        below = waiting.pop()
        for deeper in _folders_in(below):
            number += 1
            waiting.append(deeper.rename(folder / f".deleted-{os.getpid()}-{number}"))
        below.rmdir()
    folder.rmdir()


def _folders_in(folder: Path) -> list[Path]:
    """The folders in one, from which everything else is deleted, with the rights that whoever made them left out."""
    folders = []
    for one in list(folder.iterdir()):
        if one.is_dir() and not one.is_symlink():
            one.chmod(0o700)
            folders.append(one)
        else:
            one.unlink()
    return folders


def write_private(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Put a file with mode 0600 in the place of another; readers see the old one or the new one, never a part.

    One may write it at a time. What a writer left that was killed is deleted.

    Args:
        path: the file.
        content: all of it.
        durable: whether it is on disk when this returns; else after a power failure it may be the old one, or empty.

    Raises:
        OSError: it cannot be written; the old one is untouched.
    """
    remove_drafts(path)
    draft = draft_private(path, content, durable=durable)
    try:
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def draft_private(path: Path, content: bytes, *, durable: bool = True) -> Path:
    """Write what will take the place of a file, with mode 0600 beside it; return where it lies.

    Args:
        path: the file.
        content: all of it.
        durable: whether it is on disk when this returns.

    Raises:
        OSError: it cannot be written; nothing is left of it.
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
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def remove_drafts(path: Path) -> None:
    """Delete what `draft_private` made for a file and whoever was killed left; nobody may be writing it.

    Raises:
        OSError: one cannot be deleted.
    """
    for draft in path.parent.glob(f".{escape(path.name)}.{_RANDOM}"):
        draft.unlink(missing_ok=True)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it where an open file stands; one call may take only a part."""
    while data:
        data = data[os.write(descriptor, data) :]
