"""Where the resolver's offers come from: the marketplaces in their order, wheels on this machine, and the store.

One name comes from one source: the first marketplace that holds it, or the one that an installed version came from. A
marketplace that does not answer is never passed over, since another could then take its names.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from packaging.utils import canonicalize_name

from jackfield.errors import MarketError, StoreError, UnknownPlugin, UsageError, WheelError
from jackfield.inspection import Attestation, WheelReport, attestation_beside
from jackfield.management.left_out import LeftOut
from jackfield.management.places import manifests_of
from jackfield.management.probation import FailedVersion
from jackfield.management.questions import Questions
from jackfield.management.revoked import RevokedHere
from jackfield.management.specs import canonical
from jackfield.management.waiting import Waiting
from jackfield.management.withheld import Withheld
from jackfield.manifest import Candidate, File, Manifest, Pin
from jackfield.market import ChangelogEntry, Details, Marketplace, Progress
from jackfield.resolution import Offer, Place
from jackfield.store import Generation, Store


class MarketCatalog:
    """The offers for one plan; an async context manager.

    Args:
        urls: the marketplaces, in order.
        store: what is unpacked already answers without the network.
        generation: the active one: its versions stay on offer, whatever the marketplace says meanwhile.
        stored: looks for canonical id -> plugin of the generation, once it is needed.
        groups: the entry-point groups that make a wheel a plugin here.
        failed: what is not offered, because it failed here; what is installed is, all the same.
        waits: says why a plugin's file is not offered yet; None for a plan in which nothing waits.
        revoked: what is not offered, because it was revoked; what is installed is, all the same.

    Attributes:
        left_out: what is offered and nobody is given here.
    """

    def __init__(
        self,
        urls: Sequence[str],
        store: Store,
        generation: Generation,
        stored: Callable[[], Mapping[str, Candidate]],
        *,
        groups: Collection[str],
        failed: Collection[FailedVersion] = (),
        waits: Waiting | None = None,
        revoked: RevokedHere | None = None,
    ) -> None:
        self.withheld = Withheld(waits)
        self.groups = groups
        partials, trust = store.layout.downloads, store.layout.trust
        markets = [Marketplace(url, partials=partials, trust=trust) for url in urls]
        self._markets = {market.url: market for market in markets}
        self._store = store
        self._generation = generation
        self.left_out = LeftOut(failed, revoked, generation.wheels)
        self.left_out.plugins |= {pin.distribution: pin.id for pin in generation.pins if pin.id is not None}
        self._stored = stored
        self._reports: dict[str, WheelReport] = {}
        self._files: dict[str, tuple[File, Path]] = {}
        self._asked: set[str] = set()
        self._questions = Questions(self._markets)
        self._hashes: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async with contextlib.AsyncExitStack() as closing:
            for market in self._markets.values():
                closing.push_async_callback(market.aclose)
            closing.push_async_callback(self._questions.aclose)

    @property
    def sources(self) -> tuple[str, ...]:
        """The marketplaces that are asked, in order, without the credentials that their addresses may hold."""
        return tuple(self._markets)

    @property
    def wheels(self) -> dict[str, Path]:
        """sha256 -> path, of the wheels that came as files."""
        return {file.sha256: path for file, path in self._files.values()}

    def add_file(self, path: Path) -> WheelReport:
        """Offer a wheel on this machine; it is the only offer for its name.

        Raises:
            WheelError: it cannot be read, is refused, or is no plugin.
        """
        from jackfield.inspection import inspect_wheel  # most plans have no file of their own

        try:
            report = inspect_wheel(path, groups=self.groups)
        except WheelError as exc:
            raise WheelError(f"{path.name}: {exc.message}", plugin=exc.plugin, hint=exc.hint) from exc
        refusals = [finding for finding in report.findings if finding.severity == "refuse"]
        if refusals:
            raise WheelError(f"{path.name} is refused: {refusals[0].message}", plugin=report.plugin_id)
        name = canonicalize_name(report.name)
        file = File(path.name, str(path), report.sha256, report.size, report.requires_python or None)
        if report.manifest_bytes is not None:
            file = replace(file, manifest_sha256=hashlib.sha256(report.manifest_bytes).hexdigest())
        self._reports[report.sha256] = report
        self.left_out.note_file(name, report)
        self._files[name] = (file, path)
        return report

    def hold(self, distribution: str, sha256: str) -> None:
        """Offer only files of a distribution whose hash begins so."""
        self._hashes[distribution] = sha256

    def ask_for(self, distributions: Collection[str]) -> None:
        """See to it that the sources of these are asked, though what is installed of them would do."""
        self._asked |= set(distributions)

    def held(self, places: Mapping[Place, str]) -> dict[Place, Offer]:
        """What is installed in some places in that version, with nothing on offer but what is: nobody is asked."""
        return {
            place: Offer(pin.source, (pin.file,))
            for place, version in places.items()
            if (pin := self._pin(place, version)) is not None
            and place[1] not in self._files
            and place[1] not in self._asked
            and self.holds(pin.file)
        }

    def holds(self, file: File) -> bool:
        """Whether a wheel is unpacked here; those of the installed plugins were looked at when these were read."""
        return file.sha256 in self._manifests or self._store.holds(file.sha256)

    @cached_property
    def _manifests(self) -> dict[str, Manifest | None]:
        """sha256 -> manifest, of the plugins whose files are here."""
        return manifests_of(self._generation.pins, self._stored())

    def _pin(self, place: Place, version: str) -> Pin | None:
        """What is installed of a version: there, else anywhere."""
        pin = self._generation.places.get(place)
        if pin is not None and pin.version == version:
            return pin
        return next((one for one in self._generation.versions.get(place[1], ()) if one.version == version), None)

    async def offer(self, distribution: str) -> Offer | None:
        """What is offered of a distribution, None if nobody has it.

        Raises:
            MarketError: none of its files has the hash that it is held to.
        """
        found = self.left_out.from_offer(distribution, await self._offered(distribution))
        if found is not None and found.source != "file":
            here = {pin.version for pin in self._generation.versions.get(distribution, ())}
            files = self.withheld.sift(distribution, found.files, here)
            taken = {file.sha256 for file in files}
            waits = tuple(file for file in found.files if file.sha256 not in taken)
            found = Offer(found.source, files, self.withheld.young(files), waits)
        wanted = self._hashes.get(distribution)
        if wanted is None or found is None:
            return found
        files = tuple(file for file in found.files if file.sha256.startswith(wanted))
        if not files:
            raise MarketError(
                f"no file of {distribution} at {found.source} has a hash that begins with {wanted}",
                hint="the file that was meant was replaced or taken away; nothing else is installed in its place",
            )
        return Offer(found.source, files)

    async def _offered(self, distribution: str) -> Offer | None:
        if distribution in self._files:
            return Offer("file", (self._files[distribution][0],))
        pins = self._generation.versions.get(distribution)
        if not pins:
            return await self._first(distribution, None)
        source = pins[0].source
        installed = tuple(pin.file for pin in pins)
        if source not in self._markets:
            return Offer(source, installed)  # a file, or a marketplace that is configured no more
        found = await self._first(distribution, source)
        files = found.files if found is not None else ()
        if any(file.upstream is None for file in installed):
            # A name that the marketplace held is never taken up by its upstream, though it may have lost it since.
            files = tuple(file for file in files if file.upstream is None)
        offered = {file.sha256 for file in files}
        return Offer(source, (*files, *(file for file in installed if file.sha256 not in offered)))

    async def metadata(self, offer: Offer, file: File) -> bytes:
        """The METADATA of a wheel."""
        if file.sha256 in self._reports:
            return self._reports[file.sha256].metadata
        if (tree := self._tree(file)) is not None:
            return next(tree.glob("*.dist-info/METADATA")).read_bytes()
        return await self._market(offer).metadata(file)

    async def manifest(self, offer: Offer, file: File) -> Manifest | None:
        """The manifest of a wheel, None for a library."""
        if file.sha256 in self._reports:
            return self._reports[file.sha256].manifest
        if self._manifests.get(file.sha256) is not None:
            return self._manifests[file.sha256]
        return await self._market(offer).manifest(file) if file.manifest_sha256 is not None else None

    async def distribution(self, plugin: str) -> str | None:
        """The distribution of a canonical plugin id, None if nobody offers it."""
        for name, (file, _path) in self._files.items():
            report = self._reports[file.sha256]
            if report.manifest is not None and report.manifest.canonical_id == plugin:
                return name
        for name, pins in self._generation.versions.items():
            if any(pin.id is not None and canonical(pin.id) == plugin for pin in pins):
                return name
        for url, market in self._markets.items():
            try:
                # What is asked for anyway tells it, too; else the short answer does.
                asked = self._questions.asked_details(plugin, url)
                found = await (self._questions.details(plugin, url) if asked else market.latest(plugin))
            except UnknownPlugin:
                await self._hold_to_id(market, plugin, None)
                continue
            name = canonicalize_name(found.distribution)
            await self._hold_to_id(market, plugin, name)
            self.left_out.plugins[name] = plugin
            return name
        return None

    async def _hold_to_id(self, market: Marketplace, plugin: str, distribution: str | None) -> None:
        """Where there are several marketplaces, none is made to hide an id, or to lead it to a name of another's."""
        if len(self._markets) > 1:
            await market.require_named(plugin, distribution)

    async def details(self, plugin: str, source: str | None = None) -> Details | None:
        """What the first marketplace that has a plugin says of it, or the one named; None if none has it."""
        for url in (source,) if source in self._markets else tuple(self._markets):
            with contextlib.suppress(UnknownPlugin):
                return await self._questions.details(plugin, url)
        return None

    def expect(
        self, plugin: str, distribution: str | None, source: str | None = None, since: str | None = None
    ) -> None:
        """Ask in one go for all that a plan will probably need of a plugin; what fails is told to who needs it.

        Args:
            plugin: its canonical id.
            distribution: where it is known already.
            source: the marketplace; the first one where None.
            since: the installed version, to learn what changed after it.
        """
        url = source if source is not None else next(iter(self._markets), None)
        if url is None or url not in self._markets:
            return
        self._questions.details(plugin, url)
        if distribution is not None:
            self._questions.page(distribution, url)
        if since is not None:
            self._questions.news(plugin, url, since)

    async def sent(self) -> None:
        """Wait a moment for what is expected to be on its way, before something that keeps the event loop."""
        await self._questions.sent()

    async def standings(self, sources: Collection[str]) -> list[str]:
        """What a user has to be told of some marketplaces: that one was met just now, or signs nothing.

        Args:
            sources: those that something comes from; others are left out, but for those that were met for this plan.
        """
        asked = [self._markets[url] for url in sources if url in self._markets]
        found = await asyncio.gather(*(market.standing() for market in asked))
        met = [one.met for one in self._markets.values()]  # a later look at one does not know that it was the second
        told = {one.url: one.sentence for one in (*found, *met) if one is not None}
        return [sentence for _, sentence in sorted(told.items()) if sentence is not None]

    async def signs(self, source: str) -> bool:
        """Whether a source is a marketplace that signs what it holds."""
        standing = await self._markets[source].standing() if source in self._markets else None
        return standing is not None and standing.root is not None

    def asks(self, source: str) -> bool:
        """Whether a source is one of the marketplaces that are asked."""
        return source in self._markets

    async def publisher(self, plugin: str, source: str) -> str | None:
        """Who published a plugin, as its marketplace says; None for a local file."""
        details = await self.details(plugin, source) if source in self._markets else None
        return details.publisher if details is not None else None

    async def signature(self, plugin: str, source: str, file: File) -> Attestation | None:
        """The publisher's signature on a plugin's file, verified; None where there is none."""
        if source == "file":
            return attestation_beside(Path(file.url), file.sha256)
        return await self._markets[source].attestation(file) if source in self._markets else None

    async def changelog(self, plugin: str, source: str, since: str) -> list[ChangelogEntry]:
        """What changed after a version; empty where the marketplace cannot tell."""
        with contextlib.suppress(MarketError, UnknownPlugin):  # a plan does not fail for want of news
            if source in self._markets:
                return await self._questions.news(plugin, source, since)
        return []

    async def download(self, pin: Pin, destination: Path, progress: Progress | None) -> Path:
        """Fetch a wheel of the plan, its hash checked."""
        return await self._market(Offer(pin.source, ())).download(pin.file, destination, progress)

    async def _first(self, distribution: str, source: str | None) -> Offer | None:
        """The first marketplace that holds a name; only where none does, the first whose upstream has it."""
        markets = [self._markets[source]] if source is not None else list(self._markets.values())
        elsewhere = None
        for market in markets:
            files = tuple(await self._questions.page(distribution, market.url))
            if market.holds(distribution):  # also without a file, as in quarantine
                return Offer(market.url, files)
            if files and elsewhere is None:
                elsewhere = Offer(market.url, files)
        return elsewhere

    def _market(self, offer: Offer) -> Marketplace:
        try:
            return self._markets[offer.source]
        except KeyError:
            if offer.source == "file":
                raise StoreError(
                    "a wheel that came from a file is not in the store any more",
                    hint="try again; if it stays so, install that plugin from its file",
                ) from None
            raise UsageError(
                f"{offer.source} is not among the marketplaces any more", hint="add it, or remove what came from it"
            ) from None

    def _tree(self, file: File) -> Path | None:
        known = file.sha256 in self._generation.wheels and self._store.holds(file.sha256)
        return self._store.entries.tree(file.sha256) if known else None
