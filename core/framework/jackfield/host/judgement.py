"""Which plugins may run, and in which order: a pure function of what is installed, wished and granted (C6, K23, U37).

Rules, the first that fails is the plugin's problem:

1. What discovery could not read is blocked with discovery's words. Two plugins of one canonical id: the host's
   environment wins over the store, the store over scripts, the first over the second, all of them over external ones;
   the loser is shadowed (M8).
2. What a marketplace revoked does not run, unless its user allowed it for a day. Scripts are nobody's to revoke.
3. Without a manifest: only when the user trusts it (decision 5), and never from the store. A script asks nobody: its
   user put it into a folder that they named.
4. `[host]` must name this host (or `jackfield`) in a version that it has.
5. It must be possible to run it where it shall run (`jackfield.permissions.isolation`); `external` is started by
   somebody else.
6. A grant must exist, be bound to the source that the plugin comes from, and cover what is asked, unless the user has
   seen this very version and took something back.
7. Required plugins must be there, wished, of an accepted version, not blocked themselves and not in a circle; an
   optional one may be absent, but not present in a wrong version (K10, K12).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from jackfield.errors import GrammarError
from jackfield.manifest import Candidate, Dependency, HostFile, Version, host_problem
from jackfield.permissions import Grant, Placement, decide, isolation_of

_ORIGINS = ("environment", "store", "script", "external")
"""Whose plugin wins where several claim one id."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user wants and allowed; keys are canonical ids.

    Args:
        enabled: the plugins that shall run.
        grants: what each was granted.
        trusted: the plugins without a manifest that may run.
        sources: where each store plugin comes from, as grants name it.
        out: the plugins that shall not run for now although nobody disabled them, and why: `was unloaded by weather`.
        loads_only: of the enabled, those whose code is loaded and that are not enabled further (K21).
        isolations: where the user chose to run each, as far as they chose.
        revoked: why each plugin that was revoked may not run.
        grade: how well this machine confines processes: `full`, `base`, `process`; None where the host has no workers.
        standing: scripts that run on as they are here, for their files are saved half way and cannot be read: who needs
            one has it.
    """

    enabled: Collection[str] = frozenset()
    grants: Mapping[str, Grant] = field(default_factory=dict)
    trusted: Collection[str] = frozenset()
    sources: Mapping[str, str] = field(default_factory=dict)
    out: Mapping[str, str] = field(default_factory=dict)
    loads_only: Collection[str] = frozenset()
    isolations: Mapping[str, str] = field(default_factory=dict)
    grade: str | None = None
    revoked: Mapping[str, str] = field(default_factory=dict)
    standing: Mapping[str, Candidate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one candidate.

    Args:
        candidate: which.
        runs: whether it shall run now.
        problem: why not, when it should; empty for one that nobody enabled.
        shadowed: another of its id wins.
        placement: where its code runs, or would.
    """

    candidate: Candidate
    runs: bool
    problem: str = ""
    shadowed: bool = False
    placement: Placement = field(default_factory=Placement)


@dataclass(frozen=True, slots=True)
class Judgement:
    """All verdicts, and the order of those that run.

    Args:
        verdicts: by canonical id, the winners.
        shadowed: the losers.
        levels: canonical ids; each level needs only the ones before it, and its members nothing of each other.
        needs: for each that runs, the running plugins that it needs or would like before it; who is `standing` too.
    """

    verdicts: Mapping[str, Verdict]
    shadowed: tuple[Verdict, ...]
    levels: tuple[tuple[str, ...], ...]
    needs: Mapping[str, frozenset[str]]


def judge(candidates: Sequence[Candidate], wishes: Wishes, hostfile: HostFile, framework: Version) -> Judgement:
    """Decide for every candidate.

    Args:
        candidates: what was found, in the order of discovery.
        wishes: what the user wants.
        hostfile: the host's name and API version.
        framework: the version of jackfield, for manifests whose `[host]` names it.
    """
    winners, shadowed = _winners(candidates)
    problems: dict[str, str] = {}
    wished = {cid for cid in winners if cid in wishes.enabled}
    for cid in wished:
        problem = _own_problem(winners[cid], cid, wishes, hostfile, framework)
        if problem:
            problems[cid] = problem
    problems.update(_loops(winners, wished))
    _spread(winners, wished, problems, wishes)
    runs = [cid for cid in winners if cid in wished and cid not in problems]
    needs = _order_edges(winners, runs, wishes.standing)
    verdicts = {
        cid: Verdict(
            candidate,
            cid in wished and cid not in problems,
            problems.get(cid, ""),
            placement=placement_of(candidate, wishes),
        )
        for cid, candidate in winners.items()
    }
    among = {cid: others & frozenset(runs) for cid, others in needs.items()}
    return Judgement(verdicts, shadowed, levels(runs, among), needs)


