"""A plugin's own key-value store: JSON under text keys, in one SQLite file for each plugin (C14, C20, U40)."""

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

from jackfield.errors import StoreError, UsageError
from jackfield.storage.folders import make_private

MAXIMUM_VALUE_BYTES = 1 << 20
MAXIMUM_KEY_CHARACTERS = 512
BUSY_SECONDS = 5.0
"""How long a call waits for another process that writes the same file."""


class PluginDatabase:
    """JSON by key; what `set` and `delete` have returned from survives a power loss.

    The file is made at the first write and opened at the first use. Safe to use from several threads.

    Args:
        path: the SQLite file; its folder is made when needed.
        plugin: whose it is, for errors.
    """

    def __init__(self, path: Path, *, plugin: str | None = None) -> None:
        self._path = path
        self._plugin = plugin
        self._guard = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value under `key`, or `default`."""
        rows = self._read("SELECT value FROM entries WHERE key = ?", (key,))
        return json.loads(rows[0][0]) if rows else default

    def set(self, key: str, value: Any) -> None:
        """Keep `value` under `key`.

        Raises:
            UsageError: the value is not JSON or is larger than 1 MiB; the key is empty or longer than 512 characters.
            StoreError: the file cannot be written.
        """
        if not key or len(key) > MAXIMUM_KEY_CHARACTERS:
            raise UsageError(f"a key has 1 to {MAXIMUM_KEY_CHARACTERS} characters", plugin=self._plugin)
        try:
            text = json.dumps(value, allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(f"the value of {key} is not JSON: {error}", plugin=self._plugin) from error
        if len(text.encode()) > MAXIMUM_VALUE_BYTES:
            raise UsageError(f"the value of {key} is larger than {MAXIMUM_VALUE_BYTES} bytes", plugin=self._plugin)
        self._write(
            "INSERT INTO entries VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", key, text
        )

    def delete(self, key: str) -> None:
        """Forget `key`; one that is not there is no error."""
        if self._path.exists():
            self._write("DELETE FROM entries WHERE key = ?", key)

    def keys(self, prefix: str = "") -> list[str]:
        """Return the keys that start with `prefix`, sorted by code point."""
        rows = self._read("SELECT key FROM entries WHERE substr(key, 1, ?) = ? ORDER BY key", (len(prefix), prefix))
        return [row[0] for row in rows]

    def close(self) -> None:
        """Close the file, so that it can be copied; the next use opens it again."""
        with self._guard:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _read(self, statement: str, arguments: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._guard:
            if self._connection is None and not self._path.exists():
                return []  # reading makes no file
            try:
                return self._open().execute(statement, arguments).fetchall()
            except sqlite3.Error as error:
                raise self._broken(error) from error

    def _write(self, statement: str, *arguments: object) -> None:
        with self._guard:
            try:
                with self._open() as connection:
                    connection.execute(statement, arguments)
            except (sqlite3.Error, OSError) as error:
                raise self._broken(error) from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            make_private(self._path.parent)
            connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, check_same_thread=False)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")  # WAL's default may lose the last writes at power loss
                connection.execute("CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
                connection.commit()
            except sqlite3.Error:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _broken(self, error: Exception) -> StoreError:
        return StoreError(f"the storage of {self._plugin or self._path} failed: {error}", plugin=self._plugin)
