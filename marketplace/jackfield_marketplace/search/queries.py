"""Lists of plugins: by words, by category, featured, newest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from jackfield_marketplace.catalog import app_facet, category_facet
from jackfield_marketplace.db import Plugin, PluginCategory
from jackfield_marketplace.search.words import match_expression, neighbours, words_of

COUNTED = 1000
"""Up to how many finds are counted: to count all that have a common word costs more than to find the first."""

# The index is numbered by popularity: its own order is the order of the answer, and nothing is sorted.
_FIND = text(
    "SELECT rowid FROM plugin_search WHERE plugin_search MATCH :match AND rowid != :besides"
    " ORDER BY rowid LIMIT :limit OFFSET :offset"
)
_COUNT = text("SELECT count(*) FROM (SELECT 1 FROM plugin_search WHERE plugin_search MATCH :match LIMIT :most)")


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a list: the plugins on it with their categories, and how many there are in all."""

    plugins: tuple[tuple[Plugin, tuple[str, ...]], ...]
    total: int


def search(
    session: Session,
    typed: str = "",
    *,
    category: str | None = None,
    app: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> Found:
    """Plugins that have every word of `typed` in id, name, summary or keywords, the most downloaded first.

    Words are matched from their beginning: `pol` finds `poll`. An id that is the whole text comes first. Where nothing
    has all the words, those of four letters and more may have one slip each: `wether` finds `weather`.

    Args:
        session: one that reads.
        typed: what was typed; at most 200 characters and 8 words of it count.
        category: a slug of the list.
        app: the host's app name.
        limit: of the page, at most 100.
        offset: of the page.

    Returns:
        the page; `total` is counted up to 1000.
    """
    words = words_of(typed)
    limit, offset = max(1, min(limit, 100)), max(0, offset)
    facets = [app_facet(app)] if app else []
    if category:
        facets.append(category_facet(category))
    if not words:
        return Found((), 0) if typed.strip() else _all(session, facets, limit, offset)
    match = match_expression([[word] for word in words], facets)
    found = _matching(session, match, "-".join(words), limit, offset)
    if found.total:
        return found
    slips = [[word, *neighbours(session, word)] for word in words]
    if all(len(group) == 1 for group in slips):
        return found
    return _matching(session, match_expression(slips, facets), None, limit, offset)


def _matching(session: Session, match: str, exact_id: str | None, limit: int, offset: int) -> Found:
    total = session.scalar(_COUNT, {"match": match, "most": COUNTED}) or 0
    if not total:
        return Found((), 0)
    exact = None
    if exact_id is not None:
        candidate = session.scalar(select(Plugin).where(Plugin.canonical_id == exact_id))
        if candidate is not None and _has(session, match, candidate.rank):
            exact = candidate
    first = exact is not None and offset == 0
    page = {
        "match": match,
        "besides": exact.rank if exact is not None else -1,
        "limit": limit - first,
        "offset": offset - (exact is not None and offset > 0),
    }
    ranks = list(session.scalars(_FIND, page))
    plugins = session.scalars(select(Plugin).where(Plugin.rank.in_(ranks)).order_by(Plugin.rank)).all()
    return Found(_with_categories(session, [*([exact] if exact is not None and first else []), *plugins]), total)


def _has(session: Session, match: str, rank: int) -> bool:
    asked = text("SELECT 1 FROM plugin_search WHERE plugin_search MATCH :match AND rowid = :rank")
    return session.scalar(asked, {"match": match, "rank": rank}) is not None


def _all(session: Session, facets: list[str], limit: int, offset: int) -> Found:
    """Without words: everything, or all with these facets."""
    if facets:
        return _matching(session, match_expression([], facets), None, limit, offset)
    plugins = session.scalars(select(Plugin).order_by(Plugin.rank).limit(limit).offset(offset)).all()
    total = session.scalar(select(func.count()).select_from(Plugin)) or 0
    return Found(_with_categories(session, plugins), total)


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
