"""What a set was like when it was solved: a change that disturbs nobody in it needs no resolution of the whole.

Of a hundred plugins one moves. What the others ask for is known, and so is what is installed for it. Where the new
version asks for the same distributions as the old one, where everybody's wishes hold, and where nobody but the user
has a say in which version it is, a resolution of everything ends in the same set; `changing.py` looks for that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from packaging.version import Version as ReleaseVersion

from jackfield.manifest import Manifest, Pin
from jackfield.resolution.knowledge import Knowledge
from jackfield.resolution.model import Ask, Candidate, Offer, Place, Solution, UnknownExtra
from jackfield.resolution.provider import Identifier, Provider
from jackfield.resolution.target import Target
from jackfield.resolution.wheels import Held, held_wheels


@dataclass(frozen=True, slots=True)
class Settled:
    """A solved set, and who asks for what in it.

    Args:
        target: what it was solved for.
        inline: the places of what the application's process holds, in order.
        workers: canonical id -> the places of the plugin itself and of its own libraries, in order.
        places: what is in each place, as a lock keeps it.
        held: the same, as it is offered while it is installed.
        versions: what is chosen in each place, also of the host's own distributions.
        asks: what each asks for.
        apart: distribution -> whether it has a process of its own, of the plugins.
        manifests: distribution -> manifest, of the plugins.
        brought_by: as in the solution.
        host_used: as in the solution.
        unknown_extras: as in the solution.
        found: what was installed in a place when it was found to be what this set has there; to compare a hundred pins
            takes longer than all else that a change of one has to think of.
    """

    target: Target
    inline: tuple[Place, ...]
    workers: Mapping[str, tuple[Place, ...]]
    places: Mapping[Place, Pin]
    held: Mapping[Place, Held]
    versions: Mapping[Place, ReleaseVersion]
    asks: Mapping[Identifier, tuple[Ask, ...]]
    apart: Mapping[str, bool]
    manifests: Mapping[str, Manifest]
    brought_by: Mapping[str, Collection[str]]
    host_used: Mapping[str, str]
    unknown_extras: tuple[UnknownExtra, ...] = ()
    found: dict[Place, Pin] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        graph: Mapping[Identifier, Candidate],
        solution: Solution,
        provider: Provider,
        known: Knowledge,
        target: Target,
    ) -> Settled | None:
        """What a resolution found, to be kept for the next one; None for a set in which no change is plain.

        That is one in which a plugin would take another if it is there: whether it is, hangs on who asks. And one with
        something that only stays because nothing fits: the next resolution tries again.

        Args:
            graph: the choice, by name and extras.
            solution: what came of it.
            provider: the rules of choice.
            known: what was fetched.
            target: what was solved for.
        """
        inline = tuple(("", pin.distribution) for pin in solution.pins)
        workers = {cid: tuple(_places_of(own)) for cid, own in solution.workers.items()}
        pins = dict(zip(inline, solution.pins, strict=True))
        for cid, own in solution.workers.items():
            pins.update(zip(workers[cid], own, strict=True))
        places = {place: pin.locked() for place, pin in pins.items()}
        held = held_wheels({place: Offer(pin.source, (pin.file,)) for place, pin in places.items()}, target)
        details = [known.details(one.file) for one in graph.values() if one.file is not None]
        plain = (
            all(one.problem is None and one.unfit is None for one in details)
            and all(len(wheels) == 1 and wheels[0].problem is None for _, wheels in held.values())
            and not any(need.optional for one in solution.manifests.values() for need in one.requires)
            and {one.place for one in graph.values() if one.file is not None} == places.keys()
        )
        if not plain:
            return None
        return cls(
            target=target,
            inline=inline,
            workers=workers,
            places=places,
            held=held,
            versions={one.place: one.version for one in graph.values()},
            asks={identifier: tuple(provider.get_dependencies(one)) for identifier, one in graph.items()},
            apart={name: one.canonical_id in workers for name, one in solution.manifests.items()},
            manifests=solution.manifests,
            brought_by=solution.brought_by,
            host_used=solution.host_used,
            unknown_extras=solution.unknown_extras,
        )

    def fits(
        self,
        installed: Mapping[Place, Pin],
        moving: Collection[Place],
        target: Target,
        own_libraries: Callable[[Manifest], bool],
    ) -> bool:
        """Whether what is installed is this set, but for what moves.

        Args:
            installed: what is installed, by place.
            moving: the places of the plugins that shall move.
            target: what is solved for.
            own_libraries: tells which plugins have libraries of their own.
        """
        return (
            target == self.target
            and installed.keys() == self.places.keys()
            and all(place in installed for place in moving)
            and all(self._has(place, pin) for place, pin in installed.items() if place not in moving)
            and all(
                own_libraries(manifest) == self.apart[name] or ("", name) in moving
                for name, manifest in self.manifests.items()
            )
        )

    def _has(self, place: Place, pin: Pin) -> bool:
        """Whether this set has the same in a place."""
        if self.found.get(place) is pin:
            return True
        same = pin == self.places[place]
        if same:
            self.found[place] = pin
        return same

    def solution(self, passed_over: Mapping[str, tuple[str, str] | None], pins: Mapping[Place, Pin]) -> Solution:
        """The set as a resolution returns it.

        Args:
            passed_over: of what moved.
            pins: what is in each place; files may say more than a lock keeps.
        """
        return Solution(
            pins=tuple(pins[place] for place in self.inline),
            workers={cid: tuple(pins[place] for place in own) for cid, own in self.workers.items()},
            manifests=self.manifests,
            brought_by={name: list(those) for name, those in self.brought_by.items()},
            host_used=self.host_used,
            passed_over={**dict.fromkeys(self.manifests), **passed_over},
            unknown_extras=self.unknown_extras,
        )

    def moved(self, pins: Mapping[Place, Pin], asks: Mapping[Place, tuple[Ask, ...]], known: Knowledge) -> Settled:
        """The set with other versions of some plugins, which ask for the same distributions.

        Args:
            pins: what moved.
            asks: what it asks for.
            known: what was fetched.
        """
        places = {place: pin.locked() for place, pin in pins.items()}
        held = held_wheels({place: Offer(pin.source, (pin.file,)) for place, pin in places.items()}, self.target)
        found = {place[1]: known.details(pin.file).manifest for place, pin in pins.items()}
        return replace(
            self,
            places={**self.places, **places},
            found={place: pin for place, pin in self.found.items() if place not in places},
            held={**self.held, **held},
            versions={**self.versions, **{place: wheels[0].version for place, (_, wheels) in held.items()}},
            asks={**self.asks, **{(place, frozenset[str]()): those for place, those in asks.items()}},
            manifests={**self.manifests, **{name: one for name, one in found.items() if one is not None}},
        )


def _places_of(own: tuple[Pin, ...]) -> Iterator[Place]:
    """The places of a plugin with a process of its own, and of its libraries."""
    yield "", own[0].distribution
    for pin in own[1:]:
        yield own[0].distribution, pin.distribution
