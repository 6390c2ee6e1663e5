"""Brings a database to the tables of this version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jackfield.errors import JackfieldError
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError

from jackfield_marketplace.db.engine import Database
from jackfield_marketplace.db.ownership import held_file

HEAD = "0011"  # the newest revision in migrations/versions; a test holds it to Alembic's own answer
_TURN_SECONDS = 120.0  # for whoever brings a large database to this version in another process


def revision(database: Database) -> str | None:
    """The revision that the database is at, or None for an empty one.

    Raises:
        JackfieldError: the file is no database.
    """
    try:
        with database.engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except DatabaseError as exc:
        raise JackfieldError(
            f"the database cannot be read: {exc.orig}", hint=f"see {database.engine.url.database}"
        ) from exc


def migrate(database: Database) -> None:
    """Make the tables, or bring older ones to this version; without work where they are up to date.

    Processes that start at the same moment take turns: one does it, the others find it done.

    Raises:
        JackfieldError: the database is of a later version, or is damaged; or another process is at it for two minutes.
        OSError: the folder cannot be written.
    """
    if revision(database) == HEAD:
        return
    with _turn(database.engine.url.database):
        if revision(database) != HEAD:
            _upgrade(database)


def _upgrade(database: Database) -> None:
    # Alembic takes some 15 MiB: a server that finds its tables in order does without.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "jackfield_marketplace:db/migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["engine"] = database.engine
    try:
        command.upgrade(config, "head")
    except CommandError as exc:
        raise JackfieldError(f"the database cannot be brought to revision {HEAD}: {exc}") from exc


@contextmanager
def _turn(file: str | None) -> Iterator[None]:
    """Hold a lock beside the database: SQLite's own ends with each revision, and another's may begin in between."""
    if not file or file == ":memory:":
        yield
        return
    import filelock  # only for who migrates

    try:
        lock = held_file(Path(f"{file}-migrating"), _TURN_SECONDS)
    except filelock.Timeout as exc:
        raise JackfieldError(
            f"another process is bringing {file} to the tables of this version", hint="try again when it has ended"
        ) from exc
    try:
        yield
    finally:
        lock.release()
