"""Which signatures a user demands of what is installed; without a demand, hashes and whatever is signed count.

Demands are a part of the profile, by source: a marketplace's address, an upstream's, or `file` for wheels on this
machine; what has none of its own has the default. What is installed already is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from jackfield.errors import SignatureMissing, UsageError
from jackfield.management.specs import canonical
from jackfield.manifest import Pin
from jackfield.market import plain_address
from jackfield.storage import State

if TYPE_CHECKING:
    from jackfield.management.catalog import MarketCatalog

Demand = Literal["nothing", "marketplace", "publisher"]
"""`marketplace`: everything is signed by the marketplace it comes from. `publisher`: plugins by their publisher too."""

DEMANDS: tuple[Demand, ...] = get_args(Demand)
DEFAULT = "default"
PREFIX = "signatures/"


@dataclass(frozen=True, slots=True)
class Signed:
    """What is known of one file's signatures.

    Args:
        source: where it comes from: a marketplace, an upstream, `file`.
        by_marketplace: whether the marketplace signed it.
        key: sha256 of the publisher's key that signed it, None where none did.
        plugin: its id, None for a library.
    """

    source: str
    by_marketplace: bool
    key: str | None
    plugin: str | None


def demand_of(state: State, source: str) -> Demand:
    """What is demanded of a source.

    Args:
        state: of the profile.
        source: `default`, a marketplace's address, an upstream's, or `file`.
    """
    said = state.get(f"{PREFIX}{source}")
    if said is None:
        said = state.get(f"{PREFIX}{DEFAULT}")
    # What a later version may have written is the most that this one can demand, not nothing.
    return next((one for one in DEMANDS if one == said), "nothing" if said is None else DEMANDS[-1])


def demands(state: State) -> dict[str, Demand]:
    """Source -> what is demanded of it, of those that have a demand of their own."""
    sources = [key.removeprefix(PREFIX) for key, said in state.items(PREFIX).items() if said is not None]
    return {source: demand_of(state, source) for source in sources}


def demand_key(demand: str, source: str) -> dict[str, str]:
    """The change of the state that makes a demand.

    Raises:
        UsageError: there is no such demand.
    """
    if demand not in DEMANDS:
        raise UsageError(f"{demand} is nothing to demand", hint=f"one of {', '.join(DEMANDS)}")
    return {f"{PREFIX}{source}": demand}


def missing(demand: Demand, signed: Signed) -> str | None:
    """What a file lacks, as the end of a sentence; None where it has all that is demanded. Pure.

    A library needs no publisher's key: it is the plugin's publisher who chose it.
    """
    if demand == "publisher" and signed.plugin is not None and signed.key is None:
        return "has no signature of its publisher"
    if demand != "nothing" and not signed.by_marketplace:
        # A wheel on this machine has no marketplace; a plugin's own publisher may vouch for it all the same.
        if signed.source == "file" and signed.key is not None:
            return None
        return "was signed by no marketplace"
    return None


class SignatureCheck:
    """Holds what would come to what its user demands.

    Args:
        state: of the profile.
        catalog: where it comes from.
    """

    def __init__(self, state: State, catalog: MarketCatalog) -> None:
        self._state = state
        self._catalog = catalog

    async def problem(self, pin: Pin, key: str | None) -> str | None:
        """What a file lacks, as the end of a sentence after its name; None where it has all that is demanded.

        Args:
            pin: the file, with its source.
            key: of its publisher.

        Raises:
            MarketError: its marketplace does not answer.
        """
        source = _source(pin)
        demand = demand_of(self._state, source)
        if demand == "nothing":
            return None
        by_marketplace = pin.file.upstream is None and await self._catalog.signs(pin.source)
        said = missing(demand, Signed(source, by_marketplace, key, pin.id))
        return f"{said}, and you demand it of what comes from {source}" if said is not None else None

    async def require(self, pins: Iterable[Pin], keys: Mapping[str, str | None]) -> None:
        """Refuse what would come without the signatures that are demanded.

        Args:
            pins: what comes.
            keys: canonical id -> key of its publisher, of plugins.

        Raises:
            SignatureMissing: one is not signed so; nothing was changed.
            MarketError: a marketplace does not answer.
        """
        for pin in pins:
            said = await self.problem(pin, keys.get(canonical(pin.id)) if pin.id is not None else None)
            if said is not None:
                source = _source(pin)
                raise SignatureMissing(
                    f"{pin.id or pin.distribution} {pin.version} {said}",
                    plugin=pin.id,
                    hint=f"nothing was changed; to take it all the same: jackfield trust demand nothing --of {source}",
                )


def _source(pin: Pin) -> str:
    return plain_address(pin.file.upstream) if pin.file.upstream is not None else pin.source
