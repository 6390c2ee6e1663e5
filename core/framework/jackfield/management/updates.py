"""Looking for updates: every plugin by itself, so that one that fails never hides the others (C41 to C44)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion
from packaging.version import Version as ReleaseVersion

from jackfield.errors import JackfieldError, MarketUnreachable, UnknownPlugin
from jackfield.management.catalog import MarketCatalog
from jackfield.management.consent import Coming, Consent
from jackfield.management.inventory import Inventory, refusal
from jackfield.management.reports import Update
from jackfield.management.specs import canonical
from jackfield.manifest import File, HostFile, Manifest, Pin, Requirement, Version
from jackfield.storage import State


class UpdateCheck:
    """One round of looking.

    Args:
        app: the application's name.
        hostfile: its host file.
        state: pins.
        inventory: what is installed.
        catalog: where to look.
    """

    def __init__(
        self, app: str, hostfile: HostFile | None, *, state: State, inventory: Inventory, catalog: MarketCatalog
    ) -> None:
        self._app = app
        self._hostfile = hostfile
        self._state = state
        self._inventory = inventory
        self._catalog = catalog

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
        names = dict(zip(sorted(pins), found, strict=True))
        rows = [
            self._failed(cid, pins[cid], one) if isinstance(one, JackfieldError) else one for cid, one in names.items()
        ]
        return [row for row in rows if row is not None]

    async def _one(self, cid: str, pin: Pin) -> Update | JackfieldError | None:
        try:
            return await self._check(cid, pin)
        except JackfieldError as error:
            return error

    async def _check(self, cid: str, pin: Pin) -> Update | None:
        offer = await self._catalog.offer(pin.distribution)
        if offer is None or all(file.sha256 == pin.file.sha256 for file in offer.files):
            details = await self._catalog.details(cid, pin.source) if pin.source != "file" else None
            if pin.source == "file" or (details and canonicalize_name(details.distribution) == pin.distribution):
                return None  # it came as a file, or what is installed is all that is offered
            raise UnknownPlugin(f"{pin.source} does not offer it any more", plugin=pin.id)
        held = self._state.get(f"pin/{cid}")
        newest = self._newest(pin, offer.files)
        if newest is None:
            return None
        version, file = newest
        manifest = await self._catalog.manifest(offer, file)
        if manifest is None:
            raise UnknownPlugin(f"its version {version} is no plugin any more", plugin=pin.id)
        news = await self._catalog.changelog(cid, pin.source, pin.version)
        publisher = await self._catalog.publisher(cid, pin.source)
        request = Consent(self._app, self._hostfile).request(
            Coming(manifest, version, pin.source, publisher), self._inventory.standing(cid), self._inventory.manifests
        )
        stopped = held is not None and not Requirement.parse(str(held)).accepts(
            Version.from_pep440(version, published=False)
        )
        problem = refusal(manifest, self._app, self._hostfile)
        return Update(
            id=manifest.id,
            name=manifest.name,
            current=pin.version,
            new=version,
            changelog="\n\n".join(f"## {entry.version}\n{entry.text}".strip() for entry in news),
            growth=request.growth,
            problem=f"{version} {problem}" if problem else None,
            held=str(held) if stopped else None,
            permissions=request.permissions,
        )

    def _newest(self, pin: Pin, files: Sequence[File]) -> tuple[str, File] | None:
        present = ReleaseVersion(pin.version)
        newest: tuple[ReleaseVersion, File] | None = None
        for file in files:
            version = _wheel_version(file)
            if version is None or file.yanked or (version.is_prerelease and not present.is_prerelease):
                continue
            if version > present and (newest is None or version > newest[0]):
                newest = (version, file)
        return (str(newest[0]), newest[1]) if newest is not None else None

    def _failed(self, cid: str, pin: Pin, error: JackfieldError) -> Update:
        manifest: Manifest | None = self._inventory.manifests.get(cid)
        name = manifest.name if manifest is not None else pin.id or cid
        return Update(
            id=pin.id or canonical(cid), name=name, current=pin.version, problem=f"not checked: {error.message}"
        )


def _wheel_version(file: File) -> ReleaseVersion | None:
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        return parse_wheel_filename(file.filename)[1] if file.is_wheel else None
    except (InvalidWheelFilename, InvalidVersion):
        return None
