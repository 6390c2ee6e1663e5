"""SQLite's log, brought into the database beside the writers instead of by one of them."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, suppress

WRITES_A_TURN = 64
"""After so many transactions the log is brought in; an upload's holds some forty pages of 4 KiB."""


class Log:
    """Brings in the log (a passive checkpoint) on a thread of its own, once it has grown.

    It takes two fsyncs, for which nobody waits here: SQLite lets others read and write meanwhile. The writer whose
    transaction fills the log (`PRAGMA wal_autocheckpoint`) still does it, with little left to do; the log begins anew.

    Args:
        path: of the database file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._writes = 0
        self._thread: threading.Thread | None = None

    def written(self) -> None:
        """Count a transaction that was committed; the caller sees to it that only one thread does so at once."""
        self._writes += 1
        if self._writes < WRITES_A_TURN or (self._thread is not None and self._thread.is_alive()):
            return
        self._writes = 0
        self._thread = threading.Thread(target=self._bring_in, name="database-log", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait until the log is brought in, if it just is."""
        if self._thread is not None:
            self._thread.join()

    def _bring_in(self) -> None:
        # What fails here, the writer that fills the log tries again, and is told.
        with suppress(sqlite3.Error), closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
