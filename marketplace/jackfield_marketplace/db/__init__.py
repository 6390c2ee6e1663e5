"""The database: engine, tables, migrations."""

from jackfield_marketplace.db.engine import Database
from jackfield_marketplace.db.migrate import migrate
from jackfield_marketplace.db.tables import (
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

__all__ = [
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
]
