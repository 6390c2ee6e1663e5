"""Brings a database to the tables of this version."""

from __future__ import annotations

from jackfield.errors import JackfieldError
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError

from jackfield_marketplace.db.engine import Database

HEAD = "0011"  # the newest revision in migrations/versions; a test holds it to Alembic's own answer


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

    Raises:
        JackfieldError: the database is of a later version, or is damaged.
    """
    if revision(database) == HEAD:
        return
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
