"""The order in which search finds plugins: the full-text index is numbered by it, so that a page needs no sorting."""

from __future__ import annotations

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from jackfield_marketplace.db import Plugin

_TEXTS = "plugin_id, name, summary, keywords, facets"
_NUMBER = """
UPDATE plugins SET rank = placed.place FROM (
    SELECT project_id, row_number() OVER (ORDER BY downloads DESC, canonical_id) AS place FROM plugins
) AS placed WHERE placed.project_id = plugins.project_id
"""
_EMPTY = "INSERT INTO plugin_search (plugin_search) VALUES ('delete-all')"
# In the order of the numbers: FTS5 writes its whole buffer out each time that one is lower than the one before.
_FILL = f"INSERT INTO plugin_search (rowid, {_TEXTS}) SELECT rank, {_TEXTS} FROM plugins ORDER BY rank"  # noqa: S608  # words of this file


def rank_plugins(session: Session) -> bool:
    """Number the plugins by downloads, and the full-text index with them; without work where the order holds.

    A new plugin comes last until this is called. A hundred thousand plugins take a few seconds.

    Args:
        session: one that writes.

    Returns:
        whether anything changed.
    """
    place = func.row_number().over(order_by=(Plugin.downloads.desc(), Plugin.canonical_id))
    placed = select(Plugin.rank, place.label("place")).subquery()
    if session.scalar(select(placed.c.rank).where(placed.c.rank != placed.c.place).limit(1)) is None:
        return False
    session.execute(text(_NUMBER))
    session.execute(text(_EMPTY))
    session.execute(text(_FILL))
    session.expire_all()
    return True


def count_plugins(session: Session) -> int:
    """How many plugins are shown."""
    return session.scalar(select(func.count()).select_from(Plugin)) or 0
