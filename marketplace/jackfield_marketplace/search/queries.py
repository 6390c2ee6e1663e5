"""Lists of plugins: by words, by category, featured, newest."""

from __future__ import annotations

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from jackfield_marketplace.catalog import app_facet, category_facet, count_plugins
from jackfield_marketplace.db import PluginCategory
from jackfield_marketplace.search.found import Found, load
from jackfield_marketplace.search.vocabulary import neighbours, terms_beginning
from jackfield_marketplace.search.words import match_expression, spellings, words_of

COUNTED = 1000
"""Up to how many finds are counted: to count all that have a common word costs more than to find the first."""

# The index is numbered by popularity: its own order is the order of the answer, and nothing is sorted.
_PAGE = """(
    SELECT rowid AS place FROM plugin_search WHERE plugin_search MATCH ? AND rowid != ? ORDER BY rowid LIMIT ? OFFSET ?
) AS page CROSS JOIN plugins ON plugins.rank = page.place ORDER BY page.place"""
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM plugin_search WHERE plugin_search MATCH ? LIMIT ?)"
_RANK = "SELECT rank FROM plugins WHERE canonical_id = ?"
_HAS = "SELECT 1 FROM plugin_search WHERE plugin_search MATCH ? AND rowid = ?"
_NOBODY = -1  # no plugin's rank


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

    Words are matched from their beginning: `pol` finds `poll`, in full-width letters, too. An id that is the whole text
    comes first. Where nothing has all the words, those of four letters and more may have one slip each: `wether` finds
    `weather`.

    Args:
        session: one that reads.
        typed: what was typed; at most 200 characters and 8 words of it count.
        category: a slug of the list.
        app: the host's app name.
        limit: of the page, at most 100.
        offset: of the page.

    Returns:
        the page; with words or filters, `total` is counted up to 1000.
    """
    words = words_of(typed)
    limit, offset = max(1, min(limit, 100)), max(0, offset)
    facets = [app_facet(app)] if app else []
    if category:
        facets.append(category_facet(category))
    if not words:
        return Found((), 0) if typed.strip() else _all(session, facets, limit, offset)
    connection = session.connection()
    spelt = [spellings(word) for word in words]
    groups = [[term for one in each for term in terms_beginning(connection, one)] for each in spelt]
    plain_id = "-".join(each[-1] for each in spelt)
    found = _matching(connection, match_expression(groups, facets), plain_id, limit, offset)
    if found.total:
        return found
    slips = [[other for one in each for other in neighbours(connection, one)] for each in spelt]
    if not any(slips):
        return found
    forgiving = [
        [*group, *(term for other in others for term in terms_beginning(connection, other))]
        for group, others in zip(groups, slips, strict=True)
    ]
    return _matching(connection, match_expression(forgiving, facets), None, limit, offset)


def _matching(connection: Connection, match: str, exact_id: str | None, limit: int, offset: int) -> Found:
    exact = None if exact_id is None else _rank_of(connection, exact_id, match)
    first = exact is not None and offset == 0
    limit -= first
    offset -= exact is not None and offset > 0
    plugins = load(connection, _PAGE, (match, _NOBODY if exact is None else exact, limit, offset))
    if len(plugins) < limit and (plugins or offset == 0):
        total = offset + len(plugins) + (exact is not None)  # the last page: nothing is left to count
    else:
        total = connection.exec_driver_sql(_COUNT, (match, COUNTED + 1)).scalar_one()
    if first and exact is not None:
        plugins = [*load(connection, "plugins WHERE rank = ?", (exact,)), *plugins]
    return Found(tuple(plugins), min(total, COUNTED), uncounted=total > COUNTED)


def _rank_of(connection: Connection, exact_id: str, match: str) -> int | None:
    """The number of the plugin with this id, if it is one of those that are asked for."""
    rank: int | None = connection.exec_driver_sql(_RANK, (exact_id,)).scalar()
    if rank is None or connection.exec_driver_sql(_HAS, (match, rank)).scalar() is None:
        return None
    return rank


def _all(session: Session, facets: list[str], limit: int, offset: int) -> Found:
    """Without words: everything, or all with these facets."""
    if facets:
        return _matching(session.connection(), match_expression([], facets), None, limit, offset)
    plugins = load(session.connection(), "plugins ORDER BY rank LIMIT ? OFFSET ?", (limit, offset))
    return Found(tuple(plugins), count_plugins(session))


def featured(session: Session, limit: int = 12) -> Found:
    """The plugins that the operator has put forward, in the operator's order."""
    source = "plugins WHERE featured_rank IS NOT NULL ORDER BY featured_rank LIMIT ?"
    chosen = load(session.connection(), source, (limit,))
    return Found(tuple(chosen), len(chosen))


def newest(session: Session, limit: int = 12) -> Found:
    """The plugins that were published or updated last."""
    source = "plugins ORDER BY updated_at DESC, project_id DESC LIMIT ?"
    return Found(tuple(load(session.connection(), source, (limit,))), count_plugins(session))


def count_categories(session: Session) -> dict[str, int]:
    """Slug -> number of published plugins in it; empty ones are left out."""
    rows = session.execute(select(PluginCategory.category, func.count()).group_by(PluginCategory.category))
    return {slug: int(count) for slug, count in rows}
