"""The shortest way to a set: a few plugins of a solved one move, and nobody else minds.

What is installed and stays has one offer, itself; a resolution takes it as long as everybody's wishes hold. So all that
is to be found is the versions of what moves, by the same rules, and that they disturb nobody. Whatever is not plain is
left to the resolution of the whole: it is never wrong, only slower. A property test holds both against each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from packaging.version import Version as ReleaseVersion

from jackfield.manifest import Manifest, Pin
from jackfield.resolution.explain import MOST_SECONDS, too_late
from jackfield.resolution.knowledge import Knowledge, Missing, Remembered
from jackfield.resolution.model import Ask, Candidate, Catalog, Place, Solution, Want, ask_of
from jackfield.resolution.provider import Identifier, Provider
from jackfield.resolution.settled import Settled
from jackfield.resolution.target import Target

_NO_EXTRAS: frozenset[str] = frozenset()


async def resolve_change(
    wants: Sequence[Want],
    solved: Sequence[Settled],
    *,
    catalog: Catalog,
    target: Target,
    installed: Mapping[Place, Pin],
    remembered: Remembered | None = None,
    own_libraries: Callable[[Manifest], bool] = lambda _manifest: False,
    settle: Callable[[Settled], None] | None = None,
    seconds: float = MOST_SECONDS,
) -> Solution | None:
    """What `resolve` finds where only a few plugins of an installed set may move; None where it has to be asked.

    Everything that is installed must be wanted or be asked for by what is, and be on offer as it is.

    Args:
        wants: what the user asks of the plugins that may move.
        solved: sets that were solved, the first that fits counts; none need be the one that is installed.
        catalog: where offers come from.
        target: what it must run on.
        installed: what is installed, by place.
        remembered: as for `resolve`.
        own_libraries: as for `resolve`.
        settle: given what the next change may be held against.
        seconds: how long it may take in all.

    Raises:
        MarketError: a source does not answer, or nonsense; `resolve` would say the same.
        ResolutionError: it took too long.
    """
    asks = {ask.place: ask for ask in map(ask_of, wants)}
    settled = next((one for one in solved if one.fits(installed, asks, target, own_libraries)), None)
    if settled is None or len(asks) < len(wants):
        return None
    if any(place in asks and extras for place, extras in settled.asks):
        return None
    held = {place: offer for place, offer in settled.held.items() if place not in asks}
    known = Knowledge(catalog, target, {}, held, remembered, own_libraries)
    provider = Provider(known, target, {}, frozenset(settled.manifests))
    staying = [ask for (place, _), those in settled.asks.items() if place not in asks for ask in those]
    try:
        async with asyncio.timeout(seconds):
            await known.begin([*asks.values(), *(ask for ask in staying if ask.place in asks)])
        change = _Change(settled, asks, known, provider, staying)
        return change.solution(installed, settle) if change.is_plain() else None
    except Missing:
        return None
    except TimeoutError as error:
        raise too_late(seconds) from error


class _Change:
    """The best versions of what moves, and whether everybody agrees.

    Args:
        settled: the set.
        wants: what the user asks for, by place.
        known: what was fetched.
        provider: the rules of choice.
        staying: what all others ask for.

    Raises:
        Missing: something was not fetched.
    """

    def __init__(
        self,
        settled: Settled,
        wants: Mapping[Place, Ask],
        known: Knowledge,
        provider: Provider,
        staying: Sequence[Ask],
    ) -> None:
        self._settled = settled
        self._wants = wants
        self._known = known
        self._provider = provider
        best = {place: provider.best((place, _NO_EXTRAS), [ask]) for place, ask in wants.items()}
        self._chosen: dict[Place, Candidate] = {place: one for place, one in best.items() if one is not None}
        self._asks = {place: tuple(provider.get_dependencies(one)) for place, one in self._chosen.items()}
        self._others = [*staying, *(ask for those in self._asks.values() for ask in those)]

    def is_plain(self) -> bool:
        """Whether a resolution of everything could find nothing else."""
        return (
            self._chosen.keys() == self._wants.keys()
            and all(map(self._is_alike, self._chosen))
            and all(ask.accepts(self._version(ask.place)) for those in self._asks.values() for ask in those)
            and all(map(self._is_free, self._chosen))
        )

    def solution(self, installed: Mapping[Place, Pin], settle: Callable[[Settled], None] | None) -> Solution:
        """The set with what moves in its new versions."""
        pins = dict(self._pins())
        moved = self._settled.moved(pins, self._asks, self._known)
        if settle is not None:
            settle(moved)
        over = {
            place[1]: self._provider.passed_over(place[1], one.version, [self._wants[place]])
            for place, one in self._chosen.items()
        }
        return moved.solution(over, {**installed, **pins})

    def _is_alike(self, place: Place) -> bool:
        """Whether a new version is the same plugin, runs in the same place, and asks for the same distributions."""
        settled, candidate, before = self._settled, self._chosen[place], self._settled.manifests.get(place[1])
        if candidate.file is None or before is None:
            return False
        details = self._known.details(candidate.file)
        manifest = details.manifest
        return (
            manifest is not None
            and manifest.canonical_id == before.canonical_id
            and not any(need.optional for need in manifest.requires)
            and {need.canonical_id for need in manifest.requires} == {need.canonical_id for need in before.requires}
            and bool(self._known.inside(place[1], "", details)) == settled.apart[place[1]]
            and _asked(self._asks[place]) == _asked(settled.asks[place, _NO_EXTRAS])
        )

    def _is_free(self, place: Place) -> bool:
        """Whether it does not matter to the choice who asks first: what others ask takes and adds nothing.

        That is looked at for the versions down to the chosen one; what comes after has no say. A resolution asks for
        the best version once it has heard some of the others, and may begin to search where it has to hear the rest.
        """
        want, chosen = self._wants[place], self._chosen[place]
        others = [ask for ask in self._others if ask.place == place]
        wheels = self._known.wheels(place)
        last = next((number for number, wheel in enumerate(wheels) if wheel.file is chosen.file), len(wheels))
        seen = [wheel.version for wheel in wheels[: last + 1] if want.accepts(wheel.version)]
        return not others or (
            not self._known.waiting(place)
            and not any(ask.admits_prereleases() for ask in others)
            and all(ask.accepts(version) and not ask.names(version) for ask in others for version in seen)
        )

    def _version(self, place: Place) -> ReleaseVersion:
        chosen = self._chosen.get(place)
        return chosen.version if chosen is not None else self._settled.versions[place]

    def _pins(self) -> Iterator[tuple[Place, Pin]]:
        for place, one in self._chosen.items():
            manifest = self._known.details(one.file).manifest if one.file is not None else None
            if one.file is not None and one.offer is not None and manifest is not None:
                requires = self._settled.places[place].requires
                yield place, Pin(one.name, str(one.version), one.file, manifest.id, one.offer.source, requires)


def _asked(asks: Iterable[Ask]) -> set[Identifier]:
    return {(ask.place, ask.extras) for ask in asks}
