"""What a marketplace signed, carried along with its files to where there is no network, and verified there.

A bundle takes the signed metadata of its files with it: root, timestamp, snapshot, targets and the bins. Whoever opens
it verifies them from the root that they know the marketplace by, as of the day until which the timestamp is signed: an
old bundle holds, and says how old it is. What was signed with keys that were exchanged since does not hold any more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jackfield.errors import ManifestError, TrustError
from jackfield.manifest import REVOCATIONS, RevocationList, role_of
from jackfield.market.trust.anchor import Anchor, digest, fingerprint, folder_of, is_known, plain_address
from jackfield.market.trust.cache import newest_root, read_metadata
from jackfield.market.trust.verified import Target, Verified
from jackfield.revocation import KeptList

_LIST = "revoked.json"
"""The name of the list itself among the parts; `revocations.json` is the role that signs it."""

_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Proven:
    """What a marketplace signed, as it was carried.

    Args:
        url: the marketplace's address.
        until: until when it was signed.
        root: the fingerprint of the root that it was verified by.
        met: whether the marketplace was known here by that root; else it is believed at first sight.
        targets: path -> what is signed of it.
        roles: the bins that were carried: of the names in others nothing is known from it.
        revoked: the list of what the marketplace had revoked by then; None where it is not carried.
        revoked_version: of what signs that list.
    """

    url: str
    until: datetime
    root: str
    met: bool
    targets: Mapping[str, Target]
    roles: frozenset[str] = frozenset()
    revoked: bytes | None = None
    revoked_version: int = 0


def carried(trust: Path, url: str, paths: Collection[str], beside: Collection[str] = ()) -> dict[str, bytes] | None:
    """The metadata that proves some paths, by name; None where what is known here does not.

    Args:
        trust: the folder of all marketplaces.
        url: the marketplace's address.
        paths: of targets.
        beside: of targets of which it is told as well whether there are any.
    """
    folder = folder_of(trust, plain_address(url)) / "metadata"
    try:
        known = Verified(folder, _BEGINNING)  # how old it is says whoever opens the bundle
        if not (paths or beside) or any(known.target(role_of(path), path) is None for path in paths):
            return None
        roles = sorted({role_of(path) for path in (*paths, *beside)})
        for role in roles:
            known.target(role, "")  # one that is not of this day would spoil the rest
        parts = {
            f"{name}.json": read_metadata(folder / f"{name}.json")
            for name in ("timestamp", "snapshot", "targets", *roles)
        }
        roots = {path.name: read_metadata(path) for path in (folder / "root_history").glob("*.root.json")}
        parts |= {**roots, f"{known.root_version}.root.json": read_metadata(folder / "root.json")}
    except (LookupError, ValueError, OSError):
        return None
    return parts | _carried_revocations(known, folder)


def _carried_revocations(known: Verified, folder: Path) -> dict[str, bytes]:
    """What was revoked by then, with what signs it; nothing where it is not here, since the files hold without it."""
    try:
        target = known.target(role_of(REVOCATIONS), REVOCATIONS)
        signed = {f"{role_of(REVOCATIONS)}.json": read_metadata(folder / f"{role_of(REVOCATIONS)}.json")}
        if target is None:
            return signed
        kept = KeptList.load(folder.parent)
    except (LookupError, ValueError, OSError, ManifestError):
        return {}
    return {**signed, _LIST: kept.document} if kept is not None and kept.sha256 == target.sha256 else {}


def verified(
    trust: Path, url: str, parts: Mapping[str, bytes], *, root: str = "", now: datetime | None = None
) -> Proven:
    """Verify what was carried.

    Args:
        trust: the folder of all marketplaces.
        url: the marketplace's address.
        parts: name -> bytes, as `carried` gave them.
        root: how the sha256 of the first root begins, where the user's address names it.
        now: the time; that of the machine by default.

    Raises:
        TrustError: it is not signed by the keys that the marketplace is known by, does not belong together, or
            had expired when it was signed.
    """
    try:
        return _verified(trust, plain_address(url), parts, root, now or datetime.now(UTC))
    except TrustError:
        raise
    except Exception as error:  # whatever a stranger's bytes bring a parser to
        detail = str(error) or type(error).__name__
        raise TrustError(
            f"what is carried of {url} does not hold: {detail}",
            hint="nothing was changed; make the bundle anew where the plugins are installed: jackfield bundle",
        ) from error


def _verified(trust: Path, url: str, parts: Mapping[str, bytes], named: str, now: datetime) -> Proven:
    from tuf.api.metadata import (  # type: ignore[attr-defined]  # documented there, and named in no __all__
        Metadata,
        Root,
        Snapshot,
        Targets,
        Timestamp,
    )

    roots = {int(name.partition(".")[0]): data for name, data in parts.items() if name.endswith(".root.json")}
    met = is_known(trust, url)
    anchor = Anchor.load(folder_of(trust, url)) if met else None
    pinned = anchor.sha256 if anchor is not None else ""
    first = newest_root(folder_of(trust, url) / "metadata", url, pinned) if met else _begun_with(roots, named)
    known_by = anchor.sha256 if anchor is not None else digest(first)  # of one that was met the newest root lies here
    if not known_by.startswith(named):
        holder = f"{url} is known by" if met else f"what is carried of {url} has"
        raise TrustError(f"{holder} the root {fingerprint(known_by)}, its address names {fingerprint(named)}")
    root = Metadata[Root].from_bytes(first)
    root.signed.verify_delegate(Root.type, root.signed_bytes, root.signatures)
    while (following := roots.get(root.signed.version + 1)) is not None:
        newer = Metadata[Root].from_bytes(following)
        root.signed.verify_delegate(Root.type, newer.signed_bytes, newer.signatures)
        newer.signed.verify_delegate(Root.type, newer.signed_bytes, newer.signatures)
        if newer.signed.version != root.signed.version + 1:
            raise ValueError("its roots do not follow each other")
        root = newer
    timestamp = Metadata[Timestamp].from_bytes(parts["timestamp.json"])
    root.signed.verify_delegate(Timestamp.type, timestamp.signed_bytes, timestamp.signatures)
    until = timestamp.signed.expires
    as_of = min(now, until - timedelta(seconds=1))
    said: Any = timestamp.signed.snapshot_meta
    snapshot = Metadata[Snapshot].from_bytes(_checked(parts["snapshot.json"], said))
    root.signed.verify_delegate(Snapshot.type, snapshot.signed_bytes, snapshot.signatures)
    versions = snapshot.signed.meta
    targets = Metadata[Targets].from_bytes(_checked(parts["targets.json"], versions["targets.json"]))
    root.signed.verify_delegate(Targets.type, targets.signed_bytes, targets.signatures)
    held: list[tuple[Any, Any]] = [(snapshot.signed, said), (targets.signed, versions["targets.json"])]
    found: dict[str, Target] = {}
    roles = set[str]()
    for name, data in parts.items():
        role = name.removesuffix(".json")
        if name.endswith(".root.json") or name == _LIST or role in ("timestamp", "snapshot", "targets"):
            continue
        one = Metadata[Targets].from_bytes(_checked(data, versions[name]))
        targets.signed.verify_delegate(role, one.signed_bytes, one.signatures)
        held.append((one.signed, versions[name]))
        roles.add(role)
        found |= {
            path: Target(file.hashes["sha256"], file.length)
            for path, file in one.signed.targets.items()
            if role_of(path) == role  # a bin speaks for its own names alone
        }
    for signed, wanted in held:
        if signed.version != wanted.version:
            raise ValueError(f"{signed.type} {signed.version} is not the {wanted.version} that was current")
    for signed in (root.signed, *(signed for signed, _ in held)):
        if signed.is_expired(as_of):
            raise ValueError(f"{signed.type} had expired")
    list_version = versions[name].version if (name := f"{role_of(REVOCATIONS)}.json") in parts else 0
    return Proven(
        url, until, fingerprint(digest(first)), met, found, frozenset(roles), _revoked(parts, found), list_version
    )


def _begun_with(roots: Mapping[int, bytes], named: str) -> bytes:
    """The root to begin with: the one that the address names, which may be a later one, else the first."""
    return next((data for data in roots.values() if named and digest(data).startswith(named)), roots[min(roots)])


def _revoked(parts: Mapping[str, bytes], found: Mapping[str, Target]) -> bytes | None:
    """The list of what was revoked; that nothing ever was is signed as well."""
    if f"{role_of(REVOCATIONS)}.json" not in parts:
        return None
    target = found.get(REVOCATIONS)
    if target is None:
        return RevocationList().to_bytes()
    if digest(parts[_LIST]) != target.sha256:
        raise ValueError("its list of revocations is not the one that was signed")
    return parts[_LIST]


def _checked(data: bytes, said: Any) -> bytes:
    said.verify_length_and_hashes(data)
    return data
