"""What a list tells of a plugin, and the way to load it: plain rows, where objects of the mapper take half the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class FoundPlugin:
    """A plugin as lists show it; the fields mean what those of `db.Plugin` mean."""

    updated_at: datetime
    plugin_id: str
    name: str
    summary: str
    version: str
    publisher: str
    isolation: str
    app: str
    distribution: str
    downloads: int


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a list: the plugins on it with their categories, and how many there are in all.

    `uncounted` tells that there are more than `total`.
    """

    plugins: tuple[tuple[FoundPlugin, tuple[str, ...]], ...]
    total: int
    uncounted: bool = False


_LOAD = """
SELECT updated_at, (
    SELECT group_concat(category, ' ') FROM (
        SELECT category FROM plugin_categories WHERE project_id = plugins.project_id ORDER BY category
    )
), plugin_id, name, summary, version, publisher, isolation, app, distribution, downloads FROM
"""


def load(
    connection: Connection, source: str, values: tuple[str | int, ...]
) -> list[tuple[FoundPlugin, tuple[str, ...]]]:
    """Load plugins with their categories.

    Args:
        connection: one that reads.
        source: what follows FROM; the plugins' table is called `plugins` in it. SQL of this package, nothing typed.
        values: for its question marks.
    """
    rows = connection.exec_driver_sql(_LOAD + source, values).all()
    return [_found(*row) for row in rows]


def _found(updated_at: str, categories: str | None, *shown: Any) -> tuple[FoundPlugin, tuple[str, ...]]:
    # As `db.UtcDateTime` writes a time: in UTC, which SQLite does not note.
    updated = datetime.fromisoformat(updated_at).replace(tzinfo=UTC)
    return FoundPlugin(updated, *shown), tuple((categories or "").split())
