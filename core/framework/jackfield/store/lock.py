"""One installer at a time, and who it is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from jackfield.errors import StoreError, StoreLocked
from jackfield.locks import Lock
from jackfield.store.layout import Layout, hindrance

WAIT_SECONDS = 30.0
"""How long an installer waits for another one before it gives up."""


@contextmanager
def install_lock(layout: Layout, *, by: str, timeout_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the profile against every other installer, in this process or another; the system frees it on a crash.

    Args:
        layout: the profile.
        by: who holds it, shown to the others.
        timeout_seconds: how long to wait for another installer.

    Raises:
        StoreLocked: another installer still works; the message names it.
        StoreError: the lock file cannot be made, or the file system has no locks.
    """
    holder = layout.run / "installer.json"
    lock = Lock(layout.install_lock)
    try:
        if not layout.run.is_dir():
            layout.make_root()
            layout.run.mkdir(exist_ok=True, mode=0o700)
        lock.take(timeout_seconds)
    except TimeoutError as error:
        raise StoreLocked(
            f"another installer is at work: {_describe(holder)}", hint="try again when it has ended"
        ) from error
    except OSError as error:
        # "File exists" would be said of a link that leads nowhere, and is no reason to anyone.
        reason = hindrance(layout.run) if isinstance(error, FileExistsError) else None
        raise StoreError(f"{layout.run} cannot be written: {reason or error.strerror}") from error
    try:
        _tell(holder, {"pid": os.getpid(), "by": by, "since": datetime.now(UTC).isoformat(timespec="seconds")})
        yield
    finally:
        _tell(holder, None)
        lock.release()


def installer_at_work(layout: Layout) -> bool:
    """Whether an installer of the profile lives and has not ended, as far as its note and the system tell."""
    if os.name == "nt":
        return False  # signal 0 is Ctrl+C there
    try:
        with (layout.run / "installer.json").open(encoding="utf-8") as file:
            process = json.load(file)["pid"]
        os.kill(process, 0)
    except PermissionError:
        return True  # it is another user's
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return False
    return True


def _tell(holder: Path, said: Mapping[str, object] | None) -> None:
    """Say who holds the lock, None for nobody.

    In place, over all that was said before: to make and remove a file waits for a disk that is busy, twice.
    """
    # On a full disk, making room needs the lock: a note for others is no reason to refuse it.
    with suppress(OSError):
        descriptor = os.open(holder, os.O_WRONLY | (os.O_CREAT if said is not None else 0), 0o600)
        try:
            os.write(descriptor, json.dumps(said).encode().ljust(os.fstat(descriptor).st_size))
        finally:
            os.close(descriptor)


def _describe(holder: Path) -> str:
    try:
        with holder.open(encoding="utf-8") as file:
            read = json.load(file)
        return f"{read['by']}, process {read['pid']}, since {read['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "it has not told its name"
