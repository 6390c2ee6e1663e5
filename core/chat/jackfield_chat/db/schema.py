"""The tables, as the steps that led to them: step n brings a database of version n to version n + 1."""

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE accounts (
        name TEXT PRIMARY KEY,
        folded TEXT NOT NULL UNIQUE,
        password TEXT NOT NULL,
        role INTEGER NOT NULL,
        created_at REAL NOT NULL
    ) STRICT;
    CREATE TABLE sessions (
        token_hash BLOB PRIMARY KEY,
        account TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE,
        expires_at REAL NOT NULL
    ) STRICT;
    CREATE TABLE rooms (
        name TEXT PRIMARY KEY,
        topic TEXT NOT NULL DEFAULT '',
        created_at REAL NOT NULL
    ) STRICT;
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        room TEXT NOT NULL REFERENCES rooms(name) ON DELETE CASCADE,
        author TEXT NOT NULL,
        text TEXT NOT NULL,
        sent_at REAL NOT NULL,
        metadata TEXT NOT NULL DEFAULT '{}'
    ) STRICT;
    CREATE INDEX messages_by_room ON messages(room, id);
    """,
    """
    CREATE TABLE permits (
        who TEXT NOT NULL,
        permission TEXT NOT NULL,
        PRIMARY KEY (who, permission)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    ALTER TABLE accounts ADD COLUMN language TEXT;
    """,
)
