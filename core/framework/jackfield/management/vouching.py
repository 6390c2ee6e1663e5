"""Who says that a file comes from where a lock names it: what its marketplace signed, carried along or asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from packaging.utils import canonicalize_name

from jackfield.errors import ManifestError, MarketError, TrustError, UnknownPlugin, UsageError
from jackfield.management.specs import canonical
from jackfield.manifest import Pin, page_path, plugin_path, read_revocations, target_folder
from jackfield.market import Marketplace, Proven, carried, folder_of, is_known, plain_address, split_address, verified
from jackfield.revocation import KeptList
from jackfield.storage import make_private
from jackfield.store import LockFile

Proofs = Mapping[str, Mapping[str, bytes]]
"""Address of a marketplace -> its signed metadata, by name."""


async def proofs_for(lock: LockFile, trust: Path, urls: Sequence[str]) -> tuple[dict[str, dict[str, bytes]], list[str]]:
    """What the marketplaces of a lock signed of its files; asked for where it is not here.

    Args:
        lock: which files.
        trust: the folder of all marketplaces.
        urls: those that may be asked.

    Returns:
        the proofs, and a sentence for each marketplace of which there is none.
    """
    addresses = {plain_address(url): url for url in urls}
    found: dict[str, dict[str, bytes]] = {}
    notes: list[str] = []
    pins = [pin for one in lock.sets for pin in one.pins]
    sources = _by_source(pins)
    for source in dict.fromkeys((*addresses, *sources)):
        own, others = sources.get(source, []), _asked_before(source, pins, tuple(addresses))
        if not (own or others):
            continue
        if not is_known(trust, source):  # as where all of it came by a bundle
            if own:
                notes.append(f"nothing that {source} signed is known here, so elsewhere nobody vouches for it")
            continue
        paths, beside = [_path(pin) for pin in own], [page_path(pin.distribution) for pin in others]
        beside += [plugin_path(canonical(pin.id)) for pin in others if pin.id is not None]
        parts = carried(trust, source, paths, beside)
        if parts is None and source in addresses:
            await _fetch(addresses[source], trust, own, others)
            parts = carried(trust, source, paths, beside)
        if parts is not None:
            found[source] = parts
        elif own:
            notes.append(f"{source} does not say any more that it signed all of it, so elsewhere nobody vouches for it")
    return found, notes


def _asked_before(source: str, pins: Iterable[Pin], order: Sequence[str]) -> list[Pin]:
    """What comes from marketplaces after one: that it holds no such names is worth to be carried along."""
    after = set(order[order.index(source) + 1 :]) if source in order else set()
    return [pin for pin in pins if pin.source in after]


def hold_to_proofs(
    pins: Iterable[Pin], proofs: Proofs, trust: Path, urls: Sequence[str]
) -> tuple[dict[str, Proven], list[str]]:
    """Verify that each file of a bundle is what its marketplace signed, where the bundle carries that.

    Args:
        pins: the files that are not installed already.
        proofs: what the bundle carries; nothing of it is believed yet.
        trust: the folder of all marketplaces.
        urls: the user's, of which some may name a root.

    Returns:
        what each marketplace signed, by address; and what a user has to be told.

    Raises:
        TrustError: a marketplace that signs did not sign one of them, or the bundle carries nothing of it.
    """
    named = {plain_address(url): split_address(url)[1] for url in urls}
    found: dict[str, Proven] = {}
    for source, own in _by_source(pins).items():
        parts = proofs.get(source)
        if parts is None and (is_known(trust, source) or named.get(source)):
            raise TrustError(
                f"nothing in the bundle was signed by {source}, from which it says that {_names(own)} came",
                plugin=own[0].id,
                hint="nothing was changed; make it anew where the plugins are installed: jackfield bundle",
            )
        if parts is None:
            continue  # whether it is taken all the same is not decided here
        found[source] = proven = verified(trust, source, parts, root=named.get(source, ""))
        for pin in own:
            _require(pin, proven)
    # Of the user's other marketplaces the bundle may carry that they do not hold the names in it.
    for source in named.keys() & proofs.keys() - found.keys():
        found[source] = verified(trust, source, proofs[source], root=named[source])
    return found, [_age(one) for one in found.values()]


def newer_list(proven: Proven, trust: Path) -> KeptList | None:
    """What was revoked by the day of a bundle, None where that is not carried, or where something newer is known."""
    if proven.revoked is None:
        return None
    folder, checked = folder_of(trust, proven.url), min(datetime.now(UTC), proven.until)
    told = read_revocations(proven.revoked, source=f"the list of revocations of {proven.url}")
    day = f"{checked:%Y-%m-%dT%H:%M:%SZ}"
    carried_list = KeptList(proven.url, day, proven.revoked, told, proven.revoked_version, proven.met)
    try:
        known = KeptList.load(folder)
    except ManifestError:
        known = None
    # By what was signed and not by the clock: who opens a bundle after a list was fetched opens nothing newer.
    return carried_list if known is None or known.version < carried_list.version else None


def keep(newer: KeptList, trust: Path) -> None:
    """Keep a list from now on: it acts here as if it had been fetched."""
    folder = folder_of(trust, newer.marketplace)
    make_private(folder)
    newer.save(folder)


def refuse_unsigned(pin: Pin) -> TrustError:
    """What to say of a file that its marketplace does not sign."""
    return TrustError(
        f"{pin.source} does not sign {pin.file.filename}, which the lock says comes from there",
        plugin=pin.id,
        hint="nothing was changed; ask whoever made the lock",
    )


def refuse_misspelled(pin: Pin) -> None:
    """Hold a lock to the one spelling of each marketplace: what is demanded and revoked goes by it.

    Raises:
        UsageError: the source of a file is spelled in another way, as jackfield never writes it.
    """
    if pin.source != "file" and pin.source != plain_address(pin.source):
        raise UsageError(
            f"the lock says that {pin.id or pin.distribution} comes from {pin.source}, "
            f"which is spelled {plain_address(pin.source)}",
            hint="nothing was changed; ask whoever made the lock",
        )


def _require(pin: Pin, proven: Proven) -> None:
    target = proven.targets.get(_path(pin))
    if target is None or target.sha256 != pin.file.sha256:
        raise TrustError(
            f"{pin.file.filename} in the bundle is not the file that {proven.url} signed",
            plugin=pin.id,
            hint="nothing was changed; ask whoever made the bundle",
        )


def _age(proven: Proven) -> str:
    """How old what was signed is, and by which root it was verified."""
    days = (datetime.now(UTC) - proven.until).days
    ago = "" if days < 0 else f", {days} day{'' if days == 1 else 's'} ago: what was revoked since is not known to it"
    met = "" if proven.met else f"; it is met here for the first time, by the root {proven.root}"
    return f"the bundle holds what {proven.url} signed until {proven.until:%Y-%m-%d}{ago}{met}"


async def project_with(market: Marketplace, plugin: str) -> str | None:
    """The distribution that a marketplace has a plugin in, held to what it signs; None where it has none of that id.

    Args:
        market: it is asked.
        plugin: the canonical id.

    Raises:
        TrustError: it signed something else than it says.
        MarketError: it does not answer.
    """
    try:
        found = str(canonicalize_name((await market.latest(plugin)).distribution))
    except UnknownPlugin:
        found = None
    await market.require_named(plugin, found)
    return found


async def _fetch(url: str, trust: Path, own: Collection[Pin], others: Collection[Pin]) -> None:
    """Have the signed metadata of some files and names here, where the marketplace answers."""
    async with Marketplace(url, trust=trust) as market:
        try:
            for pin in (*own, *others):
                await market.word_on(pin.distribution, pin.file)
            for pin in others:
                if pin.id is not None:
                    await project_with(market, canonical(pin.id))
        except MarketError:
            return  # without it the bundle is worth less, and says so


def _by_source(pins: Iterable[Pin]) -> dict[str, list[Pin]]:
    """The files that marketplaces hold themselves; what came from an upstream is unsigned wherever it is."""
    found: dict[str, list[Pin]] = {}
    for pin in pins:
        if pin.source != "file" and pin.file.upstream is None:
            found.setdefault(pin.source, []).append(pin)
    return found


def _path(pin: Pin) -> str:
    return f"{target_folder(pin.distribution)}{pin.file.filename}"


def _names(pins: Collection[Pin]) -> str:
    return ", ".join(sorted({pin.id or pin.distribution for pin in pins}))
