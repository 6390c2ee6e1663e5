"""The rules of choice, as resolvelib asks for them; pure over what is known."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement
from packaging.version import Version as ReleaseVersion
from resolvelib import AbstractProvider

from jackfield.errors import ResolutionError
from jackfield.manifest import Manifest
from jackfield.resolution.demands import Demand, direct_problem, read_demand
from jackfield.resolution.knowledge import Details, Knowledge, Missing
from jackfield.resolution.model import Ask, Candidate, Place, release_version
from jackfield.resolution.stepping_back import Outgrown, older_problem, outgrown
from jackfield.resolution.target import Target
from jackfield.resolution.wheels import Wheel

if TYPE_CHECKING:
    from resolvelib.structs import RequirementInformation

Identifier = tuple[Place, frozenset[str]]

UNKNOWN_PLUGIN = "plugin:"
"""Begins the name of an ask for a plugin that nobody offers: no distribution can be called so."""


TOGETHER = "cannot be had together with the rest"
"""Why a version is passed over that is well by itself."""


PRE_RELEASE = "is a pre-release"
"""Why a version is passed over that nobody said he would take."""


class OutOfTime(Exception):
    """A search took longer than it may."""


class Provider(AbstractProvider[Ask, Candidate, Identifier]):
    """Chooses among wheels: newest first, but what is installed stays; never what cannot run here.

    Args:
        known: what was fetched.
        target: the environment; its distributions are the only candidates for their names.
        prefer: version that is tried first, by place.
        wanted: distributions of the user's own wants, which come first in the search.
        staying: place -> sha256 of the installed wheel that may stay there where nothing fits, though it cannot run.

    Attributes:
        names_sources: whether a conflict says from which marketplace the versions are that will not do.
    """

    def __init__(
        self,
        known: Knowledge,
        target: Target,
        prefer: Mapping[Place, str],
        wanted: frozenset[str],
        staying: Mapping[Place, str] = MappingProxyType({}),
    ) -> None:
        self._known = known
        self._target = target
        self._prefer = {place: release_version(version) for place, version in prefer.items()}
        self.wanted = wanted
        self._staying = staying
        self._fixed = {name: present for name, one in target.installed.items() if (present := _present(one.version))}
        self._asked: dict[tuple[Place, str, frozenset[str]], tuple[Ask, ...]] = {}
        self._held: set[str] = set()
        self.rejected: dict[str, dict[ReleaseVersion, str]] = {}
        self.until = math.inf
        self.names_sources = False

    def hold(self, plugins: Iterable[str]) -> None:
        """From now on, these optional dependencies count as present: their versions must be right.

        Args:
            plugins: canonical ids.
        """
        self._held.update(plugins)
        self._asked.clear()

    def identify(self, requirement_or_candidate: Ask | Candidate) -> Identifier:
        """A name with its extras."""
        return requirement_or_candidate.place, requirement_or_candidate.extras

    def get_preference(
        self,
        identifier: Identifier,
        resolutions: Mapping[Identifier, Candidate],
        candidates: Mapping[Identifier, Iterator[Candidate]],
        information: Mapping[Identifier, Iterator[RequirementInformation[Ask, Candidate]]],
        backtrack_causes: Sequence[RequirementInformation[Ask, Candidate]],
    ) -> tuple[bool, bool, bool, Place]:
        """What is fixed first, then what made trouble, then what the user asked for."""
        place = identifier[0]
        trouble = any(place == cause.requirement.place for cause in backtrack_causes)
        return not self._target.fixes(place), not trouble, place[1] not in self.wanted, place

    def find_matches(
        self,
        identifier: Identifier,
        requirements: Mapping[Identifier, Iterator[Ask]],
        incompatibilities: Mapping[Identifier, Iterator[Candidate]],
    ) -> Callable[[], Iterator[Candidate]] | list[Candidate]:
        """The versions that fulfil every ask, best first."""
        refused = {candidate.version for candidate in incompatibilities[identifier]}
        return self._find(identifier, list(requirements[identifier]), refused)

    def best(self, identifier: Identifier, asks: Sequence[Ask]) -> Candidate | None:
        """The best version that fulfils some asks; None where there is none.

        Raises:
            Missing: something was not fetched yet.
        """
        found = self._find(identifier, asks, set())
        return next(iter(found() if callable(found) else found), None)

    def _find(
        self, identifier: Identifier, asks: Sequence[Ask], refused: set[ReleaseVersion]
    ) -> Callable[[], Iterator[Candidate]] | list[Candidate]:
        place, extras = identifier
        within, name = place
        if self._target.fixes(place):
            version = self._fixed.get(name)  # None: whether a version that means nothing will do cannot be told
            if version is None or version in refused or not all(ask.accepts(version) for ask in asks):
                return []
            return [Candidate(name, version, extras, within=within)]
        if name.startswith(UNKNOWN_PLUGIN):
            return []
        wheels = self._known.wheels(place)  # raises Missing here, not within the iterator
        return lambda: self._matches(place, extras, wheels, asks, refused)

    def is_satisfied_by(self, requirement: Ask, candidate: Candidate) -> bool:
        """Whether one ask holds for one candidate."""
        return requirement.accepts(candidate.version)

    def get_dependencies(self, candidate: Candidate) -> Iterable[Ask]:
        """What a candidate asks for: Requires-Dist, and for a plugin `[requires]`."""
        if time.monotonic() > self.until:
            raise OutOfTime
        key = (candidate.place, candidate.file.sha256 if candidate.file is not None else "", candidate.extras)
        asks = self._asked.get(key)
        if asks is None:
            self._asked[key] = asks = tuple(self._dependencies(candidate))
        return asks

    def _dependencies(self, candidate: Candidate) -> Iterator[Ask]:
        if candidate.file is None:
            # What it needs without an extra is there, else pip had not installed it.
            yield from self._asks(self._besides(candidate), candidate.extras, candidate.within)
            return
        details = self._known.details(candidate.file)
        inside = self._known.inside(candidate.name, candidate.within, details)
        yield from self._asks(details.requires, candidate.extras or frozenset({""}), inside)
        if candidate.extras:
            yield Ask(candidate.name, exact=candidate.version, within=candidate.within)
        elif details.manifest is not None:
            yield from self._plugins(details.manifest)

    def _besides(self, candidate: Candidate) -> Sequence[Demand]:
        """What the extras of a distribution of the environment need that it does not need by itself.

        Raises:
            ResolutionError: that cannot be read, or is to come from an address of its own.
        """
        hold = self._known.markers.hold
        installed = self._target.installed[candidate.name]
        try:
            demands = [read_demand(line) for line in installed.requires] if candidate.extras else []
            besides = [demand for demand in demands if not hold(demand, "")]
        except InvalidRequirement as error:
            why = f"cannot be read: {' '.join(str(error).split())}"
        else:
            why = direct_problem(besides, candidate.extras, self._known.markers) or ""
        if why:
            wanted = f"{candidate.name}[{','.join(sorted(candidate.extras))}]"
            raise ResolutionError(
                f"{wanted} {installed.version} of this application {why}", hint=f"update {candidate.name} with pip"
            )
        return besides

    def passed_over(self, name: str, chosen: ReleaseVersion, asks: Sequence[Ask]) -> tuple[str, str] | None:
        """The newest version above a plugin's chosen one, and why it could not be had; None where there is none.

        Args:
            name: its distribution.
            chosen: its version in the set.
            asks: what the user asks for.
        """
        place = ("", name)
        if self._prefer.get(place) == chosen:
            return None
        mine = [ask for ask in asks if ask.place == place]
        for wheel in self._known.wheels(place):
            if wheel.version <= chosen:
                break
            if _left_out(wheel, mine, None) is None and all(ask.accepts(wheel.version) for ask in mine):
                why = self.rejected.get(name, {}).get(wheel.version, TOGETHER)
                return str(wheel.version), why
        return None

    def title(self, candidate: Candidate) -> str:
        """The name and version for a sentence: a plugin by its id."""
        details = self._known.details(candidate.file) if candidate.file is not None else Details()
        return f"{details.manifest.id if details.manifest else candidate.name} {candidate.version}"

    def may_move(self, candidate: Candidate) -> bool:
        """Say whether it is an installed plugin that shares its libraries with others and need not."""
        details = self._known.details(candidate.file) if candidate.file is not None else Details()
        if details.manifest is None or details.manifest.isolation != "any":
            return False
        return ("", candidate.name) in self._prefer and not self._known.inside(candidate.name, "", details)

    def _matches(
        self,
        place: Place,
        extras: frozenset[str],
        wheels: Sequence[Wheel],
        asks: Sequence[Ask],
        refused: set[ReleaseVersion],
    ) -> Iterator[Candidate]:
        within, name = place
        offer = self._known.offer(place)
        prefer = self._prefer.get(place)
        ordered = sorted(wheels, key=lambda wheel: wheel.version != prefer)  # stable: newest first stays
        seen: set[ReleaseVersion] = set()
        staying: list[Wheel] = []
        newer = self._waiting_outgrown(place, wheels, asks, prefer)
        for wheel in ordered:
            version = wheel.version
            if version in seen or version in refused or not all(ask.accepts(version) for ask in asks):
                continue
            problem = self._problem(wheel, asks, prefer, extras)
            if problem is not None:
                newer = self._newest_outgrown(newer, wheel, asks, prefer)
            elif newer is not None and version < newer.version and not _meant(wheel, asks, prefer):
                manifest = self._known.details(wheel.file).manifest
                problem = older_problem(newer, manifest, wheel.file.requires_python)
            if problem is not None:
                self.rejected.setdefault(name, {}).setdefault(version, problem)
                staying += [wheel] if wheel.file.sha256 == self._staying.get(place) else []
                continue
            seen.add(version)
            yield Candidate(name, version, extras, offer, wheel.file, within)
        if self._known.only_held(place):
            raise Missing(place=place)  # what is installed will not do: now its source is asked for more
        for wheel in staying:  # better than nothing: it is there already, and blocked by name
            if wheel.version not in seen:
                yield Candidate(name, wheel.version, extras, offer, wheel.file, within)

    def _problem(
        self, wheel: Wheel, asks: Sequence[Ask], prefer: ReleaseVersion | None, extras: frozenset[str]
    ) -> str | None:
        """Why a wheel cannot be chosen, as the end of a sentence."""
        problem = wheel.problem or _left_out(wheel, asks, prefer)
        if problem is not None:
            return problem
        details = self._known.details(wheel.file)
        return details.problem or details.unfit or direct_problem(details.requires, extras, self._known.markers)

    def _waiting_outgrown(
        self, place: Place, wheels: Sequence[Wheel], asks: Sequence[Ask], prefer: ReleaseVersion | None
    ) -> Outgrown | None:
        """The newest version that waits, where it refuses what is here as too new and an older one could step in."""
        known = (wheel for wheel in self._known.waiting(place) if all(ask.accepts(wheel.version) for ask in asks))
        wheel = next((one for one in known if _left_out(one, asks, prefer) is None), None)
        if wheel is None or not any(one.version < wheel.version and not _meant(one, asks, prefer) for one in wheels):
            return None
        return self._newest_outgrown(None, wheel, asks, prefer)

    def _newest_outgrown(
        self, newest: Outgrown | None, wheel: Wheel, asks: Sequence[Ask], prefer: ReleaseVersion | None
    ) -> Outgrown | None:
        """The newest version that refuses what is here as too new; what is not offered anyway says nothing."""
        if wheel.file.manifest_sha256 is None or _left_out(wheel, asks, prefer) is not None:
            return newest
        manifest = self._known.details(wheel.file).manifest
        found = outgrown(wheel.version, manifest, wheel.file.requires_python, self._target)
        return max(newest, found, key=lambda one: one.version) if newest and found else newest or found

    def _asks(self, demands: Iterable[Demand], extras: frozenset[str], inside: str) -> Iterator[Ask]:
        for one in demands:
            if any(self._known.markers.hold(one, extra) for extra in extras):
                within, name = self._known.place_of(one.name, inside)
                yield Ask(name, specifier=one.specifier, within=within)
                if one.extras:
                    yield Ask(name, one.extras, one.specifier, within=within)

    def _plugins(self, manifest: Manifest) -> Iterator[Ask]:
        for one in manifest.requires:
            name = self._known.distribution(one.canonical_id) if not one.optional else self._present(one.canonical_id)
            if name is None and one.optional:
                continue
            yield Ask(name or UNKNOWN_PLUGIN + one.id, requirement=one.requirement, plugin=one.id)

    def _present(self, plugin: str) -> str | None:
        """The distribution of an optional dependency, if it is there anyway: then its version must be right."""
        name = self._known.distribution(plugin, optional=True)
        there = ("", name) in self._prefer or name in self.wanted or name in self._target.installed
        return name if there or plugin in self._held else None


def _meant(wheel: Wheel, asks: Sequence[Ask], prefer: ReleaseVersion | None) -> bool:
    """Whether this very version is what is installed, or what somebody named."""
    return wheel.version == prefer or any(ask.names(wheel.version) for ask in asks)


def _left_out(wheel: Wheel, asks: Sequence[Ask], prefer: ReleaseVersion | None) -> str | None:
    """Why a wheel is not offered here, whatever it fits, as the end of a sentence."""
    kept = wheel.version == prefer  # what is installed may stay, though it was yanked or is a pre-release
    if wheel.file.yanked and not _meant(wheel, asks, prefer):
        reason = f": {wheel.file.yanked}" if isinstance(wheel.file.yanked, str) else ""
        return f"was yanked{reason}"
    if wheel.version.is_prerelease and not kept and not any(ask.admits_prereleases() for ask in asks):
        return PRE_RELEASE
    return None


def _present(text: str) -> ReleaseVersion | None:
    """The version of a distribution of the environment; None for one that means nothing, as systems give to some."""
    try:
        return release_version(text)
    except ValueError:  # no version, or a number of more digits than Python reads
        return None