def version_of(candidate: Candidate) -> Version | None:
    """Return the version that requirements are compared with; None where it cannot be read."""
    if candidate.manifest is not None and candidate.manifest.version is not None:
        return candidate.manifest.version
    try:
        return Version.from_pep440(candidate.version, published=False)
    except GrammarError:
        return None


def placement_of(candidate: Candidate, wishes: Wishes) -> Placement:
    """Return where a candidate's code runs; a script, and one without a manifest, runs inline."""
    manifest = candidate.manifest
    if manifest is None or candidate.origin == "script":
        return Placement()
    chosen = wishes.isolations.get(candidate.canonical_id)
    return isolation_of(manifest.isolation, chosen, wishes.grade, plugin=candidate.id)


def consent_problem(candidate: Candidate, source: str, grant: Grant | None, *, command: str = "jackfield") -> str:
    """Say why a plugin has to ask for consent; empty when it has it.

    Args:
        candidate: the plugin.
        source: where it comes from, as grants name it.
        grant: what the user said yes to, and of which source.
        command: what the user types before `permissions` and `enable`.
    """
    manifest = candidate.manifest
    if manifest is None:
        return ""
    how = f"see: {command} permissions {candidate.id}; say yes with: {command} enable {candidate.id}"
    if grant is None:
        return f"asks for consent ({how})"
    if grant.source != source:
        return f"asks for consent: it came from {grant.source}, now from {source} ({how})"
    missing = decide(manifest.permissions, grant).missing
    seen = grant.version == str(version_of(candidate) or candidate.version) or grant.version == candidate.version
    if missing and not seen:
        # The user saw an earlier version; what is missing of the version they saw, they took back on purpose.
        return f"asks for consent to more: {'; '.join(map(str, missing))} ({how})"
    unseen = grant.unseen(one.canonical_id for one in manifest.requires)
    if unseen:  # the user cannot take these back one by one, so the version that they saw does not matter
        return f"asks for consent to more: it uses {', '.join(unseen)} ({how})"
    return ""


def _winners(candidates: Sequence[Candidate]) -> tuple[dict[str, Candidate], tuple[Verdict, ...]]:
    winners: dict[str, Candidate] = {}
    shadowed = []
    for candidate in sorted(candidates, key=lambda one: _ORIGINS.index(one.origin)):  # stable: the first stays first
        winner = winners.setdefault(candidate.canonical_id, candidate)
        if winner is not candidate:
            problem = f"{winner.id} {winner.version} of {_place(winner)} wins"
            shadowed.append(Verdict(candidate, runs=False, problem=problem, shadowed=True))
    return winners, tuple(shadowed)


def _place(candidate: Candidate) -> str:
    if candidate.origin == "environment":
        return "the host's environment"
    return candidate.distribution if candidate.file is None else str(candidate.file)


def _own_problem(candidate: Candidate, cid: str, wishes: Wishes, hostfile: HostFile, framework: Version) -> str:
    """Say what is wrong with a plugin itself, apart from what it requires."""
    manifest = candidate.manifest
    if candidate.problem is not None:
        return str(candidate.problem)
    if cid in wishes.revoked and candidate.origin != "script":
        return wishes.revoked[cid]
    if manifest is None:
        if cid in wishes.trusted and candidate.origin != "store":  # trust was given to what pip installed
            return ""
        return f"has no manifest, so nobody knows what it does (trust it: jackfield enable {candidate.id})"
    problem = host_problem(manifest, hostfile.app, hostfile.api_version, framework)
    if problem is not None:
        return problem
    if candidate.origin == "script":
        return ""
    if candidate.origin == "external":
        return consent_problem(candidate, "external", wishes.grants.get(cid))
    if manifest.isolation == "external":
        return f"is a program that connects by itself: start it, with a key from: jackfield keys new {candidate.id}"
    placement = placement_of(candidate, wishes)
    if placement.problem:
        return placement.problem
    source = "environment" if candidate.origin == "environment" else wishes.sources.get(cid, "file")
    return consent_problem(candidate, source, wishes.grants.get(cid))


