"""`jackfield search`."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import click

from jackfield.cli.options import command
from jackfield.cli.output import JsonObject
from jackfield.cli.session import Session
from jackfield.cli.words import counted, plural
from jackfield.errors import MarketUnreachable

_LIMIT = 50


@dataclass
class Findings:
    """What the marketplaces answered together.

    Args:
        plugins: in the order of the marketplaces; an id that two of them hold is the first one's.
        total: how many fit in all, also those beyond the limit.
        unreachable: marketplaces that did not answer, each with the reason.
    """

    plugins: list[JsonObject] = field(default_factory=list)
    total: int = 0
    unreachable: list[MarketUnreachable] = field(default_factory=list)


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
@click.option("--limit", type=click.IntRange(1, 1000), default=_LIMIT, show_default=True, help="Show at most so many.")
def search(session: Session, words: tuple[str, ...], category: str | None, limit: int) -> None:
    """Ask every marketplace; one that is down is named and the others count."""
    query = " ".join(words)
    urls = session.required_marketplaces()
    findings = asyncio.run(_ask(urls, query, category, session.host.name, limit))
    if len(findings.unreachable) == len(urls):
        raise findings.unreachable[0]
    output = session.output
    for error in findings.unreachable:
        output.note(f"warning: {error.message}; the other marketplaces were asked")
    output.data(
        {
            "app": session.host.name,
            "query": query,
            "category": category,
            "total": findings.total,
            "plugins": findings.plugins,
        }
    )
    output.table((), [_row(plugin) for plugin in findings.plugins], flexible=4)
    if not findings.plugins:
        output.line(f"No plugin fits {query!r}." if query else "The marketplace holds no plugins yet.")
    elif findings.total > len(findings.plugins):
        output.line(f"… {plural(findings.total - len(findings.plugins), 'plugin')} more: --limit {findings.total}")


async def _ask(urls: tuple[str, ...], query: str, category: str | None, app: str, limit: int) -> Findings:
    """Ask the marketplaces at the same time and put their answers together in their order."""
    from jackfield.market import FoundList, Marketplace

    async def one(url: str) -> FoundList | MarketUnreachable:
        async with Marketplace(url) as market:
            try:
                return await market.search(query, category, app, limit=limit)
            except MarketUnreachable as error:
                return error

    findings = Findings()
    seen: set[str] = set()
    answers = await asyncio.gather(*(one(url) for url in urls))
    for url, answer in zip(urls, answers, strict=True):
        if isinstance(answer, MarketUnreachable):
            findings.unreachable.append(answer)
            continue
        new = [found for found in answer.plugins if found.id not in seen]
        seen.update(found.id for found in new)
        findings.total += answer.total - (len(answer.plugins) - len(new))
        findings.plugins += [{**_mapping(found), "marketplace": url} for found in new]
    del findings.plugins[limit:]
    return findings


def _mapping(found: Any) -> JsonObject:
    """The marketplace's own words as plain data."""
    import msgspec

    mapping: JsonObject = msgspec.to_builtins(found)
    return mapping


def _row(plugin: JsonObject) -> tuple[str, str, str, str, str, str]:
    publisher = f"✓ {plugin['publisher']}" if plugin["publisher"] else ""
    downloads = counted(plugin["downloads"], "download") if plugin["downloads"] else ""
    return plugin["id"], plugin["version"], plugin["isolation"], publisher, plugin["summary"], downloads
