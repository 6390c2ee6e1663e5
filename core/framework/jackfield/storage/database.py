"""A plugin's own database: JSON under text keys and small tables, in one SQLite file (C14, C20, U40)."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from jackfield.api import DataChange, Delete, Forget, Insert, Put, Require, Update
from jackfield.errors import DataConflict, StoreError, UsageError
from jackfield.storage.damage import is_damage
from jackfield.storage.folders import make_private
from jackfield.storage.quota import Quota
from jackfield.storage.tables import MOST_ANSWER_BYTES, Answer, Definition, Tables
from jackfield.storage.written import Written

MOST_CHANGES = 1000
"""In one `apply`."""

BUSY_SECONDS = 5.0
"""How long a call waits for another process that writes the same file."""

BETWEEN_TRIES_SECONDS = 0.005
"""Where SQLite itself does not wait: while others make the same new file."""

MOST_SECONDS = 5.0
"""Of a processor, for one call of a plugin: a condition of hundreds of comparisons over millions of rows takes minutes,
and who closes the file would wait for it."""

STEPS_BETWEEN_LOOKS = 20_000
"""Of SQLite's machine, between two looks at the time: about a millisecond."""

Result = TypeVar("Result")


class PluginDatabase:
    """Values by key, and tables; what a change has returned from survives a power loss.

    The file is made at the first change and opened at the first use. Safe to use from several threads.

    Args:
        path: the SQLite file; its folder is made when needed.
        plugin: whose it is, for errors.
        quota: how much the plugin may keep; None: as much as the disk holds.
        bounded: whether it is the plugin that calls: no call takes more than `MOST_SECONDS`, and no answer is larger
            than `MOST_ANSWER_BYTES`.
    """

    def __init__(
        self, path: Path, *, plugin: str | None = None, quota: Quota | None = None, bounded: bool = False
    ) -> None:
        self._path = path
        self._bounded = bounded
        self._until = 0.0
        self._plugin = plugin
        self._quota = quota
        self._guard = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._made: dict[str, Definition] = {}

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value under `key`, or `default`."""
        statement = "SELECT value FROM entries WHERE key = ?"
        row = self._read(lambda connection: connection.execute(statement, (key,)).fetchone(), None)
        return json.loads(row[0]) if row is not None else default

    def set(self, key: str, value: Any) -> None:
        """Keep `value` under `key`.

        Raises:
            UsageError: the value is not JSON or is larger than 1 MiB; the key is empty or longer than 512 characters.
            QuotaExceeded: the plugin keeps as much as it may.
            StoreError: the file cannot be written.
        """
        self.apply([Put(key, value)])

    def delete(self, key: str) -> None:
        """Forget `key`; one that is not there is no error."""
        if self._path.exists():
            self.apply([Forget(key)])

    def keys(self, prefix: str = "") -> list[str]:
        """Return the keys that start with `prefix`, sorted by code point."""
        statement = "SELECT key FROM entries WHERE substr(key, 1, ?) = ? ORDER BY key"

        def found(connection: sqlite3.Connection) -> list[str]:
            answer = self._answer("keys", "ask for those that begin alike: keys(prefix)")
            return [row[0] for row in answer.of(connection.execute(statement, (len(prefix), prefix)))]

        return self._read(found, [])

    def tables(self) -> list[Definition]:
        """Return every table that there is, by name."""
        return self._read(lambda connection: Tables(connection, self._plugin).all(), [])

    def select(
        self,
        table: Definition,
        where: Mapping[str, Any] | None = None,
        order: Sequence[str] = (),
        limit: int = 1000,
        offset: int = 0,
    ) -> list[dict[str, Any]]:
        """Return rows of a table; see `jackfield.api.StoredTable`."""
        if not self._path.exists():
            return []
        self._require(table)

        def found(connection: sqlite3.Connection) -> list[dict[str, Any]]:
            answer = self._answer(f"rows of {table.name}", "ask for fewer at once: limit and offset")
            return Tables(connection, self._plugin).select(table.name, where or {}, order, limit, offset, answer)

        return self._read(found, [])

    def count(self, table: Definition, where: Mapping[str, Any] | None = None) -> int:
        """Count rows of a table."""
        if not self._path.exists():
            return 0
        self._require(table)
        return self._read(lambda connection: Tables(connection, self._plugin).count(table.name, where or {}), 0)

    def drop(self, name: str) -> None:
        """Remove a table with all its rows."""
        self._made.pop(name, None)
        if self._path.exists():
            self._write(lambda connection: Tables(connection, self._plugin).drop(name), grows=False)

    def apply(self, changes: Sequence[DataChange], tables: Sequence[Definition] = ()) -> list[int | None]:
        """Make changes, all of them or none; see `jackfield.api.Storage`.

        Args:
            changes: in their order.
            tables: what the plugin declared; made where they are missing.

        Raises:
            UsageError, DataConflict, QuotaExceeded, StoreError: nothing was changed.
        """
        if len(changes) > MOST_CHANGES:
            raise UsageError(f"{len(changes)} changes at once; {MOST_CHANGES} are the most", plugin=self._plugin)
        for definition in tables:
            self._require(definition)
        written = Written(self._plugin)
        steps = [self._step(change, written) for change in changes]
        grows = any(isinstance(change, Put | Insert | Update) for change in changes)
        return self._write(lambda connection: [step(connection) for step in steps], grows=grows)

    def size(self) -> int:
        """Return the bytes that are in use; what was deleted and may be used again does not count."""
        return self._read(_used, 0)

    def close(self) -> None:
        """Close the file, so that it can be copied; the next use opens it again."""
        with self._guard:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _require(self, table: Definition) -> None:
        """Make a table where it is missing or lacks columns."""
        if self._made.get(table.name) != table:
            self._write(lambda connection: Tables(connection, self._plugin).make(table), grows=True)
            self._made[table.name] = table

    def _step(self, change: DataChange, written: Written) -> Callable[[sqlite3.Connection], int | None]:
        """Return what carries a change out, checked as far as it can be without the file."""
        plugin = self._plugin
        match change:
            case Put(key, value):
                text = written.text(key, value)
                put = "INSERT INTO entries VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value"
                return lambda connection: _none(connection.execute(put, (key, text)))
            case Forget(key):
                return lambda connection: _none(connection.execute("DELETE FROM entries WHERE key = ?", (key,)))
            case Insert(table, row, replace):
                return lambda connection: Tables(connection, plugin).insert(table, row, replace=replace)
            case Update(table, changes, where):
                return lambda connection: Tables(connection, plugin).update(table, changes, where)
            case Delete(table, where):
                return lambda connection: Tables(connection, plugin).delete(table, where)
            case Require(table, where, least, most):
                return lambda connection: self._hold(connection, table, where, least, most)
        raise UsageError(f"{type(change).__name__} is no change of what is kept", plugin=plugin)

    def _hold(
        self, connection: sqlite3.Connection, table: str, where: Mapping[str, Any], least: int, most: int | None
    ) -> None:
        found = Tables(connection, self._plugin).count(table, where)
        if found < least or (most is not None and found > most):
            raise DataConflict(
                f"{table} has {found} rows where {dict(where)}; nothing was changed", plugin=self._plugin
            )

    def _answer(self, what: str, hint: str) -> Answer:
        return Answer(what, self._plugin, hint, MOST_ANSWER_BYTES if self._bounded else None)

    def _read(self, work: Callable[[sqlite3.Connection], Result], nothing: Result) -> Result:
        with self._guard:
            if self._connection is None and not self._path.exists():
                return nothing  # reading makes no file
            try:
                connection = self._open()
                self._begin_call()
                return work(connection)
            except UnicodeEncodeError as error:
                raise self._no_text(error) from error
            except sqlite3.Error as error:
                raise self._broken(error) from error

    def _write(self, work: Callable[[sqlite3.Connection], Result], *, grows: bool) -> Result:
        with self._guard:
            try:
                connection = self._open()
                self._begin_call()
                if self._quota is not None:
                    self._bound(connection, self._quota, grows=grows)
                connection.execute("BEGIN IMMEDIATE")
                try:
                    result = work(connection)
                    self._until = float("inf")
                    connection.execute("COMMIT")
                except BaseException:
                    self._until = float("inf")
                    if connection.in_transaction:  # a full disk ends the transaction by itself
                        connection.execute("ROLLBACK")
                    raise
            except UnicodeEncodeError as error:
                raise self._no_text(error) from error
            except (sqlite3.Error, OSError) as error:
                if self._quota is not None and _is_full(error) and self._near(self._quota):
                    raise self._quota.exceeded(_used(self._open())) from error
                raise self._broken(error) from error
            return result

    def _begin_call(self) -> None:
        """Let the time of a call begin, in the thread that makes it."""
        self._until = time.thread_time() + MOST_SECONDS

    def _is_over(self) -> bool:
        return time.thread_time() > self._until

    def _bound(self, connection: sqlite3.Connection, quota: Quota, *, grows: bool) -> None:
        """Have SQLite itself hold the bound, within the transaction; what only shrinks is always let through."""
        left = quota.left()
        if grows and _used(connection) >= left:
            raise quota.exceeded(_used(connection))
        (page,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute(f"PRAGMA max_page_count = {max(1, left // page)}")

    def _near(self, quota: Quota) -> bool:
        """Whether the quota stopped a change, and not a disk without room: SQLite says the same of both."""
        connection = self._open()
        (most,) = connection.execute("PRAGMA max_page_count").fetchone()
        (page,) = connection.execute("PRAGMA page_size").fetchone()
        return bool(most * page <= max(quota.left(), page))

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            make_private(self._path.parent)
            connection = sqlite3.connect(
                self._path, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None
            )
            try:
                _write_ahead(connection)
                connection.execute("PRAGMA synchronous = FULL")  # WAL's default may lose the last writes at power loss
                connection.execute("CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
                Tables.prepare(connection)
            except sqlite3.Error:
                connection.close()
                raise
            if self._bounded:
                connection.set_progress_handler(self._is_over, STEPS_BETWEEN_LOOKS)
            self._connection = connection
        return self._connection

    def _no_text(self, error: UnicodeEncodeError) -> UsageError:
        """The error for half a surrogate pair, as in names of files that are no UTF-8."""
        told = ascii(error.object[error.start : error.end])
        return UsageError(f"{told} is no character that can be kept", plugin=self._plugin)

    def _broken(self, error: Exception) -> StoreError:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            return StoreError(
                f"the storage of {self._plugin} was at one call for {MOST_SECONDS:g} s and stopped: nothing was "
                "changed",
                plugin=self._plugin,
                hint="compare with less, or keep less in one table",
            )
        # What to do with a file that is spoilt is the user's choice: `doctor` tells which there are.
        hint = "what can be done: jackfield doctor" if is_damage(error) else None
        return StoreError(
            f"the storage of {self._plugin or self._path} failed: {error}", plugin=self._plugin, hint=hint
        )


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Give a new file its write-ahead log: of several that do so at once SQLite refuses all but one, without a wait."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(BETWEEN_TRIES_SECONDS)
        else:
            return


def _used(connection: sqlite3.Connection) -> int:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int((pages - free) * size)


def _is_full(error: Exception) -> bool:
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL


def _none(_cursor: sqlite3.Cursor) -> None:
    return None
