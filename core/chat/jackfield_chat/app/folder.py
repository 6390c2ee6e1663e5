"""One chat for each data folder: two would post to one database and start everything beside it twice."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock
from jackfield.errors import JackfieldError


class FolderError(JackfieldError):
    """The data folder cannot be written, or another chat serves it."""


@contextmanager
def sole_use(data: Path) -> Iterator[None]:
    """Hold a data folder, made when it is missing; the system lets go of it however the process ends.

    Raises:
        FolderError: another chat serves it, whose process is named; or it cannot be written.
    """
    lock = filelock.FileLock(data / "run" / "chat.lock", timeout=0, thread_local=False)
    holder = data / "run" / "chat.pid"
    try:
        (data / "run").mkdir(parents=True, exist_ok=True)
        lock.acquire()
        holder.write_text(str(os.getpid()), encoding="ascii")
    except filelock.Timeout as exc:
        raise FolderError(
            f"another chat ({_process(holder)}) serves {data}", hint="stop it, or choose another folder with --data"
        ) from exc
    except OSError as exc:
        raise FolderError(f"{data} cannot be used as a data folder: {exc.strerror}", hint="--data") from exc
    try:
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


def _process(holder: Path) -> str:
    try:
        return f"process {int(holder.read_text(encoding='ascii'))}"
    except (OSError, ValueError):
        return "of a process that is not known"
