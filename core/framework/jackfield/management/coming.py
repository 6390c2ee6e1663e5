"""What a plugin will be once a solution is installed: its version, its publisher, and all that comes along."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from jackfield.inspection import Attestation
from jackfield.management.consent import Coming
from jackfield.manifest import Pin
from jackfield.permissions import Grant, Placement, key_in_words
from jackfield.resolution import Place, Solution

if TYPE_CHECKING:
    from jackfield.management.catalog import MarketCatalog


class Maker(NamedTuple):
    """Who made a plugin's file.

    Args:
        publisher: the name that its marketplace says.
        signature: the publisher's own on it, verified; None where there is none.
    """

    publisher: str | None
    signature: Attestation | None

    @property
    def key(self) -> str | None:
        """The sha256 of the key that signed it, None where none did."""
        return self.signature.key if self.signature is not None else None


async def makers_of(catalog: MarketCatalog, plugins: Mapping[str, Pin]) -> dict[str, Maker]:
    """Canonical id -> who made its file, all asked at the same time.

    Raises:
        MarketError, WheelError: a marketplace does not answer, or a signature does not hold.
    """
    asked = plugins.items()
    publishers, signatures = await asyncio.gather(
        asyncio.gather(*(catalog.publisher(cid, pin.source) for cid, pin in asked)),
        asyncio.gather(*(catalog.signature(cid, pin.source, pin.file) for cid, pin in asked)),
    )
    made = zip(plugins, publishers, signatures, strict=True)
    return {cid: Maker(publisher, signature) for cid, publisher, signature in made}


def coming_of(
    name: str,
    solution: Solution,
    pins: Mapping[Place, Pin],
    maker: Maker,
    before: Collection[Place],
    placement: Placement,
) -> Coming:
    """What a plugin of a solution will be, with all that it requires and brings.

    Args:
        name: its distribution.
        solution: the set.
        pins: of the set, by place.
        maker: who made its file.
        before: the places of the set before.
        placement: where it will run.
    """
    below: list[Place] = []
    pending: list[Place] = [("", name)]
    while pending:
        place = pending.pop()
        if place in below or place not in pins:
            continue
        below.append(place)
        inside = place[0] or place[1]  # a plugin's own libraries are within it; where it has none, all share them
        for one in pins[place].requires:
            pending += [(inside, one) if (inside, one) in pins else ("", one)]
    below.remove(("", name))
    named = [place[1] for place in below if not place[0]]
    manifests = {
        solution.manifests[one].canonical_id: solution.manifests[one] for one in named if one in solution.manifests
    }
    return Coming(
        manifest=solution.manifests[name],
        version=pins["", name].version,
        source=pins["", name].source,
        publisher=maker.publisher,
        published=pins["", name].file.upload_time,
        dependencies=manifests,
        brings=tuple(sorted({_words(pins[one]) for one in below if one not in before})),
        placement=placement,
        key=maker.key,
        signature=maker.signature.envelope.decode() if maker.signature is not None else None,
        rollout=pins["", name].file.rollout,
    )


def _words(pin: Pin) -> str:
    """A distribution that a plugin brings; marked where no marketplace has looked at it."""
    return pin.id or (f"{pin.distribution} (unsigned)" if pin.file.upstream is not None else pin.distribution)


def first_keys(coming: Iterable[Coming], grants: Mapping[str, Grant | None]) -> list[str]:
    """A sentence for each plugin that was agreed to without a publisher's key, and comes with one now.

    Args:
        coming: what comes.
        grants: canonical id -> what was granted before.
    """
    before = {cid: grant for cid, grant in grants.items() if grant is not None and grant.key is None}
    return [
        f"{one.manifest.id} is known by its publisher's key {key_in_words(one.key)} from now on"
        for one in coming
        if one.key is not None and one.manifest.canonical_id in before
    ]
