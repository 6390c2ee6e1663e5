"""The database: engine, tables, migrations."""

from jackfield_marketplace.db.engine import Database
from jackfield_marketplace.db.migrate import migrate
from jackfield_marketplace.db.tables import (
    Catalogue,
    Download,
    File,
    FileState,
    Plugin,
    PluginCategory,
    Project,
    Release,
    Table,
    Token,
    User,
    now,
)
from jackfield_marketplace.db.words import plain_words

__all__ = [
    "Catalogue",
    "Database",
    "Download",
    "File",
    "FileState",
    "Plugin",
    "PluginCategory",
    "Project",
    "Release",
    "Table",
    "Token",
    "User",
    "migrate",
    "now",
    "plain_words",
]
