"""What has been fetched so far; a resolution that meets a gap says what is missing and starts again."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement

from jackfield.errors import JackfieldError, ManifestError, MarketError, MarketUnreachable, ResolutionError
from jackfield.manifest import File, Manifest
from jackfield.resolution.demands import Demand, Markers, read_demands
from jackfield.resolution.model import Ask, Catalog, Offer, release_version
from jackfield.resolution.target import Target
from jackfield.resolution.wheels import Wheel, wheels_of

MOST_PROJECTS = 2000
"""How many distributions one resolution may look at."""


@dataclass(frozen=True, slots=True)
class Details:
    """What a wheel says of itself, or why it cannot be used."""

    requires: tuple[Demand, ...] = ()
    manifest: Manifest | None = None
    problem: str | None = None


Remembered = dict[tuple[str, str | None, str | None], Details]
"""What wheels said of themselves: hash of the wheel and, as promised, of its METADATA and manifest -> details."""


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
        prefer: distribution -> version that will be tried first.
        held: distribution -> what is installed of it; its source is asked only where that will not do.
        remembered: what wheels said of themselves in earlier resolutions, by their hashes; added to.
    """

    def __init__(
        self,
        catalog: Catalog,
        target: Target,
        prefer: Mapping[str, str],
        held: Mapping[str, Offer] | None = None,
        remembered: Remembered | None = None,
    ) -> None:
        self._catalog = catalog
        self._target = target
        self._prefer = {name: release_version(version) for name, version in prefer.items()}
        self._held = dict(held or {})
        self._remembered = remembered if remembered is not None else {}
        self._offers: dict[str, Offer | None] = {}
        self._wheels: dict[str, tuple[Wheel, ...]] = {}
        self._sources: dict[str, Offer] = {}
        self._details: dict[str, Details] = {}
        self._distributions: dict[str, str | None] = {
            one.plugin: name for name, one in target.installed.items() if one.plugin is not None
        }
        # What was asked of each distribution so far, to guess which of its versions will be chosen.
        self._limits: dict[str, list[Ask]] = {}
        self._extras: dict[str, set[str]] = {}
        self._followed: set[tuple[str, str]] = set()
        self.markers = Markers(target.markers)

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
        details = self._details.get(file.sha256)
        if details is None:
            raise Missing(file=file)
        return details

    def distribution(self, plugin: str) -> str | None:
        """The distribution of a canonical plugin id.

        Raises:
            Missing: not known yet.
        """
        if plugin not in self._distributions:
            raise Missing(plugin=plugin)
        return self._distributions[plugin]

    def only_held(self, name: str) -> bool:
        """Whether of a distribution nothing is known but what is installed."""
        return name in self._held

    async def learn_all(self) -> bool:
        """Ask the sources for everything of which only what is installed is known; False where there was nothing.

        Raises:
            MarketError, ResolutionError: as for `learn`.
        """
        short = set(self._held)
        for name in short:
            self._forget(name)
        await self._follow(short & self._limits.keys())
        return bool(short)

    async def learn(self, missing: Missing) -> None:
        """Fetch what was missing, and with it, all at once, what its likely versions will ask for.

        Args:
            missing: what a resolution stopped at.

        Raises:
            MarketError: a source does not answer, or nonsense.
            ResolutionError: the set grows beyond `MOST_PROJECTS`.
        """
        if missing.file is not None:
            await self._learn_file(missing.file)
        elif missing.plugin is not None:
            await self._learn_plugins([missing.plugin])
            name = self._distributions[missing.plugin]
            await self._follow({name} if name is not None else set())
        elif missing.project is not None:
            self._forget(missing.project)
            await self._follow({missing.project})

    async def begin(self, asks: Iterable[Ask]) -> None:
        """Fetch what a set will probably look at, before it is looked for.

        Raises:
            MarketError, ResolutionError: as for `learn`.
        """
        await self._follow({self._note(ask) for ask in asks})

    async def _follow(self, projects: set[str]) -> None:
        """Fetch in waves: what the likely versions of one ask for is the next."""
        while projects := projects - self._target.installed.keys():
            unknown = projects - self._offers.keys()
            if len(self._offers) + len(unknown) > MOST_PROJECTS:
                raise ResolutionError(f"the set needs more than {MOST_PROJECTS} distributions")
            asked = [name for name in unknown if not self._settle_for_held(name)]
            await asyncio.gather(*(self._learn_project(name) for name in asked))
            likely = {name: file for name in projects if (file := self._likely(name)) is not None}
            await asyncio.gather(*(self._learn_file(file) for file in likely.values() if not self._remembers(file)))
            new = [
                (file, extra)
                for name, file in likely.items()
                for extra in ("", *self._extras.get(name, ()))
                if (file.sha256, extra) not in self._followed
            ]
            self._followed.update((file.sha256, extra) for file, extra in new)
            projects = await self._expect(new)
            for name in [name for name in projects if name in self._held and not self._fits(name)]:
                self._forget(name)

    async def _expect(self, new: Collection[tuple[File, str]]) -> set[str]:
        """The distributions that files ask for, each with one extra; `""` for none."""
        names = set()
        for file, extra in new:
            for one in self._details[file.sha256].requires:
                if self.markers.hold(one, extra):
                    names.add(self._note(Ask(one.name, one.extras, one.specifier)))
        manifests = [manifest for file, _ in new if (manifest := self._details[file.sha256].manifest) is not None]
        needs = [need for manifest in manifests for need in manifest.requires]
        await self._learn_plugins(need.canonical_id for need in needs)
        for need in needs:
            name = self._distributions[need.canonical_id]
            if name is not None and not need.optional:
                names.add(self._note(Ask(name, requirement=need.requirement)))
        return names

    def _note(self, ask: Ask) -> str:
        self._limits.setdefault(ask.name, []).append(ask)
        self._extras.setdefault(ask.name, set()).update(ask.extras)
        return ask.name

    def _likely(self, name: str) -> File | None:
        """The wheel that a resolution will probably choose, by what was asked until now."""
        wheels = [wheel for wheel in self._wheels.get(name, ()) if wheel.problem is None]
        asks = self._limits.get(name, [])
        fitting = [wheel for wheel in wheels if all(ask.accepts(wheel.version) for ask in asks)] or wheels
        kept = self._prefer.get(name)
        usable = [wheel for wheel in fitting if not wheel.file.yanked]
        stable = [wheel for wheel in usable if not wheel.version.is_prerelease]
        likely = [*(wheel for wheel in fitting if wheel.version == kept), *stable, *usable]
        return likely[0].file if likely else None

    def _settle_for_held(self, name: str) -> bool:
        """Take what is installed for all that there is, if it may do; else its source has to be asked."""
        offer = self._held.get(name)
        if offer is None:
            return False
        self._take(name, offer)
        if self._fits(name):
            return True
        self._forget(name)
        return False

    def _fits(self, name: str) -> bool:
        """Whether what is installed will do for everybody who asked until now."""
        asks = self._limits.get(name, ())
        return any(
            wheel.problem is None and all(ask.accepts(wheel.version) for ask in asks)
            for wheel in self._wheels.get(name, ())
        )

    def _forget(self, name: str) -> None:
        """See to it that a distribution's source is asked; what is installed was not enough."""
        if self._held.pop(name, None) is not None:
            self._offers.pop(name, None)

    def _remembers(self, file: File) -> bool:
        known = self._remembered.get((file.sha256, file.metadata_sha256, file.manifest_sha256))
        if known is not None:
            self._details[file.sha256] = known
        return file.sha256 in self._details

    async def _learn_plugins(self, plugins: Iterable[str]) -> None:
        unknown = sorted(set(plugins) - self._distributions.keys())
        found = await asyncio.gather(*(self._catalog.distribution(plugin) for plugin in unknown))
        self._distributions.update(zip(unknown, found, strict=True))

    async def _learn_project(self, name: str) -> None:
        self._take(name, await self._catalog.offer(name))

    def _take(self, name: str, offer: Offer | None) -> None:
        self._offers[name] = offer
        self._wheels[name] = wheels_of(name, offer.files, self._target) if offer is not None else ()
        if offer is not None:
            self._sources.update((wheel.file.sha256, offer) for wheel in self._wheels[name])

    async def _learn_file(self, file: File) -> None:
        if self._remembers(file):
            return
        offer = self._sources[file.sha256]
        try:
            metadata, manifest = await asyncio.gather(
                self._catalog.metadata(offer, file), self._catalog.manifest(offer, file)
            )
            demands = read_demands(metadata)
            direct = next((one.name for one in demands if one.direct and self.markers.hold(one, "")), None)
            problem = f"wants {direct} from an address of its own, past every marketplace" if direct else None
            details = self._details[file.sha256] = Details(demands, manifest, problem)
            self._remembered[file.sha256, file.metadata_sha256, file.manifest_sha256] = details
        except MarketUnreachable:
            raise
        except (ManifestError, MarketError, InvalidRequirement) as error:
            reason = error.message if isinstance(error, JackfieldError) else str(error)
            self._details[file.sha256] = Details(problem=f"cannot be read: {reason}")
