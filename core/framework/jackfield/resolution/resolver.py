"""From wants to a set in which everything fits, by resolvelib; wheels only, nothing is built or run.

What a set will probably look at is fetched first, in waves of all that can be asked at once. The search itself is
pure and synchronous; where it meets something that was not fetched it stops, that is fetched, and it starts again.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from resolvelib import ResolutionImpossible, ResolutionTooDeep

from jackfield.errors import MarketError, ResolutionError
from jackfield.manifest import Manifest, Pin
from jackfield.resolution.beyond import explained
from jackfield.resolution.demands import is_provided
from jackfield.resolution.explain import MOST_SECONDS, Cause, explain, too_late
from jackfield.resolution.knowledge import Knowledge, Missing, Remembered
from jackfield.resolution.model import (
    Ask,
    Candidate,
    Catalog,
    Offer,
    Place,
    Solution,
    UnknownExtra,
    Want,
    ask_of,
    plugin_version,
)
from jackfield.resolution.order import load_order
from jackfield.resolution.provider import Identifier, OutOfTime, Provider
from jackfield.resolution.searching import search
from jackfield.resolution.settled import Settled
from jackfield.resolution.straight import straight
from jackfield.resolution.target import Target
from jackfield.resolution.wheels import held_wheels

MOST_ROUNDS = 20_000
"""Steps of one search before it gives up."""

Graph = Mapping[Identifier, Candidate]


async def resolve(
    wants: Sequence[Want],
    *,
    catalog: Catalog,
    target: Target,
    prefer: Mapping[Place, str] | None = None,
    held: Mapping[Place, Offer] | None = None,
    remembered: Remembered | None = None,
    own_libraries: Callable[[Manifest], bool] = lambda _manifest: False,
    staying: Mapping[Place, str] = MappingProxyType({}),
    settle: Callable[[Settled], None] | None = None,
    named: bool = False,
    seconds: float = MOST_SECONDS,
) -> Solution:
    """Find a set that fulfils every want.

    Of each plugin there is one version for all. A library is there once for all plugins that share a process, and once
    for each plugin with a process of its own, in whatever version that one needs (K41).

    Args:
        wants: what the user asks for, all of it: also what is installed and shall stay.
        catalog: where offers come from.
        target: what it must run on, and which distributions are fixed.
        prefer: the version that is tried first, by place: what is installed and need not change.
        held: what is installed and need not change, by place; its source is asked only where that will not do, so a
            change of one plugin asks nothing about the others.
        remembered: what wheels said of themselves, by their hashes; keep it between resolutions for the same target.
        own_libraries: tells of a manifest whether its plugin has a process, and with it libraries, of its own.
        staying: place -> sha256 of the installed wheel that may stay there where nothing fits, though it cannot run.
            Elsewhere it has no such right: a yanked library does not spread because one plugin has it.
        settle: given what a change of the set may be held against; see `resolve_change`.
        named: whether a conflict says whose the versions are that will not do, since there are several marketplaces.
        seconds: how long it may take in all, the network included.

    Raises:
        ResolutionError: there is none; the message names plugins, versions and the way out.
        DependencyLoop: plugins require each other in a circle.
        MarketError: a source does not answer, or nonsense.
    """
    known = Knowledge(catalog, target, prefer or {}, held_wheels(held or {}, target), remembered, own_libraries)
    wanted = frozenset(want.distribution for want in wants)
    asks = [ask_of(want) for want in wants]
    provider = Provider(known, target, prefer or {}, wanted, staying)
    provider.names_sources = named
    try:
        async with asyncio.timeout(seconds):
            await known.begin(asks)
            while True:
                try:
                    graph = await _search(asks, provider, known, target, seconds)
                    loose = _loose(graph, known)
                    if not loose:
                        solution = _solution(graph, asks, provider, known, target)

                        def conflict(error: ResolutionImpossible[Ask, Candidate]) -> ResolutionError:
                            return _explained(error, provider, known, target)

                        solution = await explained(solution, asks, provider, known, conflict)
                        if settle is not None:
                            settled = Settled.of(graph, solution, provider, known, target)
                            if settled is not None:
                                settle(settled)
                        return solution
                    provider.hold(loose)
                except Missing as missing:
                    await known.learn(missing)
                except ResolutionError:
                    if not await known.learn_all():
                        raise  # with everything known, so that the sentence names every way out
    except (OutOfTime, TimeoutError) as error:
        raise too_late(seconds) from error


async def _search(asks: Sequence[Ask], provider: Provider, known: Knowledge, target: Target, seconds: float) -> Graph:
    """One search over what is known, in a thread: a hard set takes seconds, and a running host has other things to do.

    Nothing is learned meanwhile, so the thread is alone with what it reads.
    """
    provider.until = time.monotonic() + seconds
    found = straight(asks, provider)
    if found is not None:
        return found
    try:
        return await asyncio.to_thread(search, asks, provider, MOST_ROUNDS)
    except ResolutionImpossible as error:
        raise _explained(error, provider, known, target) from error
    except ResolutionTooDeep as error:
        raise ResolutionError(f"no set was found within {MOST_ROUNDS} steps", hint="ask for exact versions") from error
    finally:
        provider.until = 0.0  # where nobody waits any more, the thread ends at its next step


def _explained(
    error: ResolutionImpossible[Ask, Candidate], provider: Provider, known: Knowledge, target: Target
) -> ResolutionError:
    causes = [Cause(cause.requirement, cause.parent) for cause in error.causes]
    movable = {cause.parent.name for cause in causes if cause.parent is not None and provider.may_move(cause.parent)}
    named = provider.names_sources
    return explain(causes, known, target, provider.rejected, provider.title, provider.wanted, movable, named=named)


def _loose(graph: Graph, known: Knowledge) -> set[str]:
    """The optional dependencies that are there all the same, because something else brings them, in a wrong version."""
    manifests = {
        place: manifest
        for (place, _), one in graph.items()
        if one.file is not None and (manifest := known.details(one.file).manifest) is not None
    }
    versions = {manifest.canonical_id: graph[place, frozenset()].version for place, manifest in manifests.items()}
    return {
        need.canonical_id
        for manifest in manifests.values()
        for need in manifest.requires
        if need.optional
        and need.canonical_id in versions
        and not need.requirement.accepts(plugin_version(versions[need.canonical_id]))
    }


def _reached(wanted: Iterable[Place], requires: Mapping[Place, Iterable[Place]]) -> set[Place]:
    reached, pending = set(), list(wanted)
    while pending:
        place = pending.pop()
        if place not in reached:
            reached.add(place)
            pending += requires.get(place, ())
    return reached


def _solution(mapping: Graph, asks: Sequence[Ask], provider: Provider, known: Knowledge, target: Target) -> Solution:
    chosen: dict[Place, Candidate] = {}
    requires: dict[Place, set[Place]] = {}
    provider.until = math.inf
    for candidate in mapping.values():
        chosen.setdefault(candidate.place, candidate)
        asked = {ask.place for ask in provider.get_dependencies(candidate)} - {candidate.place}
        requires.setdefault(candidate.place, set()).update(asked)
    # An optional dependency that was held to its version may have lost what brought it.
    firm = {place: asked - _optional(chosen[place], known) for place, asked in requires.items()}
    reached = _reached({("", ask.name) for ask in asks}, firm)
    chosen = {place: candidate for place, candidate in chosen.items() if place in reached}
    requires = {place: asked & reached for place, asked in requires.items() if place in reached}
    manifests: dict[str, Manifest] = {}
    pins: dict[str, list[Pin]] = {}
    for (within, name), candidate in sorted(chosen.items()):
        if candidate.file is None or candidate.offer is None:
            continue
        details = known.details(candidate.file)
        if details.manifest is not None:
            manifests[name] = details.manifest
        asked = requires[within, name]
        inside = tuple(sorted({place[1] for place in asked if place in chosen and chosen[place].file is not None}))
        plugin = details.manifest.id if details.manifest else None
        pin = Pin(name, str(candidate.version), candidate.file, plugin, candidate.offer.source, inside)
        # Sorted as they are, what all share comes first: a plugin is put before its own libraries.
        pins.setdefault(known.inside(name, within, details), []).append(pin)
    _refuse_impostors(manifests, {name for (_, name), one in chosen.items() if one.file is not None}, known)
    _refuse_unasked(manifests, requires, {ask.name for ask in asks})
    _refuse_twins(manifests)
    _refuse_loops(manifests)
    return Solution(
        pins=tuple(pins.pop("", ())),
        workers={manifests[name].canonical_id: tuple(own) for name, own in pins.items()},
        manifests=manifests,
        brought_by=_brought_by(chosen, requires),
        host_used={name: target.installed[name].version for (_, name), one in chosen.items() if one.file is None},
        passed_over={name: provider.passed_over(name, chosen["", name].version, asks) for name in manifests},
        unknown_extras=tuple(sorted(set(_unknown_extras(mapping, chosen, provider, known)))),
    )


def _unknown_extras(
    mapping: Graph, chosen: Collection[Place], provider: Provider, known: Knowledge
) -> Iterator[UnknownExtra]:
    """The extras that nobody provides; what the environment has says too little of itself to tell."""
    lacking: dict[Identifier, list[str]] = {}
    for (place, extras), candidate in mapping.items():
        if extras and candidate.file is not None:
            said = known.details(candidate.file)
            unknown = [one for one in extras if not is_provided(one, said.extras, said.requires, known.markers)]
            lacking |= {(place, extras): unknown} if unknown else {}
    for candidate in mapping.values() if lacking else ():
        for ask in provider.get_dependencies(candidate) if candidate.place in chosen else ():
            for extra in lacking.get((ask.place, ask.extras), ()):
                yield UnknownExtra(candidate.place, ask.place, extra)


def _brought_by(chosen: Iterable[Place], requires: Mapping[Place, Iterable[Place]]) -> dict[str, list[str]]:
    """Who asks for each distribution, by name."""
    found: dict[str, set[str]] = {name: set() for _, name in chosen}
    for (_, one), asked in requires.items():
        for _, name in asked:
            if name in found:
                found[name].add(one)
    return {name: sorted(those) for name, those in found.items()}


def _optional(candidate: Candidate, known: Knowledge) -> set[Place]:
    """The distributions that a plugin would take, but does not bring."""
    manifest = known.details(candidate.file).manifest if candidate.file is not None else None
    needs = manifest.requires if manifest is not None else ()
    named_optionally = (known.distribution(need.canonical_id, optional=True) for need in needs if need.optional)
    optional = {name for name in named_optionally if name is not None}
    named = known.details(candidate.file).requires if candidate.file is not None else ()
    return {("", name) for name in optional - {one.name for one in named}}


def _refuse_impostors(manifests: Mapping[str, Manifest], coming: Collection[str], known: Knowledge) -> None:
    """Hold each distribution that is there for an id to that id: a manifest is signed, the way to it is not."""
    for manifest in manifests.values():
        for need in manifest.requires:
            name = known.distribution(need.canonical_id, optional=need.optional)
            came = manifests.get(name) if name is not None else None
            if name not in coming or (came is not None and came.canonical_id == need.canonical_id):
                continue
            what = f"the plugin {came.id}" if came is not None else "no plugin"
            raise MarketError(
                f"the marketplace says that {need.id}, which {manifest.id} needs, is in {name}, but that is {what}",
                plugin=manifest.id,
                hint="nothing was changed; tell whoever runs the marketplace",
            )


def _refuse_unasked(
    manifests: Mapping[str, Manifest], requires: Mapping[Place, Collection[Place]], named: Collection[str]
) -> None:
    """A plugin comes by its name or by a plugin that needs it; a library, of which nobody knows more, brings none."""
    for name, manifest in manifests.items():
        asking = sorted(place[1] for place, asked in requires.items() if ("", name) in asked and place[1] != name)
        if name not in named and asking and not any(one in manifests for one in asking):
            raise ResolutionError(
                f"the library {asking[0]} needs {name}, which is the plugin {manifest.id}: a library brings no plugin",
                plugin=manifest.id,
                hint=f"install {manifest.id} too, if you want it; else tell the author of {asking[0]}",
            )


def _refuse_twins(manifests: Mapping[str, Manifest]) -> None:
    """Two distributions with one id cannot both be there (M26, K14)."""
    owners: dict[str, str] = {}
    for name, manifest in manifests.items():
        other = owners.setdefault(manifest.canonical_id, name)
        if other != name:
            raise ResolutionError(
                f"{other} and {name} are both the plugin {manifest.id}",
                plugin=manifest.id,
                hint="only one of them can be installed",
            )


def _refuse_loops(manifests: Mapping[str, Manifest]) -> None:
    load_order(
        {
            manifest.canonical_id: [one.canonical_id for one in manifest.requires if not one.optional]
            for manifest in manifests.values()
        }
    )
