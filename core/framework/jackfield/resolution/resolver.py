"""From wants to a set in which everything fits, by resolvelib; wheels only, nothing is built or run.

What a set will probably look at is fetched first, in waves of all that can be asked at once. The search itself is
pure and synchronous; where it meets something that was not fetched it stops, that is fetched, and it starts again.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable, Mapping, Sequence

from resolvelib import BaseReporter, ResolutionImpossible, ResolutionTooDeep, Resolver

from jackfield.errors import ResolutionError
from jackfield.manifest import Manifest, Pin
from jackfield.resolution.explain import Cause, explain
from jackfield.resolution.knowledge import Knowledge, Missing, Remembered
from jackfield.resolution.model import Ask, Candidate, Catalog, Offer, Solution, Want, plugin_version
from jackfield.resolution.order import load_order
from jackfield.resolution.provider import Identifier, OutOfTime, Provider
from jackfield.resolution.straight import straight
from jackfield.resolution.target import Target

MOST_ROUNDS = 20_000
"""Steps of one search before it gives up."""

MOST_SECONDS = 120.0
"""How long a resolution may take in all."""

Graph = Mapping[Identifier, Candidate]


async def resolve(
    wants: Sequence[Want],
    *,
    catalog: Catalog,
    target: Target,
    prefer: Mapping[str, str] | None = None,
    held: Mapping[str, Offer] | None = None,
    remembered: Remembered | None = None,
    seconds: float = MOST_SECONDS,
) -> Solution:
    """Find a set that fulfils every want.

    Args:
        wants: what the user asks for, all of it: also what is installed and shall stay.
        catalog: where offers come from.
        target: what it must run on, and which distributions are fixed.
        prefer: distribution -> version that is tried first: what is installed and need not change.
        held: distribution -> what is installed of it and need not change; its source is asked only where that will not
            do, so a change of one plugin asks nothing about the others.
        remembered: what wheels said of themselves, by their hashes; keep it between resolutions for the same target.
        seconds: how long it may take in all, the network included.

    Raises:
        ResolutionError: there is none; the message names plugins, versions and the way out.
        DependencyLoop: plugins require each other in a circle.
        MarketError: a source does not answer, or nonsense.
    """
    known = Knowledge(catalog, target, prefer or {}, held, remembered)
    wanted = frozenset(want.distribution for want in wants)
    asks = [Ask(want.distribution, requirement=want.requirement, pre=want.pre, plugin=want.plugin) for want in wants]
    provider = Provider(known, target, prefer or {}, wanted)
    late = ResolutionError(f"no set was found within {seconds:g} s", hint="ask for exact versions")
    try:
        async with asyncio.timeout(seconds):
            await known.begin(asks)
            while True:
                try:
                    graph = await _search(asks, provider, known, target, seconds)
                    loose = _loose(graph, known)
                    if not loose:
                        return _solution(graph, wanted, provider, known, target)
                    provider.hold(loose)
                except Missing as missing:
                    await known.learn(missing)
                except ResolutionError:
                    if not await known.learn_all():
                        raise  # with everything known, so that the sentence names every way out
    except (OutOfTime, TimeoutError) as error:
        raise late from error


async def _search(asks: Sequence[Ask], provider: Provider, known: Knowledge, target: Target, seconds: float) -> Graph:
    """One search over what is known, in a thread: a hard set takes seconds, and a running host has other things to do.

    Nothing is learned meanwhile, so the thread is alone with what it reads.
    """
    provider.until = time.monotonic() + seconds
    found = straight(asks, provider)
    if found is not None:
        return found
    resolver = Resolver(provider, BaseReporter[Ask, Candidate, Identifier]())
    try:
        result = await asyncio.to_thread(resolver.resolve, asks, max_rounds=MOST_ROUNDS)
    except ResolutionImpossible as error:
        causes = [Cause(cause.requirement, cause.parent) for cause in error.causes]
        raise explain(causes, known, target, provider.rejected, provider.title) from error
    except ResolutionTooDeep as error:
        raise ResolutionError(f"no set was found within {MOST_ROUNDS} steps", hint="ask for exact versions") from error
    finally:
        provider.until = 0.0  # where nobody waits any more, the thread ends at its next step
    return dict(result.mapping)


def _loose(graph: Graph, known: Knowledge) -> set[str]:
    """The optional dependencies that are there all the same, because something else brings them, in a wrong version."""
    manifests = {
        name: manifest
        for (name, _), one in graph.items()
        if one.file is not None and (manifest := known.details(one.file).manifest) is not None
    }
    versions = {manifest.canonical_id: graph[name, frozenset()].version for name, manifest in manifests.items()}
    return {
        need.canonical_id
        for manifest in manifests.values()
        for need in manifest.requires
        if need.optional
        and need.canonical_id in versions
        and not need.requirement.accepts(plugin_version(versions[need.canonical_id]))
    }


def _reached(wanted: Iterable[str], requires: Mapping[str, Iterable[str]]) -> set[str]:
    reached, pending = set(), list(wanted)
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += requires.get(name, ())
    return reached


def _solution(mapping: Graph, wanted: frozenset[str], provider: Provider, known: Knowledge, target: Target) -> Solution:
    chosen: dict[str, Candidate] = {}
    requires: dict[str, set[str]] = {}
    provider.until = math.inf
    for candidate in mapping.values():
        chosen.setdefault(candidate.name, candidate)
        names = {ask.name for ask in provider.get_dependencies(candidate)} - {candidate.name}
        requires.setdefault(candidate.name, set()).update(names)
    # An optional dependency that was held to its version may have lost what brought it.
    firm = {name: names - _optional(chosen[name], known) for name, names in requires.items()}
    reached = _reached(wanted, firm)
    chosen = {name: candidate for name, candidate in chosen.items() if name in reached}
    requires = {name: names & reached for name, names in requires.items() if name in reached}
    manifests: dict[str, Manifest] = {}
    pins = []
    for name, candidate in sorted(chosen.items()):
        if candidate.file is None or candidate.offer is None:
            continue
        manifest = known.details(candidate.file).manifest
        if manifest is not None:
            manifests[name] = manifest
        inside = tuple(sorted(one for one in requires[name] if one in chosen and chosen[one].file is not None))
        plugin = manifest.id if manifest else None
        pins.append(Pin(name, str(candidate.version), candidate.file, plugin, candidate.offer.source, inside))
    _refuse_twins(manifests)
    _refuse_loops(manifests)
    return Solution(
        pins=tuple(pins),
        manifests=manifests,
        brought_by={name: sorted(one for one, wants in requires.items() if name in wants) for name in chosen},
        host_used={name: target.installed[name].version for name, one in chosen.items() if one.file is None},
    )


def _optional(candidate: Candidate, known: Knowledge) -> set[str]:
    """The distributions that a plugin would take, but does not bring."""
    manifest = known.details(candidate.file).manifest if candidate.file is not None else None
    needs = manifest.requires if manifest is not None else ()
    optional = {name for need in needs if need.optional and (name := known.distribution(need.canonical_id)) is not None}
    named = known.details(candidate.file).requires if candidate.file is not None else ()
    return optional - {one.name for one in named}


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
