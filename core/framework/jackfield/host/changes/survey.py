"""What is there and what is wished, read once from disk for one decision of the host."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jackfield.discovery import EXTERNAL, discover, discover_scripts, external_candidates, languages_of
from jackfield.errors import ManifestError, StoreError
from jackfield.host.changes.attendance import NOBODY, Attendance
from jackfield.host.changes.presence import Presence, with_presences
from jackfield.host.judgement import Judgement, Wishes, judge
from jackfield.host.revoked import RevokedNow, look_for_revoked
from jackfield.host.scripts import NO_SCRIPTS, Scripts, full_trust
from jackfield.host.switch import Footing
from jackfield.isolation import user_limits
from jackfield.manifest import Candidate, HostFile, Pin, Version, canonical_id
from jackfield.permissions import Grant, Placement
from jackfield.sandbox import grade_of, probe
from jackfield.storage import State, longest_enabled
from jackfield.store import SURROUNDINGS, Generation, Store, idle_trees, with_misfits


def grade_here() -> str:
    """Return how well this machine confines a process; tried once in each host."""
    return grade_of(probe()).value


@dataclass(frozen=True, slots=True)
class Survey:
    """A consistent look at one profile.

    Args:
        generation: the active one.
        judgement: which plugins run, and in which order.
        wishes: what the user wants and allowed, as it counts in this run of the host.
        wished: the canonical ids that the user wants to run, whatever was asked for this run.
        footings: by canonical id, what each winner runs on or would run on.
        revoked: what comes of those that a marketplace revoked.
        longest: the canonical ids that the user enabled, first the one that has been so longest; also those that are
            disabled for a moment, in a search for who is to blame.
    """

    generation: Generation
    judgement: Judgement
    wishes: Wishes
    footings: Mapping[str, Footing]
    wished: frozenset[str]
    revoked: Mapping[str, RevokedNow] = field(default_factory=dict)
    longest: tuple[str, ...] = ()

    def trees(self, *, but: Collection[str] = ()) -> tuple[Path, ...]:
        """Where modules and distributions are found in this process: the code of plugins that run in it, and no other.

        One that nobody enabled, or that was revoked, would else have its code run by whatever tries an import that may
        fail (`import brotli`), or loads the entry points of a group.

        Args:
            but: canonical ids of plugins that were taken down since.
        """
        verdicts = self.judgement.verdicts.items()
        here = {cid for cid, one in verdicts if one.runs and cid not in but and not one.placement.own_process}
        here = {cid for cid in here if self.judgement.verdicts[cid].candidate.origin == "store"}
        needed = {tree for cid in here for tree in self.footings[cid].trees}
        idle = idle_trees(self.generation, here) - needed
        return tuple(tree for tree in self.generation.paths if tree not in idle)


def survey(
    store: Store,
    state: State,
    hostfile: HostFile,
    scripts: Scripts = NO_SCRIPTS,
    *,
    framework: Version,
    safe: bool = False,
    presences: Mapping[str, Presence] = MappingProxyType({}),
    attendance: Attendance = NOBODY,
    running: Mapping[Path, Candidate] = MappingProxyType({}),
    grade: Callable[[], str] = grade_here,
) -> Survey:
    """Look at the environment, the active generation and the state log; imports no plugin.

    Args:
        store: the profile's.
        state: the profile's.
        hostfile: the host's own: its groups and its API version.
        scripts: folders whose scripts run unless the user disabled them.
        framework: the version of jackfield.
        safe: run nothing but what was asked for this run.
        presences: what was asked for this run of the host.
        attendance: which external plugins are connected.
        running: each script that runs, by its file.
        grade: tells how well this machine confines processes; asked only where a plugin shall run in one of its own.

    Raises:
        StoreError: the active generation or the state log is damaged.
    """
    generation = store.active()
    candidates = [*discover(hostfile.groups), *_installed(generation, hostfile.groups, state.get(SURROUNDINGS))]
    longest = longest_enabled(state)
    languages = languages_of(candidates, longest)
    in_folders = discover_scripts(scripts.folders, languages, {one: running[one].id for one in running})
    taken = {one.canonical_id for one in candidates}
    own = {one.canonical_id for one in in_folders} - taken  # who wins by an id is wished and granted as itself
    candidates += in_folders
    external = attendance.stamped(external_candidates(state.items(EXTERNAL)))
    candidates += external
    wishes = _with_scripts(read_wishes(state, generation), own, state, hostfile)
    wishes = replace(wishes, standing=_standing(in_folders, running))
    wished = frozenset(wishes.enabled)
    wishes = with_presences(wishes, presences, safe=safe)
    wishes = attendance.wishes(wishes, [one for one in external if one.canonical_id not in taken | own])
    wishes = replace(wishes, grade=grade() if _may_be_confined(candidates, wishes) else "")
    revoked = look_for_revoked(store, state, candidates, generation)
    wishes = replace(wishes, revoked={cid: one.problem for cid, one in revoked.items() if one.stops})
    judgement = judge(candidates, wishes, hostfile, framework)
    closures, said = _closures(generation), _said_of_limits(state)
    footings = {
        cid: _footing(
            verdict.candidate,
            verdict.placement,
            judgement.needs.get(cid, frozenset()),
            closures,
            said.get(cid, "") + _handed_out(wishes.grants.get(cid)),
        )
        for cid, verdict in judgement.verdicts.items()
    }
    return Survey(generation, judgement, wishes, footings, wished, revoked, longest)


def read_wishes(state: State, generation: Generation) -> Wishes:
    """Read wishes, grants and trust; a grant that is damaged counts as none, so that the plugin asks again."""
    return Wishes(
        enabled=frozenset(_flags(state.items("wish/"), "wish/")),
        grants=_grants(state.items("grants/")),
        trusted=frozenset(_flags(state.items("trust/"), "trust/")),
        sources={canonical_id(pin.id): pin.source for pin in generation.pins if pin.id is not None},
        isolations={
            key.removeprefix("isolation/"): value
            for key, value in state.items("isolation/").items()
            if isinstance(value, str)
        },
    )


def _may_be_confined(candidates: Sequence[Candidate], wishes: Wishes) -> bool:
    """Say whether some plugin that shall run does not run inline; to try the sandbox takes longer than all of this."""
    return any(
        one.manifest is not None and one.manifest.isolation in ("worker", "any") and one.canonical_id in wishes.enabled
        for one in candidates
    )


def _with_scripts(wishes: Wishes, ids: Collection[str], state: State, hostfile: HostFile) -> Wishes:
    """Wish and trust the scripts: whoever named their folder meant them, until they disable one."""
    if not ids:
        return wishes
    refused = {key.removeprefix("wish/") for key, value in state.items("wish/").items() if not value}
    grants = {cid: full_trust(cid, hostfile) for cid in ids}
    enabled = frozenset(wishes.enabled) | (set(ids) - refused)
    return replace(wishes, enabled=enabled, grants={**wishes.grants, **grants})


def _standing(found: Collection[Candidate], running: Mapping[Path, Candidate]) -> dict[str, Candidate]:
    """Return the scripts that run and whose files cannot be read, as they run: their authors are at work on them."""
    broken = {one.file for one in found if one.problem is not None}
    return {one.canonical_id: one for file, one in running.items() if file in broken}


def _flags(items: Mapping[str, Any], prefix: str) -> list[str]:
    return [key.removeprefix(prefix) for key, value in items.items() if value]


def _grants(items: Mapping[str, Any]) -> dict[str, Grant]:
    grants = {}
    for key, value in items.items():
        try:
            grants[key.removeprefix("grants/")] = Grant.from_mapping(value)
        except ManifestError:
            continue
    return grants


def _installed(generation: Generation, groups: Sequence[str], used: object) -> list[Candidate]:
    missing = generation.missing()
    gone = {generation.tree(pin) for pin in missing}
    trees = [tree for tree in generation.plugin_trees if tree not in gone]
    found = [one for one in discover(groups, path=trees) if _is_its_own(one, generation)] if trees else []
    found = with_misfits(found, generation, used)
    return [*found, *(_lost(pin, pin.id) for pin in missing if pin.id is not None)]


def _is_its_own(candidate: Candidate, generation: Generation) -> bool:
    """Say whether a wheel may bring this plugin: its pin names another id where it takes that of another plugin.

    Grants and settings belong to an id. What the user consented to is the wheel pinned under it, and no other.
    """
    named = {canonical_id(pin.distribution): canonical_id(pin.id) for pin in generation.pins if pin.id is not None}
    own = named.get(canonical_id(candidate.distribution))
    if own is None:  # pinned as a library
        return candidate.canonical_id not in named.values()
    return own == candidate.canonical_id


def _lost(pin: Pin, plugin: str) -> Candidate:
    """Make a candidate for a plugin whose files are gone: it is broken, which is not the same as uninstalled."""
    return Candidate(
        id=plugin,
        canonical_id=canonical_id(plugin),
        distribution=pin.distribution,
        version=pin.version,
        entry_point="",
        group="",
        folder=None,
        manifest=None,
        origin="store",
        problem=StoreError("its files are missing in the store", plugin=plugin, hint=f"jackfield install {plugin}"),
    )


def _closures(generation: Generation) -> dict[Path, frozenset[Path]]:
    """For each tree of the generation, itself and every library that its distribution reaches through `requires`.

    Other plugins are not libraries: what their change means for this one is told by `Footing.requires`. A plugin with a
    process of its own reaches its own libraries.
    """
    pins = {canonical_id(pin.distribution): pin for pin in generation.inline}
    shared = {
        generation.tree(pin): frozenset(generation.tree(pins[name]) for name in _reached(name, pins))
        for name, pin in pins.items()
    }
    own = (generation.worker_paths(cid) for cid in generation.workers)
    return shared | {trees[0]: frozenset(trees) for trees in own}


def _reached(name: str, pins: Mapping[str, Pin]) -> set[str]:
    reached, waiting = {name}, [name]
    while waiting:
        for required in map(canonical_id, pins[waiting.pop()].requires):
            if required in pins and required not in reached and pins[required].id is None:
                reached.add(required)
                waiting.append(required)
    return reached


def _said_of_limits(state: State) -> dict[str, str]:
    """What users said of limits, by canonical id: a worker is exchanged when it changes, for the kernel holds them."""
    said, quotas = state.items("limits/"), state.items("quota/")
    cids = {key.partition("/")[2] for key in (*said, *quotas)}
    limits = {cid: user_limits(said.get(f"limits/{cid}"), quotas.get(f"quota/{cid}")) for cid in cids}
    return {cid: repr(sorted(one.items())) for cid, one in limits.items() if one}


def _handed_out(grant: Grant | None) -> str:
    """The permissions by which open files and connections go into a plugin's process, where no later check is made.

    So a worker is exchanged when they change: what it has open ends with it.
    """
    permissions = grant.permissions if grant is not None else ()
    return "".join(sorted(repr(one.to_mapping()) for one in permissions if one.resource in ("files", "network")))


def _footing(
    candidate: Candidate,
    placement: Placement,
    needs: frozenset[str],
    closures: Mapping[Path, frozenset[Path]],
    process: str,
) -> Footing:
    folder = candidate.folder
    held_here = placement.own_process and candidate.origin != "external"  # whose program is not ours to exchange
    trees: frozenset[Path] = frozenset()
    if candidate.origin == "store" and folder is not None:
        trees = closures.get(folder.parent, frozenset({folder.parent}))
    manifest = candidate.manifest
    return Footing(
        code=(*_code(candidate), placement.isolation, process if held_here else ""),
        trees=trees,
        requires=needs,
        restart_only=(folder is None and candidate.origin not in ("script", "external"))
        or (manifest is not None and manifest.reload == "restart"),
        own_process=placement.own_process,
    )


def _code(candidate: Candidate) -> tuple[str, ...]:
    told = (candidate.origin, candidate.distribution, candidate.version, candidate.entry_point, str(candidate.folder))
    return (*told, candidate.stamp) if candidate.origin in ("script", "external") else told
