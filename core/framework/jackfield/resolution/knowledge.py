"""What has been fetched so far; a resolution that meets a gap says what is missing and starts again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import compat32

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as DistRequirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion
from packaging.version import Version as ReleaseVersion

from jackfield.errors import JackfieldError, ManifestError, MarketError, MarketUnreachable, ResolutionError
from jackfield.manifest import File, Manifest
from jackfield.resolution.model import Catalog, Offer
from jackfield.resolution.target import Target

MOST_PROJECTS = 2000
"""How many distributions one resolution may look at."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel of an offer: its version, how well its tags fit (0 is best), and why it cannot be used if it cannot."""

    file: File
    version: ReleaseVersion
    rank: int
    problem: str | None


@dataclass(frozen=True, slots=True)
class Details:
    """What a wheel says of itself, or why it cannot be used."""

    requires: tuple[DistRequirement, ...] = ()
    manifest: Manifest | None = None
    problem: str | None = None


class Missing(Exception):
    """The resolution needs something that was not fetched yet."""

    def __init__(self, *, project: str | None = None, plugin: str | None = None, file: File | None = None) -> None:
        super().__init__(project or plugin or (file and file.filename))
        self.project = project
        self.plugin = plugin
        self.file = file


class Knowledge:
    """Offers, details and plugin names by now; `learn` adds to them.

    Args:
        catalog: where to ask.
        target: what wheels must fit.
    """

    def __init__(self, catalog: Catalog, target: Target) -> None:
        self._catalog = catalog
        self._target = target
        self._offers: dict[str, Offer | None] = {}
        self._wheels: dict[str, tuple[Wheel, ...]] = {}
        self._details: dict[str, Details] = {}
        self._distributions: dict[str, str | None] = {
            one.plugin: name for name, one in target.installed.items() if one.plugin is not None
        }

    def offer(self, name: str) -> Offer | None:
        """What is offered of a distribution, None if nobody has it.

        Raises:
            Missing: not known yet.
        """
        if name not in self._offers:
            raise Missing(project=name)
        return self._offers[name]

    def wheels(self, name: str) -> tuple[Wheel, ...]:
        """The wheels of a distribution, newest version first, best fit first.

        Raises:
            Missing: not known yet.
        """
        if self.offer(name) is None:
            return ()
        return self._wheels[name]

    def details(self, file: File) -> Details:
        """What a wheel says of itself.

        Raises:
            Missing: not known yet.
        """
        if file.sha256 not in self._details:
            raise Missing(file=file)
        return self._details[file.sha256]

    def distribution(self, plugin: str) -> str | None:
        """The distribution of a canonical plugin id.

        Raises:
            Missing: not known yet.
        """
        if plugin not in self._distributions:
            raise Missing(plugin=plugin)
        return self._distributions[plugin]

    async def learn(self, missing: Missing, prefer: Mapping[str, str]) -> None:
        """Fetch what was missing, and with it, all at once, what its newest versions will ask for.

        Args:
            missing: what a resolution stopped at.
            prefer: distribution -> version that will be tried first.

        Raises:
            MarketError: a source does not answer, or nonsense.
            ResolutionError: the set grows beyond `MOST_PROJECTS`.
        """
        if missing.file is not None:
            await self._learn_file(missing.file)
            return
        await self._learn_all(
            {missing.plugin} if missing.plugin else set(), {missing.project} if missing.project else set(), prefer
        )

    async def begin(self, projects: Iterable[str], prefer: Mapping[str, str]) -> None:
        """Fetch what a set will probably look at, before it is looked for.

        Raises:
            MarketError, ResolutionError: as for `learn`.
        """
        await self._learn_all(set(), set(projects), prefer)

    async def _learn_all(self, plugins: set[str], projects: set[str], prefer: Mapping[str, str]) -> None:
        while plugins or projects:
            names = await asyncio.gather(*(self._learn_plugin(plugin) for plugin in plugins))
            projects |= {name for name in names if name is not None}
            projects = {name for name in projects if name not in self._offers and name not in self._target.installed}
            if len(self._offers) + len(projects) > MOST_PROJECTS:
                raise ResolutionError(f"the set needs more than {MOST_PROJECTS} distributions")
            likely = await asyncio.gather(*(self._learn_project(name, prefer.get(name)) for name in projects))
            plugins, projects = set(), set()
            for details in likely:
                if details is not None:
                    projects |= {canonicalize_name(one.name) for one in details.requires if self._applies(one)}
                    asked = details.manifest.requires if details.manifest else ()
                    plugins |= {one.canonical_id for one in asked if not one.optional} - set(self._distributions)

    def _applies(self, requirement: DistRequirement) -> bool:
        return requirement.marker is None or requirement.marker.evaluate({**self._target.markers, "extra": ""})

    async def _learn_plugin(self, plugin: str) -> str | None:
        self._distributions[plugin] = found = await self._catalog.distribution(plugin)
        return found

    async def _learn_project(self, name: str, prefer: str | None) -> Details | None:
        offer = await self._catalog.offer(name)
        wheels = _wheels(name, offer.files if offer else (), self._target)
        self._offers[name], self._wheels[name] = offer, wheels
        usable = [wheel for wheel in wheels if wheel.problem is None and not wheel.file.yanked]
        kept = [wheel for wheel in wheels if prefer is not None and wheel.version == ReleaseVersion(prefer)]
        stable = [wheel for wheel in usable if not wheel.version.is_prerelease]
        likely = next(iter([*kept, *stable, *usable]), None)
        return await self._learn_file(likely.file) if likely is not None else None

    async def _learn_file(self, file: File) -> Details:
        if file.sha256 not in self._details:
            offer = next(one for one in self._offers.values() if one is not None and file in one.files)
            try:
                metadata, manifest = await asyncio.gather(
                    self._catalog.metadata(offer, file), self._catalog.manifest(offer, file)
                )
                self._details[file.sha256] = Details(_requires(metadata), manifest)
            except MarketUnreachable:
                raise
            except (ManifestError, MarketError, InvalidRequirement) as error:
                reason = error.message if isinstance(error, JackfieldError) else str(error)
                self._details[file.sha256] = Details(problem=f"cannot be read: {reason}")
        return self._details[file.sha256]