def _requires(candidate: Candidate) -> tuple[Dependency, ...]:
    return candidate.manifest.requires if candidate.manifest is not None else ()


def _loops(winners: Mapping[str, Candidate], wished: Collection[str]) -> dict[str, str]:
    """Name every circle of required plugins, `a → b → a`, at each plugin on it."""
    edges = {
        cid: [
            need.canonical_id for need in _requires(winners[cid]) if not need.optional and need.canonical_id in wished
        ]
        for cid in wished
    }
    problems: dict[str, str] = {}
    for cid in sorted(wished):
        circle = _circle(edges, cid)
        if circle:
            names = " → ".join(winners[one].id for one in circle)
            problems[cid] = f"requires itself in a circle: {names}"
    return problems


def _circle(edges: Mapping[str, Sequence[str]], start: str) -> list[str]:
    """Return the shortest way from `start` back to itself, both ends included; empty when there is none."""
    ways = [[start]]
    seen: set[str] = set()
    for way in ways:
        for following in edges.get(way[-1], ()):
            if following == start:
                return [*way, start]
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return []


def _spread(
    winners: Mapping[str, Candidate], wished: Collection[str], problems: dict[str, str], wishes: Wishes
) -> None:
    """Block what requires something absent, wrong or blocked, naming the whole chain."""
    changed = True
    while changed:
        changed = False
        for cid in sorted(wished):
            if cid in problems:
                continue
            for need in _requires(winners[cid]):
                problem = _need_problem(need, winners, wished, problems, wishes)
                if problem:
                    problems[cid] = problem
                    changed = True
                    break


def _need_problem(
    need: Dependency,
    winners: Mapping[str, Candidate],
    wished: Collection[str],
    problems: Mapping[str, str],
    wishes: Wishes,
) -> str:
    standing, out = wishes.standing, wishes.out
    other = standing.get(need.canonical_id) or winners.get(need.canonical_id)
    if other is None:
        return "" if need.optional else f"needs {need.id}, which is missing (install it: jackfield install {need.id})"
    if not need.requirement.accepts(version := version_of(other) or Version.parse("0.0.0")):
        return f"needs {need.id} {need.requirement}, found {version}"
    if need.optional:
        return ""
    if other.canonical_id in out:
        return f"needs {other.id}, which {out[other.canonical_id]}"
    if other.canonical_id not in wished:
        return f"needs {other.id}, which is disabled (enable it: jackfield enable {other.id})"
    if other.canonical_id in problems and other.canonical_id not in standing:
        return f"needs {other.id}, which {problems[other.canonical_id]}"
    return ""


def _order_edges(
    winners: Mapping[str, Candidate], runs: Sequence[str], standing: Collection[str]
) -> dict[str, frozenset[str]]:
    """Required plugins come first; optional ones too, where that closes no circle."""
    chosen = {*runs, *standing}
    edges: dict[str, set[str]] = {
        cid: {need.canonical_id for need in _requires(winners[cid]) if not need.optional} & chosen for cid in runs
    }
    for cid in runs:
        for need in _requires(winners[cid]):
            other = need.canonical_id
            if need.optional and other in chosen and other != cid and not _reaches(edges, other, cid):
                edges[cid].add(other)
    return {cid: frozenset(before) for cid, before in edges.items()}


def _reaches(edges: Mapping[str, Collection[str]], start: str, goal: str) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        for following in edges.get(waiting.pop(), ()):
            if following == goal:
                return True
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return False


def levels(runs: Sequence[str], needs: Mapping[str, frozenset[str]]) -> tuple[tuple[str, ...], ...]:
    """Group plugins so that each level needs only the ones before it.

    Args:
        runs: canonical ids.
        needs: for each, which of `runs` come before it; without circles.
    """
    grouped: list[tuple[str, ...]] = []
    placed: set[str] = set()
    while len(placed) < len(runs):
        level = tuple(cid for cid in runs if cid not in placed and needs[cid] <= placed)
        grouped.append(level)
        placed.update(level)
    return tuple(grouped)
