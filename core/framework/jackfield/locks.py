"""One process at a time: lock files, of which the system lets go when their holder ends, however it ends.

A file system that has no locks is refused, in words: two writers at once would spoil what lies there. No stand-in is
taken for them, as a file that says who holds it would be: whoever is killed leaves it behind.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from jackfield.errors import StoreError

if TYPE_CHECKING:
    from filelock import BaseFileLock

_WITHOUT = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
"""What flock(2) fails with where there are no locks: NFS without its lock service, or a file system that has none."""


_IGNORED = "what is locked can be locked once more"


class Lock:
    """A lock file; held against every other holder, in this process too.

    Args:
        path: the file; it stays where it is. Its folder is not made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: BaseFileLock | None = None

    def take(self, seconds: float) -> None:
        """Hold it.

        Args:
            seconds: how long to wait for another holder; 0: not at all.

        Raises:
            TimeoutError: there still is another holder.
            StoreError: the file system has no locks, or ignores them.
            OSError: the file cannot be made.
        """
        lock = _native(self._path, seconds)
        try:
            lock.acquire()
        except TimeoutError:
            raise
        except NotImplementedError as error:  # filelock before 4
            raise without_locks(self._path.parent, os.strerror(errno.ENOSYS)) from error
        except OSError as error:
            if error.errno in _WITHOUT:
                raise without_locks(self._path.parent, error.strerror) from error
            raise
        if _is_free(self._path):
            lock.release()
            raise without_locks(self._path.parent, _IGNORED)
        self._held = lock

    @property
    def is_held(self) -> bool:
        """Whether it is held by this one."""
        return self._held is not None

    def release(self) -> None:
        """Let go; without the lock nothing happens."""
        if self._held is not None:
            self._held.release()
            self._held = None


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Hold a lock file within a block; as `Lock.take`."""
    lock = Lock(path)
    lock.take(seconds)
    try:
        yield
    finally:
        lock.release()


def without_locks(folder: Path, reason: str | None) -> StoreError:
    """The error that says what to do where the file system of a folder has no locks.

    Args:
        folder: where a lock was asked for.
        reason: the system's word.
    """
    return StoreError(
        f"the file system of {folder} has no locks ({reason}): two commands at once would spoil what lies there",
        hint="have JACKFIELD_HOME name a folder on a disk of this machine, or have its locks turned on, as by the lock "
        "service of NFS",
    )


def locks_problem(path: Path) -> StoreError | None:
    """What `Lock.take` would fail with for want of locks; None where there are some, or nobody can tell.

    Args:
        path: the lock file, for which others wait if they find it held; one that is not there tells nothing.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        import fcntl
    except ImportError:  # Windows
        os.close(descriptor)
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:  # held by somebody, it has some
        return without_locks(path.parent, error.strerror) if error.errno in _WITHOUT else None
    else:
        return without_locks(path.parent, _IGNORED) if _is_free(path) else None
    finally:
        os.close(descriptor)


def _is_free(path: Path) -> bool:
    """Whether a file that is held here can be locked by somebody else: some file systems say yes to everybody.

    Linux alone is asked: elsewhere flock(2) may be made of locks that belong to a process, which get lost by asking.
    """
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _native(path: Path, seconds: float) -> BaseFileLock:
    import filelock  # a reader never needs it

    try:
        return filelock.FileLock(path, timeout=seconds, thread_local=False, fallback_to_soft=False)
    except TypeError:  # filelock before 4
        return filelock.FileLock(path, timeout=seconds, thread_local=False)
