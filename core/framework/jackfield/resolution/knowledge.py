"""What has been fetched so far; a resolution that meets a gap says what is missing and starts again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement

from jackfield.errors import JackfieldError, ManifestError, MarketError, MarketUnreachable, ResolutionError, TrustError
from jackfield.manifest import File, Manifest, host_problem
from jackfield.resolution.demands import Demand, Markers, direct_problem, read_metadata
from jackfield.resolution.model import Ask, Catalog, Offer, Place, release_version
from jackfield.resolution.target import Target
from jackfield.resolution.wheels import Held, Wheel, wheels_of

MOST_PROJECTS = 2000
"""How many distributions one resolution may look at."""


@dataclass(frozen=True, slots=True)
class Details:
    """What a wheel says of itself, why it cannot be used, or why it cannot run in the host; and its extras."""

    requires: tuple[Demand, ...] = ()
    manifest: Manifest | None = None
    problem: str | None = None
    unfit: str | None = None
    extras: frozenset[str] = frozenset()


Remembered = dict[tuple[str, str | None, str | None], Details]
"""What wheels said of themselves: hash of the wheel and, as promised, of its METADATA and manifest -> details."""


class Missing(Exception):
    """The resolution needs something that was not fetched yet."""

    def __init__(self, *, place: Place | None = None, plugin: str | None = None, file: File | None = None) -> None:
        super().__init__((place and place[1]) or plugin or (file and file.filename))
        self.place = place
        self.plugin = plugin
        self.file = file


class Knowledge:
    """Offers, details and plugin names by now; `learn` adds to them.

    Args:
        catalog: where to ask.
        target: what wheels must fit.
        prefer: version that will be tried first, by place.
        held: what is installed, by place; its source is asked only where that will not do.
        remembered: what wheels said of themselves in earlier resolutions, by their hashes; added to.
        own_libraries: tells which plugins have libraries of their own.
    """

    def __init__(
        self,
        catalog: Catalog,
        target: Target,
        prefer: Mapping[Place, str],
        held: Mapping[Place, Held] | None = None,
        remembered: Remembered | None = None,
        own_libraries: Callable[[Manifest], bool] = lambda _manifest: False,
    ) -> None:
        self._catalog = catalog
        self._target = target
        self._prefer = {place: release_version(version) for place, version in prefer.items()}
        self._held = dict(held or {})
        self._own_libraries = own_libraries
        self._remembered = remembered if remembered is not None else {}
        self._offers: dict[str, Offer | None] = {}
        self._wheels: dict[str, tuple[Wheel, ...]] = {}
        self._waiting: dict[str, tuple[Wheel, ...]] = {}
        self._sources: dict[str, Offer] = {}
        self._details: dict[str, Details] = {}
        self._distributions: dict[str, str | None] = {
            one.plugin: name for name, one in target.installed.items() if one.plugin is not None
        }
        self._refused: dict[str, TrustError] = {}
        # What was asked of each distribution so far, to guess which of its versions will be chosen.
        self._limits: dict[Place, list[Ask]] = {}
        self._extras: dict[Place, set[str]] = {}
        self._followed: set[tuple[str, str, str]] = set()
        self.markers = Markers(target.markers)
        for offer, wheels in self._held.values():
            self._sources.update((wheel.file.sha256, offer) for wheel in wheels)

    def offer(self, place: Place) -> Offer | None:
        """What is offered of a distribution, None if nobody has it.

        Raises:
            Missing: not known yet.
        """
        held = self._held.get(place)
        if held is not None:
            return held[0]
        if place[1] not in self._offers:
            raise Missing(place=place)
        return self._offers[place[1]]

    def wheels(self, place: Place) -> tuple[Wheel, ...]:
        """The wheels of a distribution, newest version first, best fit first; but last what is to be tried last.

        Raises:
            Missing: not known yet.
        """
        held = self._held.get(place)
        if held is not None:
            return held[1]
        return self._wheels[place[1]] if self.offer(place) is not None else ()

    def waiting(self, place: Place) -> tuple[Wheel, ...]:
        """The wheels of a distribution that may not be taken yet, newest version first."""
        return self._waiting.get(place[1], ()) if place not in self._held else ()

    def inside(self, name: str, within: str, details: Details) -> str:
        """Among whose own libraries belongs what a distribution asks for; empty for what all share.

        Args:
            name: the distribution.
            within: where it is itself.
            details: what it says of itself.
        """
        if details.manifest is None:
            return within
        return name if self._own_libraries(details.manifest) else ""

    def place_of(self, name: str, within: str) -> Place:
        """Where a distribution is that somebody asks for: there is one version of a plugin for all, never a library.

        Raises:
            Missing: it takes to know whether it is a plugin.
        """
        if not within or self._target.fixes((within, name)):
            return within, name
        there = self._target.installed.get(name)
        if there is not None and there.plugin is not None:
            return "", name
        offer = self.offer(("", name)) if ("", name) in self._held else self.offer((within, name))
        is_plugin = offer is not None and any(file.manifest_sha256 is not None for file in offer.files)
        return ("", name) if is_plugin else (within, name)

    def details(self, file: File) -> Details:
        """What a wheel says of itself.

        Raises:
            Missing: not known yet.
        """
        details = self._details.get(file.sha256)
        if details is None:
            raise Missing(file=file)
        return details

    def distribution(self, plugin: str, *, optional: bool = False) -> str | None:
        """The distribution of a canonical plugin id.

        Args:
            plugin: the id.
            optional: whether none will do, where what is said of it is not what was signed.

        Raises:
            Missing: not known yet.
            TrustError: what is said of it is not what was signed.
        """
        if plugin not in self._distributions:
            raise Missing(plugin=plugin)
        if plugin in self._refused and not optional:
            raise self._refused[plugin]
        return self._distributions[plugin]

    def only_held(self, place: Place) -> bool:
        """Whether of a distribution nothing is known but what is installed."""
        return place in self._held

    async def learn_all(self) -> bool:
        """Ask the sources for everything of which only what is installed is known; False where there was nothing.

        Raises:
            MarketError, ResolutionError: as for `learn`.
        """
        short = set(self._held)
        self._held.clear()
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
            await self._follow({("", name)} if name is not None else set())
        elif missing.place is not None:
            self._held.pop(missing.place, None)
            await self._follow({missing.place})

    async def begin(self, asks: Iterable[Ask]) -> None:
        """Fetch what a set will probably look at, before it is looked for.

        Raises:
            MarketError, ResolutionError: as for `learn`.
        """
        await self._follow({self._note(ask) for ask in asks})

    async def _follow(self, places: set[Place]) -> None:
        """Fetch in waves: what the likely versions of one ask for is the next."""
        while places := {place for place in places if not self._target.fixes(place)}:
            asked = {place[1] for place in places if not self._settles_for_held(place)} - self._offers.keys()
            if len(self._offers) + len(asked) > MOST_PROJECTS:
                raise ResolutionError(f"the set needs more than {MOST_PROJECTS} distributions")
            await asyncio.gather(*(self._learn_project(name) for name in asked))
            likely = {place: file for place in places if (file := self._likely(place)) is not None}
            files = {file.sha256: file for file in likely.values()}
            await asyncio.gather(*(self._learn_file(file) for file in files.values() if not self._remembers(file)))
            new = [
                (place, file, extra)
                for place, file in likely.items()
                for extra in ("", *self._extras.get(place, ()))
                if (file.sha256, extra, place[0]) not in self._followed
            ]
            self._followed.update((file.sha256, extra, place[0]) for place, file, extra in new)
            places = await self._expect(new)

    async def _expect(self, new: Collection[tuple[Place, File, str]]) -> set[Place]:
        """The distributions that files ask for, each with one extra; `""` for none."""
        places = set()
        for (around, name), file, extra in new:
            details = self._details[file.sha256]
            inside = self.inside(name, around, details)
            for one in details.requires:
                if self.markers.hold(one, extra):
                    within = self._expected_within(one.name, inside)
                    places.add(self._note(Ask(one.name, one.extras, one.specifier, within=within)))
        manifests = [manifest for _, file, _ in new if (manifest := self._details[file.sha256].manifest) is not None]
        needs = [need for manifest in manifests for need in manifest.requires]
        await self._learn_plugins(need.canonical_id for need in needs)
        for need in needs:
            distribution = self._distributions[need.canonical_id]
            if distribution is not None and not need.optional:
                places.add(self._note(Ask(distribution, requirement=need.requirement)))
        return places

    def _expected_within(self, name: str, inside: str) -> str:
        """Where a distribution will probably be; what nobody has looked at is taken for a library."""
        try:
            return self.place_of(name, inside)[0]
        except Missing:
            return inside

    def _note(self, ask: Ask) -> Place:
        self._limits.setdefault(ask.place, []).append(ask)
        self._extras.setdefault(ask.place, set()).update(ask.extras)
        return ask.place

    def _likely(self, place: Place) -> File | None:
        """The wheel that a resolution will probably choose, by what was asked until now."""
        held = self._held.get(place)
        offered = held[1] if held is not None else self._wheels.get(place[1], ())
        if len(offered) == 1 and not offered[0].file.yanked:
            return offered[0].file if offered[0].problem is None else None
        wheels = [wheel for wheel in offered if wheel.problem is None]
        asks = self._limits.get(place, [])
        fitting = [wheel for wheel in wheels if all(ask.accepts(wheel.version) for ask in asks)] or wheels
        kept = self._prefer.get(place)
        usable = [wheel for wheel in fitting if not wheel.file.yanked]
        stable = [wheel for wheel in usable if not wheel.version.is_prerelease]
        likely = [*(wheel for wheel in fitting if wheel.version == kept), *stable, *usable]
        return likely[0].file if likely else None

    def _settles_for_held(self, place: Place) -> bool:
        """Whether what is installed will do for everybody who asked until now; else its source has to be asked."""
        held = self._held.get(place)
        asks = self._limits.get(place, ())
        if held is not None and any(
            wheel.problem is None and all(ask.accepts(wheel.version) for ask in asks) for wheel in held[1]
        ):
            return True
        self._held.pop(place, None)
        return False

    def _remembers(self, file: File) -> bool:
        known = self._remembered.get((file.sha256, file.metadata_sha256, file.manifest_sha256))
        if known is not None:
            self._details[file.sha256] = known
        return file.sha256 in self._details

    async def _learn_plugins(self, plugins: Iterable[str]) -> None:
        unknown = sorted(set(plugins) - self._distributions.keys())
        found = await asyncio.gather(*(self._named(plugin) for plugin in unknown))
        self._distributions.update(zip(unknown, found, strict=True))

    async def _named(self, plugin: str) -> str | None:
        try:
            return await self._catalog.distribution(plugin)
        except TrustError as error:
            self._refused[plugin] = error  # told where the plugin is needed, which it may not be
            return None

    async def _learn_project(self, name: str) -> None:
        self._take(name, await self._catalog.offer(name))

    def _take(self, name: str, offer: Offer | None) -> None:
        self._offers[name] = offer
        wheels = wheels_of(name, offer.files, self._target) if offer is not None else ()
        if offer is not None and offer.last:
            wheels = tuple(sorted(wheels, key=lambda wheel: wheel.file.sha256 in offer.last))  # stable
        self._wheels[name] = wheels
        if offer is not None:
            self._waiting[name] = wheels_of(name, offer.waiting, self._target)
            self._sources.update((wheel.file.sha256, offer) for wheel in (*wheels, *self._waiting[name]))

    def _unfit(self, manifest: Manifest | None) -> str | None:
        """Why a plugin cannot run in the host: told once, and remembered with what it says."""
        target = self._target
        if manifest is None or target.app is None:
            return None
        return host_problem(manifest, target.app, target.api_version, target.framework)

    async def _learn_file(self, file: File) -> None:
        if self._remembers(file):
            return
        offer = self._sources[file.sha256]
        try:
            metadata_of, manifest_of = self._catalog.metadata, self._catalog.manifest
            if file.manifest_sha256 is not None:
                metadata, manifest = await asyncio.gather(metadata_of(offer, file), manifest_of(offer, file))
            else:  # of a library one text is fetched: two tasks for each of two hundred would take longer than it
                metadata, manifest = await metadata_of(offer, file), await manifest_of(offer, file)
            demands, extras = read_metadata(metadata)
            held = [one for one in demands if self.markers.hold(one, "")]  # each is asked: none raises later
            problem = direct_problem(held, ("",), self.markers)
            details = self._details[file.sha256] = Details(demands, manifest, problem, self._unfit(manifest), extras)
            self._remembered[file.sha256, file.metadata_sha256, file.manifest_sha256] = details
        except MarketUnreachable:
            raise
        except (ManifestError, MarketError, InvalidRequirement) as error:
            reason = error.message if isinstance(error, JackfieldError) else " ".join(str(error).split())
            self._details[file.sha256] = Details(problem=f"cannot be read: {reason}")