def _requires(metadata: bytes) -> tuple[DistRequirement, ...]:
    lines: Iterable[str] = (
        BytesParser(policy=compat32).parsebytes(metadata, headersonly=True).get_all("Requires-Dist", [])
    )
    return tuple(DistRequirement(str(line)) for line in lines)


def _wheels(name: str, files: Iterable[File], target: Target) -> tuple[Wheel, ...]:
    found = []
    for file in files:
        if not file.is_wheel:
            continue
        try:
            project, version, _build, tags = parse_wheel_filename(file.filename)
        except (InvalidWheelFilename, InvalidVersion):
            continue
        if project != name:
            continue
        ranks = [target.tags[tag] for tag in tags if tag in target.tags]
        found.append(Wheel(file, version, min(ranks, default=len(target.tags)), _problem(file, ranks, target)))
    return tuple(sorted(found, key=lambda wheel: (wheel.version, -wheel.rank, wheel.file.filename), reverse=True))


def _problem(file: File, ranks: list[int], target: Target) -> str | None:
    if not ranks:
        platform = file.filename.removesuffix(".whl").rsplit("-", 3)[1:]
        return f"is built for {'-'.join(platform)}, not for this Python and platform"
    if file.requires_python:
        try:
            if not SpecifierSet(file.requires_python).contains(target.python, prereleases=True):
                return f"needs Python {file.requires_python}, this is {target.python}"
        except InvalidSpecifier:
            return f"asks for a Python that nobody can read: {file.requires_python}"
    return None
