"""What becomes of the installed plugins with another version of their host, or another Python; nothing is changed.

The whole set is solved for what will be there. Where it cannot be, each plugin is asked for on top of those that can,
so that one which is lost says why and the others count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion
from packaging.version import Version as ReleaseVersion

from jackfield.errors import GrammarError, UsageError
from jackfield.management.catalog import MarketCatalog
from jackfield.management.compatibility import tested
from jackfield.management.planning import Planner
from jackfield.management.salvage import salvage
from jackfield.manifest import FRAMEWORK, Manifest, Pin, Version, host_problem
from jackfield.resolution import Remembered, Solution, Target, Want, resolve, wheels_of

Fate = Literal["keeps", "update", "blocked"]

_PYTHON = re.compile(r"3\.\d{1,2}(\.\d{1,3})?")


@dataclass(frozen=True, slots=True)
class Upgraded:
    """One plugin after the upgrade.

    Args:
        id: the plugin's id.
        version: the one that is installed.
        fate: `keeps`: it runs as it is; `update`: it needs the version `to`; `blocked`: no version of it runs there.
        to: the version that it needs; None otherwise.
        why: why it does not run as it is, as a sentence; empty where it does.
        tested: `tested with Chat 1.4; this is 2.0`, of the version that would run; None where there is nothing to say.
    """

    id: str
    version: str
    fate: Fate
    to: str | None = None
    why: str = ""
    tested: str | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class UpgradeReport:
    """What an upgrade of the host would do.

    Args:
        what: name -> version, of what would be there.
        plugins: every installed plugin, by id.
    """

    what: Mapping[str, str]
    plugins: tuple[Upgraded, ...]

    @property
    def blocked(self) -> tuple[Upgraded, ...]:
        """The plugins that would not run."""
        return tuple(one for one in self.plugins if one.fate == "blocked")

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"upgrade": dict(self.what), "plugins": [one.to_mapping() for one in self.plugins]}


class UpgradeCheck(Planner):
    """Looks at one profile as it would be."""

    async def run(self, versions: Mapping[str, str], python: str | None) -> UpgradeReport:
        """Say of each installed plugin whether it keeps, needs an update or is blocked.

        Args:
            versions: name -> version, of the application, of jackfield, or of a distribution of the environment.
            python: `3.13`; None for the one that runs.

        Raises:
            UsageError: a name that is none of these, or a version that cannot be read.
            MarketError: a marketplace that has to be asked does not answer, or nonsense.
        """
        target = self._upgraded(versions, python)
        if self._hostfile is not None and target.api_version is not None:
            self._hostfile = replace(self._hostfile, api_version=target.api_version)
        remembered: Remembered = {}
        async with self.catalog() as catalog:
            solution, lost = await self._find(target, catalog, remembered)
            # A version that would do may only be too young yet for this user.
            lost = {
                cid: "; ".join([why, *catalog.withheld.notes(self._inventory.pins[cid])]) for cid, why in lost.items()
            }
        hidden = self._inventory.environment
        own = {cid: pin for cid, pin in self._inventory.pins.items() if cid not in hidden}
        found = [self._fate(cid, pin, solution, lost, target) for cid, pin in own.items()]
        found += self._elsewhere(target, python)
        what = {**versions, **({"python": python} if python else {})}
        return UpgradeReport(what, tuple(sorted(found, key=lambda one: one.id)))

    async def _find(
        self, target: Target, catalog: MarketCatalog, remembered: Remembered
    ) -> tuple[Solution, dict[str, str]]:
        """The set with as many of the plugins as can be, and canonical id -> why, of the others."""

        async def solve(cids: Sequence[str]) -> Solution:
            wants = [replace(self._keep(pins[cid]), requirement=self._held(cid)) for cid in cids]
            return await self._for(target, wants, catalog, remembered)

        pins = self._inventory.pins
        return await salvage(pins, solve)

    async def _for(
        self, target: Target, wants: Sequence[Want], catalog: MarketCatalog, remembered: Remembered
    ) -> Solution:
        prefer = self._prefer(without=())
        return await resolve(
            wants,
            catalog=catalog,
            target=target,
            prefer=prefer,
            held=catalog.held(prefer),
            remembered=remembered,
            own_libraries=self._own_libraries,
            named=len(catalog.sources) > 1,
        )

    def _fate(self, cid: str, pin: Pin, solution: Solution, lost: Mapping[str, str], target: Target) -> Upgraded:
        plugin, installed = pin.id or cid, self._inventory.manifests.get(cid)
        if cid in lost:
            return Upgraded(plugin, pin.version, "blocked", why=lost[cid])
        after = {one.distribution: one for one in (*solution.pins, *(own[0] for own in solution.workers.values()))}
        found, manifest = after[pin.distribution], solution.manifests[pin.distribution]
        said = tested(manifest, self._app, self._hostfile)
        if found.version == pin.version:
            rebuilt = "in another file of that version" if found.file.sha256 != pin.file.sha256 else ""
            return Upgraded(plugin, pin.version, "keeps", why=rebuilt, tested=said)
        why = (installed and self._problem(installed, target)) or self._unfit(pin, target) or "its libraries do not fit"
        return Upgraded(plugin, pin.version, "update", found.version, f"{pin.version} {why}", said)

    def _elsewhere(self, target: Target, python: str | None) -> list[Upgraded]:
        """The plugins that are not ours to update: of the environment, scripts and external ones."""
        inventory, found = self._inventory, []
        beside = {
            cid: one for cid, one in {**inventory.external, **inventory.scripts}.items() if cid not in inventory.pins
        }
        for candidate in {**beside, **inventory.environment}.values():
            if candidate.manifest is None:
                continue
            problem = self._problem(candidate.manifest, target)
            by_pip = candidate.origin == "environment"
            if problem is not None:
                why = f"{candidate.version} {problem}" + (": update it with pip" if by_pip else "")
                found.append(Upgraded(candidate.id, candidate.version, "blocked", why=why))
                continue
            why = "came by pip: install it there too" if python and by_pip else ""
            said = tested(candidate.manifest, self._app, self._hostfile)
            found.append(Upgraded(candidate.id, candidate.version, "keeps", why=why, tested=said))
        return found

    def _problem(self, manifest: Manifest, target: Target) -> str | None:
        if target.app is None:
            return None
        return host_problem(manifest, target.app, target.api_version, target.framework)

    def _unfit(self, pin: Pin, target: Target) -> str | None:
        wheels = wheels_of(pin.distribution, [pin.file], target)
        return wheels[0].problem if wheels else None

    def _upgraded(self, versions: Mapping[str, str], python: str | None) -> Target:
        """What will be there."""
        target = self._target()
        if python is not None:
            target = _with_python(target, python)
        installed = dict(target.installed)
        for name, text in versions.items():
            if name == self._app:
                if target.app is None:
                    raise UsageError(f"{name} has no host file, so plugins say nothing of its versions")
                target = replace(target, api_version=_version(name, text))
                continue
            distribution = canonicalize_name(name)
            if distribution not in installed:
                known = f"{self._app}, or what is installed beside it"
                raise UsageError(f"{name} is nothing that plugins here are held against", hint=known)
            installed[distribution] = replace(installed[distribution], version=_released(name, text))
            if distribution == FRAMEWORK:
                target = replace(target, framework=_version(name, text))
        return replace(target, installed=installed)


def _with_python(target: Target, python: str) -> Target:
    if _PYTHON.fullmatch(python) is None:
        raise UsageError(f"{python!r} is no version of Python", hint="write it as 3.13")
    major, minor = python.split(".")[:2]
    named = target.named(f"{target.name.rpartition('-')[0]}-cp{major}{minor}")
    return replace(named, python=python) if python.count(".") > 1 else named


def _released(name: str, text: str) -> str:
    """A version of a distribution (PEP 440)."""
    try:
        return str(ReleaseVersion(text))
    except InvalidVersion as error:
        raise UsageError(f"{name}=={text}: {text!r} is no version of a distribution", hint="as pip shows it") from error


def _version(name: str, text: str) -> Version:
    try:
        return Version.parse(text)
    except GrammarError as error:
        raise UsageError(f"{name}=={text}: {error.message}", hint=error.hint) from error
