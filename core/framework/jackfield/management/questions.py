"""What is asked of marketplaces once for a plan, also where it is asked for before it is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from jackfield.manifest import File
from jackfield.market import ChangelogEntry, Details, Marketplace

SENT_SECONDS = 0.005
"""How long is waited at most for questions to be on their way: a marketplace that is further away takes longer."""

_Answer = TypeVar("_Answer")


class Questions:
    """The questions of one plan; each is a task that all who need its answer wait for.

    Args:
        markets: url -> marketplace.
    """

    def __init__(self, markets: Mapping[str, Marketplace]) -> None:
        self._markets = markets
        self._asked: dict[tuple[str, ...], asyncio.Task[Any]] = {}

    def details(self, plugin: str, url: str) -> asyncio.Task[Details]:
        """What a marketplace says of a plugin."""
        return self._once(("details", url, plugin), lambda: self._markets[url].plugin(plugin))

    def asked_details(self, plugin: str, url: str) -> bool:
        """Whether that was asked already."""
        return ("details", url, plugin) in self._asked

    def page(self, distribution: str, url: str) -> asyncio.Task[list[File]]:
        """The files of a distribution."""
        return self._once(("page", url, distribution), lambda: self._markets[url].project(distribution))

    def news(self, plugin: str, url: str, since: str) -> asyncio.Task[list[ChangelogEntry]]:
        """What changed after a version."""
        return self._once(("news", url, plugin, since), lambda: self._markets[url].changelog(plugin, since))

    async def sent(self) -> None:
        """Have what was asked go its way, for who has something to do meanwhile that keeps the event loop."""
        if self._asked:
            with suppress(TimeoutError):
                async with asyncio.timeout(SENT_SECONDS):
                    await asyncio.gather(*(self._markets[url].sent() for url in {key[1] for key in self._asked}))

    async def aclose(self) -> None:
        """Give up what nobody waits for any more."""
        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)

    def _once(self, key: tuple[str, ...], ask: Callable[[], Coroutine[Any, Any, _Answer]]) -> asyncio.Task[_Answer]:
        if key not in self._asked:
            self._asked[key] = asyncio.ensure_future(ask())
        return self._asked[key]
