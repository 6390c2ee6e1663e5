"""One database: sessions that read, sessions that write, and a cheap answer to "did anything change?"."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session

from jackfield_marketplace.db.log import Log
from jackfield_marketplace.db.ownership import make_private
from jackfield_marketplace.db.prepared import Direct, Prepared
from jackfield_marketplace.db.words import add_word_functions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.pool import PoolProxiedConnection

# Of 4 KiB each, until a writer has to bring the log into the database, if nobody has done it beside the writers.
_LOG_PAGES = 16_000
_BUSY_MILLISECONDS = 30_000  # to number a hundred thousand plugins anew takes a writer several seconds
_BETWEEN_TRIES_SECONDS = 0.005  # where SQLite itself does not wait: while others make the same new file


class Database:
    """The marketplace's database. Safe to use from several threads and processes at once.

    Args:
        url: a SQLAlchemy URL; SQLite here, whose file is made when missing.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine: Engine = create_engine(url, pool_size=4, max_overflow=4)
        _make_private(self.engine.url.database)
        event.listen(self.engine, "connect", _configure)
        event.listen(self.engine, "begin", _begin)
        self._writer = self.engine.execution_options(write=True)
        self._glance_lock = threading.Lock()
        self._glance_connection: sqlite3.Connection | None = None
        self._log = Log(self.engine.url.database or ":memory:")
        self._direct_lock = threading.Lock()
        self._direct_connection: PoolProxiedConnection | None = None
        self._direct_kept: dict[Prepared, Any] = {}
        self._direct_version: int | None = None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session over one snapshot; what it loads stays usable after it ends."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that writes: committed at the end, undone whole if anything is raised.

        Writers take turns from the first statement, so that what one reads still holds when it writes.
        """
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def write_directly(self) -> Iterator[Direct]:
        """As `write`, for statements that are prepared: one connection, whose page cache stays warm, for all of them.

        Writers of this process wait for each other here, others at the database; for the disk each waits by itself,
        at the end, while the next one goes on. What one transaction keeps, the next one finds, as long as nothing was
        undone and nobody has written by another connection.

        Raises:
            NotKept: the disk failed after the commit; what was written may not outlast a power cut.
        """
        with self._direct_lock:
            if self._direct_connection is None:
                self._direct_connection = self.engine.raw_connection()
                self._direct_connection.cursor().execute("PRAGMA synchronous = NORMAL")  # `Log.keep` does the rest
            cursor = self._direct_connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            direct = None
            try:
                cursor.execute("PRAGMA data_version")  # never changed by this connection's own commits
                (version,) = cursor.fetchone() or (None,)
                if version != self._direct_version:
                    self._direct_kept, self._direct_version = {}, version
                direct = Direct(cursor, self.engine.dialect, self._direct_kept)
                yield direct
                cursor.close()  # a statement that has rows left would not let the transaction end
                self._direct_connection.commit()
            except BaseException:
                self._direct_kept = {}
                try:
                    for undo in [] if direct is None else direct.if_undone:
                        undo()
                finally:
                    self._direct_connection.rollback()  # last: then another process may write
                raise
            number = self._log.written()
        self._log.keep(number)
        for settle in direct.if_kept:
            settle()

    def look_up(self, statement: Prepared, **values: Any) -> tuple[Any, ...] | None:
        """The first row of a prepared statement as of the last commit, or None: microseconds, on any thread."""
        with self._glance_lock:
            cursor: Any = self._glance_cursor()  # the driver's own, as `Direct` takes it
            try:
                return Direct(cursor, self.engine.dialect).row(statement, **values)
            finally:
                cursor.close()  # else its snapshot would stay

    def change_stamp(self) -> int:
        """A number that differs after any commit by anyone, read in microseconds (`PRAGMA data_version`)."""
        return self._glance("PRAGMA data_version") or 0

    def catalogue_serial(self) -> int:
        """A number that grows with every change to any project's page."""
        return self._glance("SELECT serial FROM catalogue") or 0

    def project_serial(self, name: str) -> int | None:
        """A number that grows with every change to the project's page, or None for an unknown name."""
        return self._glance("SELECT serial FROM projects WHERE name = ?", name)

    def _glance(self, statement: str, *parameters: str) -> int | None:
        """One number by plain SQL: microseconds, where a session takes a quarter of a millisecond."""
        with self._glance_lock:
            row = self._glance_cursor().execute(statement, parameters).fetchone()
        return None if row is None else int(row[0])

    def _glance_cursor(self) -> sqlite3.Cursor:
        if self._glance_connection is None:
            # A connection of its own: the pragma counts the commits of all others, never its own.
            database = self.engine.url.database or ":memory:"
            self._glance_connection = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
            self._glance_connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
        return self._glance_connection.cursor()

    def close(self) -> None:
        """Close every connection."""
        with self._direct_lock:
            if self._direct_connection is not None:
                self._direct_connection.close()
                self._direct_connection = None
            self._log.close()
        with self._glance_lock:
            if self._glance_connection is not None:
                self._glance_connection.close()
                self._glance_connection = None
        self.engine.dispose()


def _make_private(file: str | None) -> None:
    """Make a missing database file that nobody else reads; SQLite gives its log and index the same mode."""
    if file and file != ":memory:":
        with suppress(OSError):  # there already, or its folder is not: connecting says so
            make_private(Path(file))


def _configure(connection: Any, record: Any) -> None:
    """Settings of one SQLite connection; transactions are begun by `_begin`, not by the driver."""
    connection.isolation_level = None
    add_word_functions(connection)
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous = FULL")  # what was answered outlasts a power cut
    cursor.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Give a new file its write-ahead log: of several that do so at once SQLite refuses all but one, without a wait."""
    until = time.monotonic() + _BUSY_MILLISECONDS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_BETWEEN_TRIES_SECONDS)
        else:
            return


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
