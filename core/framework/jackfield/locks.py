"""One process at a time: lock files, of which the system lets go when their holder ends, however it ends.

A file system that has no locks is refused, in words: two writers at once would spoil what lies there. No stand-in is
taken for them, as a file that says who holds it would be: whoever is killed leaves it behind.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

from jackfield.errors import StoreError

_WITHOUT = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
"""What flock(2) fails with where there are no locks: NFS without its lock service, or a file system that has none."""

_TAKEN = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES}
"""What it fails with where there is another holder; the last one on file systems of other machines."""

_IGNORED = "what is locked can be locked once more"
_BETWEEN_TRIES_SECONDS = 0.05


class Lock:
    """A lock file; held against every other holder, in this process too. A child that is forked does not hold it.

    Args:
        path: the file; it stays where it is. Its folder is not made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: _Held | None = None

    def take(self, seconds: float) -> None:
        """Hold it.

        Args:
            seconds: how long to wait for another holder; 0: not at all.

        Raises:
            TimeoutError: there still is another holder.
            StoreError: the file system has no locks, or ignores them.
            OSError: the file cannot be made.
        """
        until = time.monotonic() + seconds
        try:
            while (held := _held_at(self._path)) is None:
                if time.monotonic() >= until:
                    raise TimeoutError(f"{self._path} is held")
                time.sleep(_BETWEEN_TRIES_SECONDS)
        except OSError as error:
            if error.errno in _WITHOUT:
                raise without_locks(self._path.parent, error.strerror) from error
            raise
        if _is_free(self._path):
            held.release()
            raise without_locks(self._path.parent, _IGNORED)
        self._held = held

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


class _Held(Protocol):
    """A lock file that is held."""

    def release(self) -> None:
        """Let go."""


class _Flock:
    """An open file that flock(2) holds, or may hold: the lock goes with the last descriptor of the open file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor
        _FLOCKS.add(self)

    def release(self) -> None:
        import fcntl

        if self._descriptor is not None:
            with suppress(OSError):  # closing will do, but for a child that is just being made and has the file, too
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self.close()

    def close(self) -> None:
        """Close the file; in a child that was forked, this leaves the lock to its parent."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    __del__ = close


_FLOCKS: WeakSet[_Flock] = WeakSet()


def _leave_to_parent() -> None:
    """In a child that was forked: held by both, a lock would outlive the parent that was killed."""
    for one in list(_FLOCKS):
        one.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


def _held_at(path: Path) -> _Held | None:
    """Hold a lock file, which is made if it is not there; None where there is another holder, or was just now.

    A change takes three locks, so this asks the system itself. What filelock does besides, to hold a lock twice, in
    another thread or with the file as a mark, is asked by nobody here, and takes fifty times as long.

    Raises:
        OSError: the file cannot be made or opened, or the file system has no locks.
    """
    if os.name == "nt":
        return _held_on_windows(path)
    import fcntl  # a reader never needs it

    flags = os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        try:
            # Without O_EXCL, in a folder for everybody, another user's file could not be opened.
            descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            return None  # somebody has just made it, and will hold it
    except BlockingIOError:
        return None  # somebody has a lease on it
    held = _Flock(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        there = _has_name(descriptor, path)
    except OSError as error:
        held.close()
        if error.errno in _TAKEN:
            return None
        raise
    if there:
        return held
    held.close()  # it was removed meanwhile: whoever comes next would hold another file of that name
    return None


def _has_name(descriptor: int, path: Path) -> bool:
    """Whether an open file is still the one at a path; some file systems that are programs count no links."""
    status = os.fstat(descriptor)
    if status.st_nlink:
        return True
    try:
        return os.path.samestat(status, os.stat(path))  # noqa: PTH116 - as `fstat`
    except FileNotFoundError:
        return False


def _held_on_windows(path: Path) -> _Held | None:
    import filelock

    lock = filelock.FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        return None
    return lock
