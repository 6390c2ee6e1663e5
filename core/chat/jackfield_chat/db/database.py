"""One connection to SQLite, in plain SQL.

Every statement is short and local, so it runs on the event loop's thread; an executor would cost more than it saves.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jackfield.errors import JackfieldError

from jackfield_chat.db.schema import STEPS

Value = str | int | float | bytes | None
BUSY_TIMEOUT_SECONDS = 5.0


class DatabaseError(JackfieldError):
    """The chat's database cannot be opened, or is of a later version of the chat."""


class Database:
    """The chat's database: opened, brought to the newest schema, in write-ahead mode.

    Args:
        path: the file; its folder must exist.

    Raises:
        DatabaseError: the file is no database, cannot be written, or was made by a later version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # What people say to each other, and the hashes of their passwords; SQLite's own would be for all to read,
            # and its log beside the file takes over the file's mode.
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            self._upgrade()
        except (sqlite3.Error, OSError) as exc:
            raise DatabaseError(
                f"{path} cannot be used as the chat's database: {exc}",
                hint="move the file away, or choose another folder with --data",
            ) from exc

    def _upgrade(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > len(STEPS):
            raise DatabaseError(
                f"{self.path} was made by a later version of the chat (schema {version}, this one knows {len(STEPS)})",
                hint="update jackfield-chat",
            )
        for number, step in enumerate(STEPS[version:], start=version + 1):
            # executescript commits what is open, so the transaction is part of the script.
            self._connection.executescript(f"BEGIN IMMEDIATE; {step}; PRAGMA user_version = {number}; COMMIT;")

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Value] = ()) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        found: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return found

    def run(self, sql: str, values: Sequence[Value] = ()) -> int:
        """Run a statement that changes something; return the id of the row that was added, if one was."""
        return self._connection.execute(sql, values).lastrowid or 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the statements of the block as one: all or, when it raises, none."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file; nothing can be asked afterwards."""
        self._connection.close()
