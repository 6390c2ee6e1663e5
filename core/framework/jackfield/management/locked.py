"""What a lock file says, held to what is known of it elsewhere: a stranger may have written it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from jackfield.errors import TrustError
from jackfield.inspection import Attestation, read_attestation
from jackfield.management.catalog import MarketCatalog
from jackfield.manifest import File, Pin
from jackfield.market import ChangelogEntry, Marketplace, Word, is_known


@dataclass(frozen=True, slots=True)
class Claims:
    """What a lock says of its plugins beside their files, by canonical id.

    Args:
        publishers: who published them.
        signatures: their publishers' signatures (DSSE envelopes).
    """

    publishers: Mapping[str, str] = field(default_factory=dict)
    signatures: Mapping[str, str] = field(default_factory=dict)


class LockedCatalog(MarketCatalog):
    """What a lock file and wheels on this machine say is asked of nobody.

    Attributes:
        claims: what the lock says of plugins that come.
        known: the same of plugins whose very files are installed here: the lock's words are not asked for these.
        keys: canonical id -> the publisher's key that its user agreed to.
        words: sha256 -> what a marketplace of the user said of that file.
        local: sha256 -> path, of the wheels that came with the lock.
    """

    claims = Claims()
    known: Mapping[str, Claims] = {}
    keys: Mapping[str, str | None] = {}
    words: Mapping[str, Word] = {}
    local: Mapping[str, Path] = {}

    @property
    def wheels(self) -> dict[str, Path]:
        """sha256 -> path, of the wheels that are on this machine."""
        return dict(self.local)

    @property
    def marketplaces(self) -> tuple[Marketplace, ...]:
        """The user's, in their order."""
        return tuple(self._markets.values())

    def goes_before(self, pin: Pin) -> tuple[Marketplace, ...]:
        """The user's marketplaces that are asked for a name before the one from which a lock says that it comes.

        A name stays with the marketplace that its installed version came from, as in every other plan.
        """
        own = self._markets.get(pin.source)
        if own is None:
            return self.marketplaces
        if any(one.source == pin.source for one in self._generation.versions.get(pin.distribution, ())):
            return ()
        return self.marketplaces[: self.marketplaces.index(own)]

    def marketplace(self, source: str) -> Marketplace | None:
        """The marketplace of an address, None where it is none of the user's."""
        return self._markets.get(source)

    async def publisher(self, plugin: str, source: str) -> str | None:
        """Who published a plugin, as its marketplace says; in a bundle, where nobody is asked, as that says."""
        if plugin in self.known:
            return self.known[plugin].publishers.get(plugin)
        if not self.local and self.asks(source):
            return await super().publisher(plugin, source)
        return self.claims.publishers.get(plugin)

    async def signature(self, plugin: str, source: str, file: File) -> Attestation | None:
        """The publisher's signature that the lock carries, verified, if the marketplace states it too.

        Raises:
            TrustError: its marketplace states another one, or none.
            WheelError: it does not hold for this file.
        """
        said = self.known.get(plugin, self.claims).signatures.get(plugin)
        carried = read_attestation(said.encode(), file.filename, file.sha256) if said is not None else None
        if plugin in self.known:
            return carried
        word, market = self.words.get(file.sha256), self._markets.get(source)
        if word is None:  # nobody vouches for the file: no key of its is believed that is not known already
            return (
                carried if carried is not None and (source == "file" or carried.key == self.keys.get(plugin)) else None
            )
        if said is not None and hashlib.sha256(said.encode()).hexdigest() != word.attestation:
            raise TrustError(
                f"{source} does not state the publisher's signature that the lock carries of {file.filename}",
                plugin=plugin,
                hint="nothing was changed; ask whoever made the lock",
            )
        if carried is None and word.attestation is not None and market is not None and not self.local:
            return await market.attestation(replace(file, attestation_sha256=word.attestation))
        return carried

    async def signs(self, source: str) -> bool:
        """Whether its marketplace is known as one that signs: what is said to come from there was held to it."""
        return is_known(self._store.layout.root / "trust", source)

    async def standings(self, sources: Collection[str]) -> list[str]:
        """That one was met just now; else nothing: each file is held to the lock's hash, and maybe nobody was asked."""
        return await super().standings(())

    async def changelog(self, plugin: str, source: str, since: str) -> list[ChangelogEntry]:
        """Nothing: what changed between was read where the lock was made."""
        return []
