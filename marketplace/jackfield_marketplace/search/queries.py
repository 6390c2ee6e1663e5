"""Lists of plugins: by words, by category, featured, newest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, column, func, select, table
from sqlalchemy.orm import Session

from jackfield_marketplace.db import Plugin, PluginCategory

LONGEST_QUERY = 200
_MOST_WORDS = 8
_WORD = re.compile(r"\w+")
_INDEX = table("plugin_search", column("rowid"), column("plugin_search"))


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a list: the plugins on it with their categories, and how many there are in all."""

    plugins: tuple[tuple[Plugin, tuple[str, ...]], ...]
    total: int


def search(
    session: Session,
    text: str = "",
    *,
    category: str | None = None,
    app: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> Found:
    """Plugins that have every word of `text` in id, name, summary or keywords, the most downloaded first.

    Words are matched from their beginning: `pol` finds `poll`. An id that is the whole text comes first.

    Args:
        session: one that reads.
        text: what was typed; at most 200 characters and 8 words of it count.
        category: a slug of the list.
        app: the host's app name.
        limit: of the page, at most 100.
        offset: of the page.
    """
    words = _WORD.findall(text[:LONGEST_QUERY])[:_MOST_WORDS]
    conditions: list[ColumnElement[bool]] = []
    if text.strip() and not words:
        return Found((), 0)
    if words:
        # Each word in quotes is a literal to FTS5: nothing that is typed can be one of its operators.
        match = " ".join(f'"{word}"*' for word in words)
        conditions.append(
            Plugin.project_id.in_(select(_INDEX.c.rowid).where(_INDEX.c.plugin_search.op("MATCH")(match)))
        )
    if category:
        conditions.append(
            Plugin.project_id.in_(select(PluginCategory.project_id).where(PluginCategory.category == category))
        )
    if app:
        conditions.append(Plugin.app == app)
    exact = "-".join(words).lower()
    found = session.scalars(
        select(Plugin)
        .where(*conditions)
        .order_by(case((Plugin.canonical_id == exact, 0), else_=1), Plugin.downloads.desc(), Plugin.canonical_id)
        .limit(max(1, min(limit, 100)))
        .offset(max(0, offset))
    ).all()
    total = session.scalar(select(func.count()).select_from(Plugin).where(*conditions)) or 0
    return Found(_with_categories(session, found), total)


def featured(session: Session, limit: int = 12) -> Found:
    """The plugins that the operator has put forward, in the operator's order."""
    chosen = session.scalars(
        select(Plugin).where(Plugin.featured_rank.is_not(None)).order_by(Plugin.featured_rank).limit(limit)
    ).all()
    return Found(_with_categories(session, chosen), len(chosen))


def newest(session: Session, limit: int = 12) -> Found:
    """The plugins that were published or updated last."""
    chosen = session.scalars(
        select(Plugin).order_by(Plugin.updated_at.desc(), Plugin.project_id.desc()).limit(limit)
    ).all()
    total = session.scalar(select(func.count()).select_from(Plugin)) or 0
    return Found(_with_categories(session, chosen), total)


def count_categories(session: Session) -> dict[str, int]:
    """Slug -> number of published plugins in it; empty ones are left out."""
    rows = session.execute(select(PluginCategory.category, func.count()).group_by(PluginCategory.category))
    return {slug: int(count) for slug, count in rows}


def _with_categories(session: Session, plugins: Sequence[Plugin]) -> tuple[tuple[Plugin, tuple[str, ...]], ...]:
    rows = session.execute(
        select(PluginCategory.project_id, PluginCategory.category)
        .where(PluginCategory.project_id.in_([plugin.project_id for plugin in plugins]))
        .order_by(PluginCategory.category)
    )
    by_plugin: dict[int, list[str]] = {}
    for project_id, category in rows:
        by_plugin.setdefault(project_id, []).append(category)
    return tuple((plugin, tuple(by_plugin.get(plugin.project_id, ()))) for plugin in plugins)
