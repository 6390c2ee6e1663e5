"""One running host for each profile: two would run every plugin twice over the same data."""

import contextlib
import os
from pathlib import Path

from jackfield.errors import StoreError, StoreLocked
from jackfield.locks import Lock
from jackfield.store import Layout


class HostLock:
    """`run/host.lock`, held while a host runs; the system lets go of it when the process ends, however it ends.

    Args:
        layout: the profile.
        app: the application's name, for the sentence.
    """

    def __init__(self, layout: Layout, app: str) -> None:
        self._app = app
        self._layout = layout
        self._path = layout.host_lock
        self._holder = layout.run / "host.pid"
        self._lock = Lock(self._path)

    def take(self) -> None:
        """Take the lock, at once or not at all.

        Raises:
            StoreLocked: another host runs with this profile; the sentence names its process.
            StoreError: the folder cannot be written, or its file system has no locks.
        """
        try:
            self._layout.make_root()
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            self._lock.take(0)
            self._holder.write_text(str(os.getpid()), encoding="ascii")
        except TimeoutError as error:
            raise StoreLocked(
                f"another {self._app} ({_process(self._holder)}) runs with these plugins",
                hint="stop it, or give this one a profile of its own",
            ) from error
        except OSError as error:
            self.release()
            raise StoreError(f"{self._path.parent} cannot be written: {error.strerror}") from error

    def release(self) -> None:
        """Let go; without the lock nothing happens."""
        if self._lock.is_held:
            with contextlib.suppress(OSError):
                self._holder.unlink(missing_ok=True)
            self._lock.release()


def _process(holder: Path) -> str:
    try:
        return f"process {int(holder.read_text(encoding='ascii'))}"
    except (OSError, ValueError):
        return "another process"
