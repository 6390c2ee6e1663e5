"""The chat's SQLite database."""

from jackfield_chat.db.database import Database, DatabaseError

__all__ = ["Database", "DatabaseError"]
