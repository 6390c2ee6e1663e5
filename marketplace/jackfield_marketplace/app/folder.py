"""One server for each data folder: what is not signed yet, one keeps from its readers, and another would show."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock
from jackfield.errors import JackfieldError

from jackfield_marketplace.db import held_file
from jackfield_marketplace.settings import Settings


class FolderInUse(JackfieldError):
    """Another marketplace serves the data folder."""


@contextmanager
def sole_use(settings: Settings) -> Iterator[None]:
    """Hold the data folder, made when it is missing, against every other server; the operator's commands go on.

    The system lets go of it however the process ends. A second server would empty the folder of uploads under way,
    count guesses and uploads apart, and show pages before they are signed.

    Raises:
        FolderInUse: another server has it; the sentence names its process.
        JackfieldError: its lock is another user's; the hint is what to type.
        OSError: it cannot be written.
    """
    settings.make_folders()
    holder = settings.data / "serving.pid"
    try:
        lock = held_file(settings.data / "serving.lock", 0)
    except filelock.Timeout as exc:
        raise FolderInUse(
            f"another marketplace ({_process(holder)}) serves {settings.data}",
            hint="stop it, or choose another folder with --data",
        ) from exc
    try:
        _tell(holder)
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


def _tell(holder: Path) -> None:
    with suppress(OSError):  # a full disk: only a sentence's word is lost
        holder.write_text(str(os.getpid()), encoding="ascii")


def _process(holder: Path) -> str:
    try:
        return f"process {int(holder.read_text(encoding='ascii'))}"
    except (OSError, ValueError):
        return "of a process that is not known"
