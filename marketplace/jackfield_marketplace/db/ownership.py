"""Whose the files of a data folder are: an operator's command may run as root, and the server as a user of its own."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from jackfield.errors import JackfieldError

if TYPE_CHECKING:
    from filelock import BaseFileLock


def make_private_folder(path: Path) -> None:
    """Make a missing folder that its owner alone enters: whose the folder above is, also where root makes it.

    Raises:
        OSError: it cannot be made.
    """
    if path.exists():
        return
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform != "win32" and os.geteuid() == 0:
        above = path.parent.stat()
        with suppress(OSError):
            os.chown(path, above.st_uid, above.st_gid)


def make_private(path: Path) -> None:
    """Make a missing file that its owner alone reads: whose folder it is, also where root makes it.

    Raises:
        FileExistsError: it is there; it stays as it is.
        OSError: it cannot be made.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        if sys.platform != "win32" and os.geteuid() == 0:
            folder = path.parent.stat()
            with suppress(OSError):  # a file system without owners
                os.fchown(descriptor, folder.st_uid, folder.st_gid)
    finally:
        os.close(descriptor)


def held_file(path: Path, timeout_seconds: float) -> BaseFileLock:
    """Return the lock that is a file, held; the system lets go of it however the process ends.

    Raises:
        filelock.Timeout: another process has it.
        JackfieldError: this user may not write it; the hint is what to type.
        OSError: it cannot be made.
    """
    import filelock  # only for who migrates, or serves

    lock = filelock.FileLock(path, timeout=timeout_seconds, mode=0o600, thread_local=False)
    try:
        with suppress(FileExistsError):
            make_private(path)
        lock.acquire()
    except PermissionError as exc:
        raise JackfieldError(f"{path} cannot be written by this user", hint=way_in(path)) from exc
    return lock


def way_in(path: Path) -> str:
    """Return what lets this user write a file or folder that was made by another, as a line to type."""
    if sys.platform == "win32":
        return "let this user write it, or serve as the one who made it"
    import pwd

    def name_of(user: int) -> str:
        with suppress(KeyError):
            return pwd.getpwuid(user).pw_name
        return str(user)

    user = os.geteuid()
    try:
        owner = path.stat().st_uid
    except OSError:
        return f"who made it lets this user in: sudo chown -R {quote(name_of(user))} {quote(str(path.parent))}"
    if owner == user:
        return f"chmod u+rw {quote(str(path))}"
    return f"it is {name_of(owner)}'s: sudo chown {quote(name_of(user))} {quote(str(path))}"
