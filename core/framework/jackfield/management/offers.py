"""What the marketplaces offer, all asked at the same time: for looking around, not for installing."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from jackfield.errors import JackfieldError, MarketError, MarketUnreachable, UnknownPlugin, UsageError
from jackfield.market import Found, FoundList, Marketplace, is_known

MOST = 100
"""How many plugins a marketplace tells in one answer."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What the marketplaces answered together; going through it gives the plugins.

    Args:
        plugins: in the order of the marketplaces, each with its address; an id that two hold is the first one's.
        total: how many fit in all, also those beyond the limit.
        unreachable: marketplaces that did not answer, each with the reason.
    """

    plugins: tuple[tuple[Found, str], ...] = ()
    total: int = 0
    unreachable: tuple[MarketUnreachable, ...] = ()

    def __iter__(self) -> Iterator[Found]:
        return (found for found, _marketplace in self.plugins)

    def __len__(self) -> int:
        return len(self.plugins)

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values; every plugin says its `marketplace`."""
        return {
            "total": self.total,
            "plugins": [{**msgspec.to_builtins(found), "marketplace": url} for found, url in self.plugins],
            "unreachable": [error.message for error in self.unreachable],
        }


async def search(urls: Sequence[str], query: str, *, category: str | None, app: str, limit: int) -> Findings:
    """Plugins that fit, at most `limit` in all; a marketplace that is down is named and the others count.

    Args:
        urls: the marketplaces.
        query: words; empty lists everything.
        category: only plugins of this one.
        app: only plugins for this application.
        limit: how many at most; no marketplace tells more than `MOST`.

    Raises:
        UsageError: no marketplace is configured.
        MarketUnreachable: none of them answered.
        MarketError: one answered nonsense.
    """
    if not urls:
        raise UsageError("no marketplace is configured")

    async def one(url: str) -> tuple[str, FoundList | MarketUnreachable]:
        async with Marketplace(url) as market:
            try:
                return market.url, await market.search(query, category, app, limit=min(limit, MOST))
            except MarketUnreachable as error:
                return market.url, error

    answers = await asyncio.gather(*(one(url) for url in urls))
    unreachable = tuple(answer for _, answer in answers if isinstance(answer, MarketUnreachable))
    if len(unreachable) == len(answers):
        raise unreachable[0]
    plugins: dict[str, tuple[Found, str]] = {}
    total = 0
    for url, answer in answers:
        if isinstance(answer, FoundList):
            new = {found.id: (found, url) for found in answer.plugins if found.id not in plugins}
            plugins.update(new)
            total += answer.total - (len(answer.plugins) - len(new))
    return Findings(tuple(plugins.values())[:limit], total, unreachable)


async def near_ids(urls: Sequence[str], plugin: str, *, app: str) -> list[str]:
    """Ids that somebody who typed `plugin` may have meant, the nearest first; empty where nobody can tell.

    Args:
        urls: the marketplaces.
        plugin: an id that none of them has.
        app: only plugins for this application.
    """

    async def ids(query: str) -> list[str]:
        try:
            return [found.id for found in await search(urls, query, category=None, app=app, limit=MOST)]
        except JackfieldError:
            return []

    by_words, by_beginning, every = await asyncio.gather(ids(plugin), ids(plugin[:3]), ids(""))
    near = difflib.get_close_matches(plugin, {*by_words, *by_beginning, *every}, n=3)
    return list(dict.fromkeys([*near, *by_words]))[:3]


async def offered_key(url: str, trust: Path, distribution: str, version: str) -> str | None:
    """The publisher's key that signed what a marketplace offers (its sha256), verified; None where none did.

    A marketplace that is known is held to what it signs; one that is not is only looked at, and remembered by nothing.

    Args:
        url: of the marketplace.
        trust: the folder in which marketplaces are remembered.
        distribution: that is offered.
        version: of it, as the marketplace spells it.

    Raises:
        MarketError: it does not answer, or what it says does not hold.
        WheelError: the signature does not hold.
    """
    from packaging.utils import canonicalize_name, canonicalize_version

    from jackfield.management.withheld import wheel_version

    async with Marketplace(url, trust=trust if is_known(trust, url) else None) as market:
        wanted = canonicalize_version(version)
        for file in await market.project(canonicalize_name(distribution)):
            if file.is_wheel and canonicalize_version(wheel_version(file.filename)) == wanted:
                signed = await market.attestation(file)
                return signed.key if signed is not None else None
    return None


class Answer(NamedTuple):
    """What marketplaces say of one plugin.

    Args:
        details: as the first that has it says; None where none has it or none answered.
        marketplace: which one that is, without the credentials that its address may hold.
        problem: why one could not be asked, or is not to be believed.
        key: sha256 of the publisher's key that signed the version that `details` is about.
    """

    details: dict[str, Any] | None = None
    marketplace: str | None = None
    problem: JackfieldError | None = None
    key: str | None = None


async def find_details(urls: Sequence[str], plugin: str, trust: Path) -> Answer:
    """Ask all marketplaces for a plugin; the first that has it counts.

    Args:
        urls: the marketplaces.
        plugin: its id.
        trust: the folder in which marketplaces are remembered.
    """
    if not urls:
        return Answer(problem=UsageError("no marketplace is configured"))

    async def one(url: str) -> tuple[str, dict[str, Any] | MarketError | None]:
        async with Marketplace(url) as market:
            try:
                answer: dict[str, Any] = msgspec.to_builtins(await market.plugin(plugin))
            except UnknownPlugin:
                return market.url, None
            except MarketError as error:
                return market.url, error
            return market.url, answer

    answers = await asyncio.gather(*(one(url) for url in urls))
    for url, (shown, details) in zip(urls, answers, strict=True):
        if isinstance(details, dict):
            try:
                key = await offered_key(url, trust, details["distribution"], details["version"])
            except JackfieldError as error:
                return Answer(details, shown, error)
            return Answer(details, shown, key=key)
    return Answer(problem=next((answer for _, answer in answers if isinstance(answer, MarketError)), None))
