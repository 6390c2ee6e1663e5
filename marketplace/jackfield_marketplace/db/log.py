"""SQLite's log: on the disk before anybody is told, and brought into the database by nobody who waits for that."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

WRITES_A_TURN = 64
"""After so many transactions the log is brought in; an upload's holds some forty pages of 4 KiB."""

_RESTART_SECONDS = 0.05  # what the end of a turn waits for others; the next turn tries it again
_READERS_SECONDS = 5.0  # what a disk that failed waits for readers of what was before

_sync = getattr(os, "fdatasync", os.fsync)  # Windows and macOS have the other one


class NotKept(OSError):
    """The disk failed after a commit: what was written is here, and may not outlast a power cut."""


class Log:
    """Sees to the log of one database file. Safe to use from several threads.

    It is brought in (a passive checkpoint) on a thread of its own, once it has grown. That takes two fsyncs, for which
    nobody waits here: SQLite lets others read and write meanwhile. What they wrote is brought in too, while they are
    held for a moment, so that the next one begins the log anew: a sync takes half as long where the file does not grow
    and the disk has no new length to note. Where a reader is in the way, the next turn does it. The writer whose
    transaction fills the log (`PRAGMA wal_autocheckpoint`) still brings it in, with little left to do.

    Args:
        path: of the database file; `:memory:` has no log.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._writes = 0
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._file: int | None = None
        self._written = 0
        self._kept = 0
        self._in_doubt = False

    def written(self) -> int:
        """Count a transaction that was committed, and return its number; the caller lets one thread in at once."""
        self._written += 1
        self._writes += 1
        if self._writes >= WRITES_A_TURN and (self._thread is None or not self._thread.is_alive()):
            self._writes = 0
            self._thread = threading.Thread(target=self._bring_in, name="database-log", daemon=True)
            self._thread.start()
        return self._written

    def keep(self, number: int) -> None:
        """Return once a transaction outlasts a power cut; those that were committed meanwhile come with it.

        SQLite would do it within the commit (`synchronous = FULL`), where the next writer waits for it. What was
        brought into the database by then is on the disk, too: no page of the log goes there before.

        Args:
            number: of the transaction.

        Raises:
            NotKept: the disk failed.
        """
        if self._path == ":memory:":
            return
        with self._lock:
            if self._kept >= number:
                return
            upto = self._written
            if self._in_doubt:
                self._bring_all_in()
            else:
                self._sync_log()
            self._kept = upto

    def close(self) -> None:
        """Wait until the log is brought in, if it just is."""
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _sync_log(self) -> None:
        try:
            _sync(self._opened())
        except FileNotFoundError:
            pass  # a file system without shared memory has no log: there a commit syncs
        except OSError as error:
            self._in_doubt = True
            raise NotKept(*error.args) from error

    def _bring_all_in(self) -> None:
        """Write to the database what the disk did not take as a log.

        After a failure the system counts the pages as written: to sync them once more succeeds and proves nothing.
        """
        try:
            with closing(sqlite3.connect(self._path, timeout=_READERS_SECONDS, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                busy, logged, brought_in = connection.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
        except sqlite3.Error as error:
            raise NotKept(errno.EIO, str(error)) from error
        if busy or logged != brought_in:
            raise NotKept(errno.EIO, "the log of the database could not be brought in after the disk had failed")
        self._in_doubt = False

    def _opened(self) -> int:
        """The log, which is there, and the same, for as long as anybody has the database open."""
        if self._file is None:
            database = os.path.realpath(self._path)  # SQLite's files lie beside what a link leads to
            file = os.open(f"{database}-wal", os.O_RDWR)
            try:
                _keep_names(Path(database).parent)
            except OSError:
                os.close(file)  # so that the next one sees to the names again
                raise
            self._file = file
        return self._file

    def _bring_in(self) -> None:
        # What fails here, the writer that fills the log tries again, and is told.
        waits = _RESTART_SECONDS
        with suppress(sqlite3.Error), closing(sqlite3.connect(self._path, waits, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            # What came meanwhile, with the writers held for the moment that this takes: then the log begins anew.
            connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()


def _keep_names(folder: Path) -> None:
    """Have what a folder lists on the disk: a log without its name would be found by nobody."""
    if os.name != "nt":  # where folders cannot be opened, and need not be
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
