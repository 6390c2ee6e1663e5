"""The data folder, ready to work on: all that the operator's commands need of the application."""

from __future__ import annotations

from jackfield_marketplace.db import Database, migrate
from jackfield_marketplace.settings import Settings


def open_database(settings: Settings) -> Database:
    """Make what is missing of the data folder and return its database, brought to this version's tables.

    Raises:
        JackfieldError: the database is damaged or of a later version.
        OSError: the folder cannot be written.
    """
    settings.make_folders()
    database = Database(settings.database_url)
    migrate(database)
    return database
