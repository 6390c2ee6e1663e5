"""`jackfield search`."""

import asyncio

import click

from jackfield.cli.options import command
from jackfield.cli.output import JsonObject
from jackfield.cli.session import Session
from jackfield.cli.words import counted, plural
from jackfield.permissions import isolation_of

_NARROW = 60  # columns of a terminal in which the summary has no room beside all else
_LIMIT = 50
_MOST = 100  # what a marketplace tells in one answer


@command(
    "search",
    told="Find plugins in the marketplace.\n\nWithout words all of them are listed.",
    examples=[
        ("poll", "plugins about polls"),
        ("--category fun", "one category"),
        ("vote --json", "for a program"),
    ],
)
@click.argument("words", nargs=-1)
@click.option("--category", metavar="NAME", help="Only plugins of this category.")
@click.option("--limit", type=click.IntRange(1, _MOST), default=_LIMIT, show_default=True, help="Show at most so many.")
def search(session: Session, words: tuple[str, ...], category: str | None, limit: int) -> None:
    """Ask every marketplace; one that is down is named and the others count."""
    query = " ".join(words)
    session.required_marketplaces()
    found = asyncio.run(session.management.search(query, category=category, limit=limit)).to_mapping()
    output = session.output
    for message in found["unreachable"]:
        output.note(f"warning: {message}; the other marketplaces were asked")
    output.data({"app": session.host.name, "query": query, "category": category, **found})
    plugins = found["plugins"]
    grade = session.management.inventory().grade if plugins else None
    rows = [_row(one, isolation_of(one["isolation"], None, grade, plugin=one["id"]).isolation) for one in plugins]
    if output.columns is not None and output.columns < _NARROW:
        output.table((), [(name, version, where, summary) for name, version, where, _, summary, _ in rows], whole=True)
    else:
        output.table((), rows, flexible=4)
    if not plugins:
        output.line(_nothing(query, category))
    elif found["total"] > len(plugins):
        more = found["total"] - len(plugins)
        way = f"--limit {found['total']}" if found["total"] <= _MOST else "more words find fewer"
        output.line(f"… {plural(more, 'plugin')} more: {way}")


def _nothing(query: str, category: str | None) -> str:
    if category is not None:
        return f"No plugin of the category {category!r} {f'fits {query!r}' if query else 'is there'}."
    return f"No plugin fits {query!r}." if query else "The marketplace holds no plugins yet."


def _row(plugin: JsonObject, runs: str) -> tuple[str, str, str, str, str, str]:
    publisher = f"✓ {plugin['publisher']}" if plugin["publisher"] else ""
    downloads = counted(plugin["downloads"], "download") if plugin["downloads"] else ""
    return plugin["id"], plugin["version"], runs, publisher, plugin["summary"], downloads
