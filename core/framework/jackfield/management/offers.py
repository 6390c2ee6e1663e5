"""What the marketplaces offer, all asked at the same time: for looking around, not for installing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from jackfield.errors import JackfieldError, MarketError, MarketUnreachable, UnknownPlugin, UsageError
from jackfield.market import Found, Marketplace


async def search(urls: Sequence[str], query: str, *, category: str | None, app: str, limit: int) -> list[Found]:
    """Plugins that fit, in the order of the marketplaces; an id that two of them hold is the first one's.

    Args:
        urls: the marketplaces.
        query: words; empty lists everything.
        category: only plugins of this one.
        app: only plugins for this application.
        limit: how many at most of each marketplace.

    Raises:
        UsageError: no marketplace is configured.
        MarketUnreachable: none of them answered.
    """
    if not urls:
        raise UsageError("no marketplace is configured")

    async def one(url: str) -> list[Found] | MarketUnreachable:
        async with Marketplace(url) as market:
            try:
                return (await market.search(query, category, app, limit=limit)).plugins
            except MarketUnreachable as error:
                return error

    answers = await asyncio.gather(*(one(url) for url in urls))
    problems = [answer for answer in answers if isinstance(answer, MarketUnreachable)]
    if len(problems) == len(answers):
        raise problems[0]
    found: dict[str, Found] = {}
    for answer in answers:
        if not isinstance(answer, MarketUnreachable):
            for plugin in answer:
                found.setdefault(plugin.id, plugin)
    return [*found.values()]


async def find_details(
    urls: Sequence[str], plugin: str
) -> tuple[dict[str, Any] | None, str | None, JackfieldError | None]:
    """What the first marketplace that has a plugin says, which one that is, and why none could be asked.

    Args:
        urls: the marketplaces.
        plugin: its id.
    """
    if not urls:
        return None, None, UsageError("no marketplace is configured")

    async def one(url: str) -> dict[str, Any] | MarketError | None:
        async with Marketplace(url) as market:
            try:
                answer: dict[str, Any] = msgspec.to_builtins(await market.plugin(plugin))
            except UnknownPlugin:
                return None
            except MarketError as error:
                return error
            return answer

    answers = await asyncio.gather(*(one(url) for url in urls))
    for url, answer in zip(urls, answers, strict=True):
        if isinstance(answer, dict):
            return answer, url, None
    return None, None, next((answer for answer in answers if isinstance(answer, MarketError)), None)
