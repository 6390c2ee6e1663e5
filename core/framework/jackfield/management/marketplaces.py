"""The marketplaces of one profile: in which order they are asked, how each is known, and what is demanded of it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jackfield.errors import MarketError, UsageError
from jackfield.management.signatures import DEFAULT, PREFIX, Demand, demand_key, demand_of, demands
from jackfield.market import Marketplace, Remembered, forget, pin, plain_address, remembered
from jackfield.storage import State
from jackfield.store import Layout


@dataclass(frozen=True, slots=True)
class MarketplaceReport:
    """One marketplace, or another source for which something is demanded.

    Args:
        url: its address, an upstream's, or `file`.
        place: when it is asked: 1 first; None where it is not asked. A name belongs to the first that holds it.
        known: what is known of it; None where it was not met yet, or signs nothing.
        demand: what has to be signed of what comes from it.
        own_demand: whether that is demanded of it by name, not of all.
        plugins: ids of the installed plugins that came from it.
    """

    url: str
    place: int | None
    known: Remembered | None
    demand: Demand
    own_demand: bool
    plugins: tuple[str, ...]

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "url": self.url,
            "place": self.place,
            "known": self.known.to_mapping() if self.known is not None else None,
            "demand": self.demand,
            "own_demand": self.own_demand,
            "plugins": list(self.plugins),
        }


class Marketplaces:
    """What is known and demanded of marketplaces; nothing but `pin` asks one.

    Args:
        layout: where the profile lies.
        state: holds the demands.
        urls: the marketplaces that are asked, in order.
        sources: id -> source, of the installed plugins.
    """

    def __init__(self, layout: Layout, state: State, urls: Sequence[str], sources: dict[str, str]) -> None:
        self._trust = layout.root / "trust"
        self._state = state
        self._asked = [plain_address(url) for url in urls]
        self._sources = sources

    @property
    def demand(self) -> Demand:
        """What is demanded of every source that has no demand of its own."""
        return demand_of(self._state, DEFAULT)

    def report(self) -> list[MarketplaceReport]:
        """Those that are asked in their order, then what else is known, demanded or was installed from."""
        known = {one.url: one for one in remembered(self._trust)}
        own = demands(self._state)
        others = {*known, *own, *(source for source in self._sources.values() if "://" in source)}
        named = [*dict.fromkeys(self._asked), *sorted(others - {*self._asked, DEFAULT})]
        return [
            MarketplaceReport(
                url=url,
                place=self._asked.index(url) + 1 if url in self._asked else None,
                known=known.get(url),
                demand=demand_of(self._state, url),
                own_demand=url in own,
                plugins=tuple(sorted(one for one, source in self._sources.items() if source == url)),
            )
            for url in named
        ]

    def forget(self, url: str) -> None:
        """Forget the root of a marketplace, so that the next plan meets it anew and shows what it finds.

        Raises:
            UsageError: nothing is known of that address.
            TrustError: another program is reading what is known of it.
        """
        if not forget(self._trust, url):
            raise UsageError(f"nothing is known of {plain_address(url)}", hint="jackfield trust")

    async def pin(self, address: str) -> Remembered:
        """Know a marketplace by the root that its address names, from now on, and what it has revoked.

        Raises:
            UsageError: the address names no root.
            TrustError: it has another root, or what it says does not hold; what was known stays.
            MarketError: it does not answer.
        """
        known = await pin(self._trust, address)
        with contextlib.suppress(MarketError):  # the list of before counts until this one comes
            async with Marketplace(address, trust=self._trust) as market:
                await market.revocations()
        return known

    def require(self, demand: str, source: str | None, *, by: str) -> None:
        """Demand signatures of all that is installed from now on.

        Args:
            demand: `nothing`, `marketplace` or `publisher`; `default` to take back what was demanded of one source.
            source: a marketplace, an upstream or `file`; None for all that have no demand of their own.
            by: who demands it.

        Raises:
            UsageError: there is no such demand, or no such source.
        """
        named = DEFAULT if source is None else _source(source)
        if demand == DEFAULT and source is not None:
            self._state.change({f"{PREFIX}{named}": None}, by=by, why=f"demand of {named} what is demanded of all")
            return
        whom = "all sources" if source is None else named
        self._state.change(demand_key(demand, named), by=by, why=f"demand signatures of {whom}: {demand}")


def _source(text: str) -> str:
    if text != "file" and "://" not in text:
        raise UsageError(f"{text} is no source", hint="the address of a marketplace or an upstream, or file")
    return text if text == "file" else plain_address(text)
