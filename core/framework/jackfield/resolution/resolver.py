"""From wants to a set in which everything fits, by resolvelib; wheels only, nothing is built or run.

The search itself is pure and synchronous. Where it meets something that was not fetched yet it stops, that and all that
it will probably ask next are fetched at once, and it starts again: a few rounds, and no thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from resolvelib import BaseReporter, ResolutionImpossible, ResolutionTooDeep, Resolver

from jackfield.errors import ResolutionError
from jackfield.manifest import Manifest, Pin
from jackfield.resolution.explain import Cause, explain
from jackfield.resolution.knowledge import Knowledge, Missing
from jackfield.resolution.model import Ask, Candidate, Catalog, Solution, Want
from jackfield.resolution.order import load_order
from jackfield.resolution.provider import Identifier, Provider
from jackfield.resolution.target import Target

MOST_ROUNDS = 20_000
"""Steps of one search before it gives up."""

MOST_RESTARTS = 5_000
"""How often a search may meet something unknown."""

Graph = Mapping[Identifier, Candidate]


async def resolve(
    wants: Sequence[Want], *, catalog: Catalog, target: Target, prefer: Mapping[str, str] | None = None
) -> Solution:
    """Find a set that fulfils every want.

    Args:
        wants: what the user asks for, all of it: also what is installed and shall stay.
        catalog: where offers come from.
        target: what it must run on, and which distributions are fixed.
        prefer: distribution -> version that is tried first: what is installed and need not change.

    Raises:
        ResolutionError: there is none; the message names plugins, versions and the way out.
        DependencyLoop: plugins require each other in a circle.
        MarketError: a source does not answer, or nonsense.
    """
    prefer = prefer or {}
    known = Knowledge(catalog, target)
    wanted = frozenset(want.distribution for want in wants)
    asks = [Ask(want.distribution, requirement=want.requirement, pre=want.pre, plugin=want.plugin) for want in wants]
    await known.begin(wanted, prefer)
    for _restart in range(MOST_RESTARTS):
        provider = Provider(known, target, prefer, wanted)
        try:
            return _search(asks, provider, known, target)
        except Missing as missing:
            await known.learn(missing, prefer)
    raise ResolutionError(f"the set was not found within {MOST_RESTARTS} look-ups", hint="ask for exact versions")


def _search(asks: Sequence[Ask], provider: Provider, known: Knowledge, target: Target) -> Solution:
    try:
        result = Resolver(provider, BaseReporter[Ask, Candidate, Identifier]()).resolve(asks, max_rounds=MOST_ROUNDS)
    except ResolutionImpossible as error:
        causes = [Cause(cause.requirement, cause.parent) for cause in error.causes]
        raise explain(causes, known, target, provider.rejected, provider.title) from error
    except ResolutionTooDeep as error:
        raise ResolutionError(f"no set was found within {MOST_ROUNDS} steps", hint="ask for exact versions") from error
    return _solution(result.mapping, provider, known, target)


def _solution(mapping: Graph, provider: Provider, known: Knowledge, target: Target) -> Solution:
    chosen: dict[str, Candidate] = {}
    requires: dict[str, set[str]] = {}
    for candidate in mapping.values():
        chosen.setdefault(candidate.name, candidate)
        names = {ask.name for ask in provider.get_dependencies(candidate)} - {candidate.name}
        requires.setdefault(candidate.name, set()).update(names)
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
