"""Who stands behind each file of a lock or bundle: a marketplace of the user, or nobody.

A lock is written by anybody. What a marketplace of the user holds is taken as that marketplace has it and in no other
way, whatever the lock says about where it comes from (design §9: one name comes from one source). What none of them
holds, and none of them leads to, is taken only where the user names it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name

from jackfield.errors import MarketUnreachable, TrustError
from jackfield.management.locked import LockedCatalog
from jackfield.management.specs import canonical
from jackfield.management.vouching import project_with, refuse_unsigned
from jackfield.manifest import Pin
from jackfield.market import (
    Marketplace,
    Proven,
    Word,
    proven_elsewhere,
    remembered_elsewhere,
    remembered_word,
    word_of_proven,
)


class Backing:
    """Asks for the files of one lock.

    Args:
        catalog: the user's marketplaces.
        trust: the folder in which they are remembered.
        proven: what a bundle carries that they signed, verified; None for a lock without files, for which they are
            asked.
        allow: names of distributions and plugins that are taken though nobody vouches for them.

    Attributes:
        words: sha256 -> what the marketplace said that vouches for a file.
    """

    def __init__(
        self, catalog: LockedCatalog, trust: Path, proven: Mapping[str, Proven] | None, allow: Collection[str]
    ) -> None:
        self._catalog = catalog
        self._trust = trust
        self._proven = proven
        self._allowed = {canonicalize_name(one) for one in allow}
        self.words: dict[str, Word] = {}

    async def require(self, pins: Iterable[Pin]) -> list[str]:
        """Hold files to whoever stands behind them; returns what a user has to be told.

        Args:
            pins: those that are not installed already.

        Raises:
            TrustError: a marketplace holds a name, and not this file; or nobody vouches for one, and it is not allowed.
            MarketError: one has to be asked, and does not answer.
        """
        asked = list(pins)
        doubts = await asyncio.gather(*(self._doubt(pin) for pin in asked))
        found = [(pin, doubt) for pin, doubt in zip(asked, doubts, strict=True) if doubt is not None]
        refused = {pin.distribution: (pin, doubt) for pin, doubt in found if not self._is_allowed(pin)}
        if refused:
            (first, _), names = next(iter(refused.values())), sorted(refused)
            raise TrustError(
                "no marketplace of yours vouches for " + "; ".join(doubt for _, (_, doubt) in sorted(refused.items())),
                plugin=first.id,
                hint="nothing was changed; to take it at the hash that the lock names all the same: "
                + " ".join(f"--allow-unsigned {name}" for name in names),
            )
        return [
            f"taken because you allow it, though no marketplace of yours vouches for it: {told}" for _, told in found
        ]

    async def _doubt(self, pin: Pin) -> str | None:
        """Why nobody stands behind a file, a name and the reason; None where somebody does.

        Raises:
            TrustError: a marketplace holds the name, and not this file.
        """
        before, own = self._catalog.goes_before(pin), self._catalog.marketplace(pin.source)
        markets = (*before, *([own] if own is not None else []))
        words = dict(zip(markets, await asyncio.gather(*(self._word(one, pin) for one in markets)), strict=True))
        has_id = dict(zip(before, await asyncio.gather(*(self._has_id(one, pin) for one in before)), strict=True))
        holder = next((market for market in before if has_id[market]), None)
        if holder is not None:
            return self._id_shadow(pin, holder)
        silent = [market.url for market in before if words[market] is None or has_id[market] is None]
        for market, word in words.items():
            if word is None or not word.holds:
                continue
            if not word.vouches:
                return self._shadow(pin, market)
            if not silent:
                self.words[pin.file.sha256] = word
                return None
        told = words[own] if own is not None else None
        if not silent and self._is_let_by(pin, told):
            return None
        if told is not None and pin.file.upstream is None and not silent:
            raise refuse_unsigned(pin)
        return _doubted(pin, silent or ([pin.source] if own is not None and told is None else []))

    def _shadow(self, pin: Pin, market: Marketplace) -> str:
        """What to say where a marketplace holds the name and not this file; only a plugin of one's own may be allowed.

        Raises:
            TrustError: it is no such plugin, or not allowed.
        """
        if market.url == pin.source and pin.file.upstream is None:
            raise refuse_unsigned(pin)
        if pin.source == "file" and pin.id is not None and self._is_allowed(pin):
            return f"{pin.distribution} (from a file; {market.url} holds that name)"
        raise _refuse_shadow(pin, market.url)

    def _id_shadow(self, pin: Pin, holder: Marketplace) -> str:
        """The same where a marketplace has the plugin's id in another distribution.

        Raises:
            TrustError: it does not come from a file, or is not allowed.
        """
        if pin.source == "file" and self._is_allowed(pin):
            return f"{pin.id} (from a file; {holder.url} has a plugin of that id)"
        raise TrustError(
            f"{holder.url} has the plugin {pin.id}, and not in {pin.distribution}, "
            f"which the lock says comes from {_where(pin)}",
            plugin=pin.id,
            hint="nothing was changed; an id that a marketplace of yours has comes from there alone: "
            "ask whoever made the lock",
        )

    def _is_let_by(self, pin: Pin, word: Word | None) -> bool:
        """Whether a file whose name no marketplace of the user holds comes from where it may come from."""
        if pin.file.upstream is not None:
            return word is not None and word.sends
        if pin.source == "file":
            # A plugin from a file is one: the plan says so, and its grant is bound to that.
            return pin.id is not None
        # Whoever is not the user's, and was met for the first time, is shown with the root that signed it.
        proven = (self._proven or {}).get(pin.source)
        signed = word_of_proven(proven, pin.distribution, pin.file) if proven is not None else None
        if signed is not None:
            self.words[pin.file.sha256] = signed
        return signed is not None

    async def _word(self, market: Marketplace, pin: Pin) -> Word | None:
        """What a marketplace says; None where nobody knows. In a bundle, which may be old, what is known counts too."""
        if self._proven is None:
            return await market.word_on(pin.distribution, pin.file)
        known = self._known(market, pin)
        if any(word.holds for word in known):
            return max(known, key=lambda word: (word.vouches, word.holds))
        try:
            return await market.word_on(pin.distribution, pin.file)
        except MarketUnreachable:
            return next(iter(self._known(market, pin)), None)

    async def _has_id(self, market: Marketplace, pin: Pin) -> bool | None:
        """Whether a marketplace has a plugin's id in another distribution than the lock; None where nobody knows."""
        if pin.id is None:
            return False
        cid, known = canonical(pin.id), list[bool]()
        if self._proven is not None:
            carried = self._proven.get(market.url)
            told = (
                remembered_elsewhere(self._trust, market.url, cid, pin.distribution),
                proven_elsewhere(carried, cid, pin.distribution) if carried is not None else None,
            )
            known = [one for one in told if one is not None]
        if any(known):
            return True
        try:
            return await project_with(market, cid) not in (None, pin.distribution)
        except MarketUnreachable:
            if self._proven is None:
                raise
            return False if known else None

    def _known(self, market: Marketplace, pin: Pin) -> Sequence[Word]:
        carried = (self._proven or {}).get(market.url)
        words = (
            remembered_word(self._trust, market.url, pin.distribution),
            word_of_proven(carried, pin.distribution, pin.file) if carried is not None else None,
        )
        return [word for word in words if word is not None]

    def _is_allowed(self, pin: Pin) -> bool:
        names = {pin.distribution, canonicalize_name(canonical(pin.id))} if pin.id is not None else {pin.distribution}
        return bool(names & self._allowed)


def _doubted(pin: Pin, silent: Sequence[str]) -> str:
    asked = f"; {', '.join(silent)} cannot be asked about that name" if silent else ""
    return f"{pin.distribution} (said to come from {_where(pin)}{asked})"


def _where(pin: Pin) -> str:
    return "a file" if pin.source == "file" else pin.file.upstream or pin.source


def _refuse_shadow(pin: Pin, holder: str) -> TrustError:
    return TrustError(
        f"{holder} holds {pin.distribution}, and not {pin.file.filename}, which the lock says comes from {_where(pin)}",
        plugin=pin.id,
        hint="nothing was changed; a name that a marketplace of yours holds comes from there alone: "
        "ask whoever made the lock",
    )
