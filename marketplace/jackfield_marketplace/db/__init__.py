"""The database: engine, tables, migrations."""

from jackfield_marketplace.db.engine import Database
from jackfield_marketplace.db.log import NotKept
from jackfield_marketplace.db.migrate import migrate
from jackfield_marketplace.db.ownership import held_file, make_private, make_private_folder, way_in
from jackfield_marketplace.db.prepared import Direct, Prepared
from jackfield_marketplace.db.tables import (
    Catalogue,
    Content,
    Download,
    File,
    FileState,
    Plugin,
    PluginCategory,
    Project,
    Release,
    Report,
    RevocationList,
    Revoked,
    RevokedPart,
    SignedMetadata,
    SignedRole,
    SignedTarget,
    Stage,
    Table,
    Token,
    UnsignedProject,
    User,
    now,
)
from jackfield_marketplace.db.words import plain_words

__all__ = [
    "Catalogue",
    "Content",
    "Database",
    "Direct",
    "Download",
    "File",
    "FileState",
    "NotKept",
    "Plugin",
    "PluginCategory",
    "Prepared",
    "Project",
    "Release",
    "Report",
    "RevocationList",
    "Revoked",
    "RevokedPart",
    "SignedMetadata",
    "SignedRole",
    "SignedTarget",
    "Stage",
    "Table",
    "Token",
    "UnsignedProject",
    "User",
    "held_file",
    "make_private",
    "make_private_folder",
    "migrate",
    "now",
    "plain_words",
    "way_in",
]
