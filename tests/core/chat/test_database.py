"""The chat's SQLite file."""

import sqlite3
from pathlib import Path

import pytest
from jackfield_chat.db import Database, DatabaseError


def test_the_file_is_in_write_ahead_mode_and_opens_again(tmp_path: Path) -> None:
    path = tmp_path / "chat.sqlite"
    Database(path).close()
    database = Database(path)
    mode = database.row("PRAGMA journal_mode")
    assert mode is not None
    assert mode[0] == "wal"
    database.close()


def test_a_transaction_that_raises_changes_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "chat.sqlite")

    def fail_half_way() -> None:
        with database.transaction():
            database.run("INSERT INTO rooms (name, created_at) VALUES ('x', 0)")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert database.rows("SELECT * FROM rooms") == []
    database.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "chat.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(DatabaseError, match=r"chat\.sqlite cannot be used"):
        Database(path)


def test_a_database_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "chat.sqlite"
    Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DatabaseError, match="later version"):
        Database(path)


def test_nobody_else_on_the_machine_reads_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "chat.sqlite3")
    database.run("DELETE FROM sessions")
    modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
    database.close()
    assert "chat.sqlite3-wal" in modes
    assert set(modes.values()) == {0}
