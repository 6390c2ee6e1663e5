"""The chat's SQLite database."""
