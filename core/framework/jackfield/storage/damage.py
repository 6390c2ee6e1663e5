"""Whether a plugin's database can still be read, as SQLite says."""

import sqlite3
from contextlib import closing
from pathlib import Path

BUSY_SECONDS = 1.0
"""How long whoever looks waits for a host that writes the file."""


def is_damage(error: BaseException) -> bool:
    """Say whether an error of SQLite means that the file is spoilt: no other try will do better."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # extended codes hold the plain one below
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def damage_of(path: Path) -> str:
    """Return what is wrong with a database, in SQLite's words; empty where nothing is, or nobody can say.

    It is opened for reading alone, so a host may go on with it. A gigabyte takes some seconds.

    Args:
        path: the file; one that is not there is not damaged.
    """
    if not path.is_file():
        return ""
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as connection:
            (told,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error) if is_damage(error) else ""
    return "" if told == "ok" else " ".join(str(told).split())
