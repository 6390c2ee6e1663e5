"""Looking for updates: every plugin by itself, so that one that fails never hides the others (C41 to C44)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from packaging.utils import canonicalize_name
from packaging.version import Version as ReleaseVersion

from jackfield.errors import JackfieldError, ManifestError, MarketError, MarketUnreachable, TrustError, UnknownPlugin
from jackfield.management.catalog import MarketCatalog
from jackfield.management.consent import Coming, Consent
from jackfield.management.inventory import Inventory
from jackfield.management.policy import DEFAULT, OF, Policies, same_version
from jackfield.management.probation import FailedVersion
from jackfield.management.reach import Fits, Reach, Reaching, news_until, within_reach
from jackfield.management.reports import Said, Unchecked, Update
from jackfield.management.signatures import SignatureCheck
from jackfield.management.specs import canonical, installed_as
from jackfield.management.unmet import refusal
from jackfield.management.wait import Wait
from jackfield.manifest import Dependency, File, HostFile, Manifest, Pin, Requirement, Version
from jackfield.resolution import Offer, Target, unreadable, wheels_of


class UpdateCheck:
    """One round of looking.

    Args:
        app: the application's name.
        hostfile: its host file.
        policies: how the user wants plugins to be updated, and what they are held to.
        inventory: what is installed.
        catalog: where to look.
        signatures: holds what would come to what is demanded.
        reaching: which versions an update would not get to.
        pre: whether pre-releases count.
    """

    def __init__(
        self,
        app: str,
        hostfile: HostFile | None,
        *,
        policies: Policies,
        inventory: Inventory,
        catalog: MarketCatalog,
        signatures: SignatureCheck,
        reaching: Reaching,
        pre: bool = False,
    ) -> None:
        self._app = app
        self._hostfile = hostfile
        self._policies = policies
        self._inventory = inventory
        self._catalog = catalog
        self._signatures = signatures
        self._reaching = reaching
        self._pre = pre
        self._target = Target.current(app=None, api_version=None, installed={})

    async def run(self, ids: Sequence[str] | None = None) -> list[Update]:
        """The updates there are, and the plugins that could not be looked up, each with its reason.

        Args:
            ids: canonical ids; None for all.

        Raises:
            MarketUnreachable: no plugin at all could be looked up, because no marketplace answers.
        """
        pins = {cid: pin for cid, pin in self._inventory.pins.items() if ids is None or cid in ids}
        found = await asyncio.gather(*(self._one(cid, pin) for cid, pin in sorted(pins.items())))
        failures = [one for one in found if isinstance(one, MarketUnreachable)]
        if failures and len(failures) == len(found):
            raise failures[0]
        names = await within_reach(
            dict(zip(sorted(pins), found, strict=True)),
            self._reaching,
            lambda cid, reach: self._one(cid, pins[cid], reach),
        )
        rows = [
            self._unchecked(cid, pins[cid], one) if isinstance(one, JackfieldError) else one
            for cid, one in names.items()
        ]
        return [row for row in rows if row is not None]

    async def _one(self, cid: str, pin: Pin, reach: Reach | None = None) -> Update | JackfieldError | None:
        try:
            return await self._check(cid, pin, reach)
        except JackfieldError as error:
            return error

    async def _check(self, cid: str, pin: Pin, reach: Reach | None) -> Update | None:
        if pin.source != "file" and not self._catalog.asks(pin.source):
            hint = f"--marketplace {pin.source}"
            raise UnknownPlugin(f"{pin.source}, where it came from, is not asked", plugin=pin.id, hint=hint)
        offer = await self._catalog.offer(pin.distribution)
        present = ReleaseVersion(pin.version)
        failed = self._failed(pin.distribution, present)
        pre = self._pre or present.is_prerelease or self._policies.of(cid).pre
        if offer is None or all(file.sha256 == pin.file.sha256 for file in offer.files):
            if failed is not None or self._wait(cid, pin, present, pre=pre) is not None:
                return self._nothing_yet(cid, pin, failed, self._wait(cid, pin, present, pre=pre))
            details = await self._catalog.details(cid, pin.source) if pin.source != "file" else None
            if pin.source == "file" or (details and canonicalize_name(details.distribution) == pin.distribution):
                return None  # it came as a file, or what is installed is all that is offered
            raise UnknownPlugin(f"{pin.source} does not offer it any more", plugin=pin.id)
        newest = self._newest(pin.distribution, offer.files, above=present, pre=pre, fits=_every)
        if newest is None:
            wait = self._wait(cid, pin, present, pre=pre)
            return self._nothing_yet(cid, pin, failed, wait) if failed is not None or wait is not None else None
        held = self._policies.held(cid, installed_as(pin))
        fits: Fits = Requirement.parse(held).accepts if held is not None else _every
        if self._newest(pin.distribution, offer.files, above=present, pre=pre, fits=fits) is None:
            return self._held(cid, pin, held or "", newest[0])
        if reach is not None:
            if ReleaseVersion(reach.version) <= present:
                return self._problem(cid, pin, reach.sentence)
            fits = reach.within(fits)
        fitting_files = self._newer(pin.distribution, offer.files, above=present, pre=pre, fits=fits)
        version, file, manifest, passed = await self._readable(offer, fitting_files, pin)
        unread = f"{passed[0]} cannot be read: {passed[1].message}" if passed is not None else None
        news = await self._catalog.changelog(cid, pin.source, pin.version)
        publisher = await self._catalog.publisher(cid, pin.source)
        signed = await self._catalog.signature(cid, pin.source, file)
        key = signed.key if signed is not None else None
        along = await self._along(manifest)
        brings = tuple(sorted(one.id for one in along.values() if one.canonical_id not in self._inventory.pins))
        placement = self._inventory.placement(cid, manifest)
        coming = Coming(manifest, str(version), pin.source, publisher, file.upload_time, along, brings, placement, key)
        request = Consent(self._app, self._hostfile).request(
            coming, self._inventory.standing(cid), self._inventory.manifests
        )
        later = self._policies.later(cid)
        arriving = replace(pin, version=str(version), file=file)
        unsigned = await self._signatures.problem(arriving, key)
        problem = refusal(manifest, self._app, self._hostfile) or placement.problem or unsigned
        kept = newest[0] if held is not None and newest[0] != version else None
        return Update(
            id=manifest.id,
            name=manifest.name,
            current=pin.version,
            new=str(version),
            changelog=news_until(str(version), news),
            growth=request.growth,
            problem=f"{version} {problem}" if problem else None,
            held=held if kept is not None else None,
            held_back=str(kept) if kept is not None else None,
            pinned=self._pinned(cid) if kept is not None else None,
            permissions=request.permissions,
            brings=brings,
            failed=failed.sentence if failed is not None and ReleaseVersion(failed.version) > version else None,
            policy=self._policies.of(cid).mode,
            security=file.security,
            security_confirmed=bool(file.security_confirmed),
            waits=self._wait(cid, pin, version, pre=pre),
            later=later.until if later is not None and same_version(later.version, str(version)) else None,
            migrates=self._migrates(cid, manifest),
            size=file.size or 0,
            unread=reach.sentence if reach is not None else unread,
            unchecked=_unchecked(passed[1]) if passed is not None else None,
        )

    async def _readable(
        self, offer: Offer, newer: Iterable[tuple[ReleaseVersion, File]], pin: Pin
    ) -> tuple[ReleaseVersion, File, Manifest, tuple[ReleaseVersion, JackfieldError] | None]:
        """The newest version that a resolution would look at; the newest one that it passes over, and why.

        Raises:
            JackfieldError: there is none; it says what is wrong with the newest.
        """
        first: tuple[ReleaseVersion, JackfieldError] | None = None
        for version, file in newer:
            try:
                manifest = await self._read(offer, version, file, pin)
            except MarketUnreachable:
                raise
            except (ManifestError, MarketError, UnknownPlugin) as error:
                first = first or (version, error)
            else:
                return version, file, manifest, first
        if first is None:
            raise UnknownPlugin(f"{pin.source} offers nothing newer any more", plugin=pin.id)
        raise first[1]

    async def _read(self, offer: Offer, version: ReleaseVersion, file: File, pin: Pin) -> Manifest:
        manifest = await self._catalog.manifest(offer, file)
        if manifest is None:
            raise UnknownPlugin(f"its version {version} is no plugin any more", plugin=pin.id)
        problem = unreadable(await self._catalog.metadata(offer, file), self._target.markers)
        if problem is not None:
            raise ManifestError(f"{file.filename}: {problem}", plugin=pin.id)
        return manifest

    def _wait(self, cid: str, pin: Pin, above: ReleaseVersion, *, pre: bool) -> Wait | None:
        """The newest version above another that waits; what the plugin is held away from is not waited for."""
        held = self._policies.held(cid, installed_as(pin))
        for one in self._catalog.withheld.of(pin.distribution):
            version = ReleaseVersion(one.version)
            if version <= above or (version.is_prerelease and not pre):
                continue
            if held is None or Requirement.parse(held).accepts(Version.from_pep440(one.version, published=False)):
                return one
        return None

    def _migrates(self, cid: str, manifest: Manifest) -> tuple[int, int] | None:
        before = self._inventory.manifests.get(cid)
        if before is None or before.data_version == manifest.data_version:
            return None
        return before.data_version, manifest.data_version

    async def _along(self, manifest: Manifest) -> dict[str, Manifest]:
        """Canonical id -> manifest of the plugins that come with a version, or have to move for it, with theirs.

        What is installed and will do is left out: it asks for nothing new. What cannot be found is left to the plan,
        which says so.
        """
        found: dict[str, Manifest] = {}
        pending = [one for one in manifest.requires if not one.optional]
        while pending:
            wanted = pending.pop()
            if wanted.canonical_id in found or self._serves(wanted):
                continue
            other = await self._newest_of(wanted)
            if other is not None:
                found[other.canonical_id] = other
                pending += [one for one in other.requires if not one.optional]
        return found

    def _serves(self, wanted: Dependency) -> bool:
        """Whether what is installed is enough for a dependency."""
        environment = self._inventory.environment.get(wanted.canonical_id)
        pin = self._inventory.pins.get(wanted.canonical_id)
        version = environment.version if environment is not None else pin.version if pin is not None else None
        return version is not None and wanted.problem(Version.from_pep440(version, published=False)) is None

    async def _newest_of(self, wanted: Dependency) -> Manifest | None:
        name = await self._catalog.distribution(wanted.canonical_id)
        offer = await self._catalog.offer(name) if name is not None else None
        if name is None or offer is None:
            return None
        newest = self._newest(name, offer.files, pre=self._pre, fits=lambda version: wanted.problem(version) is None)
        return await self._catalog.manifest(offer, newest[1]) if newest is not None else None

    def _newest(
        self,
        name: str,
        files: Sequence[File],
        *,
        above: ReleaseVersion | None = None,
        pre: bool = False,
        fits: Fits,
    ) -> tuple[ReleaseVersion, File] | None:
        """The newest version that could be installed here, with its file; see `_newer`."""
        return next(self._newer(name, files, above=above, pre=pre, fits=fits), None)

    def _newer(
        self,
        name: str,
        files: Sequence[File],
        *,
        above: ReleaseVersion | None = None,
        pre: bool = False,
        fits: Fits,
    ) -> Iterator[tuple[ReleaseVersion, File]]:
        """The versions that could be installed here, with their files, the newest first.

        Args:
            name: the distribution, normalised.
            files: all that is offered of it.
            above: only newer ones.
            pre: whether pre-releases count.
            fits: what else it must be.
        """
        for wheel in wheels_of(name, files, self._target):  # the newest first, and of each the best fit
            version = wheel.version
            if wheel.problem is not None or wheel.file.yanked or (version.is_prerelease and not pre):
                continue
            if above is not None and version <= above:
                break
            if fits(Version.from_pep440(str(version), published=False)):
                yield version, wheel.file

    def _held(self, cid: str, pin: Pin, held: str, newest: ReleaseVersion) -> Update:
        return Update(
            id=pin.id or cid,
            name=self._name(cid, pin),
            current=pin.version,
            held=held,
            held_back=str(newest),
            pinned=self._pinned(cid),
            policy=self._policies.of(cid).mode,
        )

    def _pinned(self, cid: str) -> Said | None:
        said = self._inventory.said
        return said(f"pin/{cid}") or said(f"{OF}{cid}") or said(DEFAULT)

    def _failed(self, distribution: str, present: ReleaseVersion) -> FailedVersion | None:
        """The newest version above the present one that is held back because it failed here."""
        found = [one for one in self._catalog.left_out.failed_of(distribution) if ReleaseVersion(one.version) > present]
        return max(found, key=lambda one: ReleaseVersion(one.version), default=None)

    def _nothing_yet(self, cid: str, pin: Pin, failed: FailedVersion | None, wait: Wait | None) -> Update:
        """That there is a newer version, and why it is not offered."""
        return Update(
            id=pin.id or cid,
            name=self._name(cid, pin),
            current=pin.version,
            failed=failed.sentence if failed is not None else None,
            waits=wait,
            policy=self._policies.of(cid).mode,
        )

    def _unchecked(self, cid: str, pin: Pin, error: JackfieldError) -> Update:
        return replace(self._problem(cid, pin, f"not checked: {error.message}"), unchecked=_unchecked(error))

    def _problem(self, cid: str, pin: Pin, problem: str) -> Update:
        policy = self._policies.of(cid).mode
        return Update(
            id=pin.id or canonical(cid), name=self._name(cid, pin), current=pin.version, problem=problem, policy=policy
        )

    def _name(self, cid: str, pin: Pin) -> str:
        manifest = self._inventory.manifests.get(cid)
        return manifest.name if manifest is not None else pin.id or cid


def _unchecked(error: JackfieldError) -> Unchecked | None:
    """What an error says of a marketplace's answer; None for one that says nothing of it."""
    if isinstance(error, TrustError):
        return "untrusted"
    if isinstance(error, MarketUnreachable):
        return "unreachable"
    return "failed" if isinstance(error, MarketError) else None


def _every(_version: Version) -> bool:
    return True
