"""What the server signs by itself: the bins of what changed, snapshot and timestamp.

All of it is rows, written by one transaction: that which changed the catalogue, or for uploads one of their own, for
which whoever reads them waits (`Waiting`). After a power cut what was not signed still stands noted as such.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from jackfield.manifest import PAGE, plugin_document, plugin_path, role_of, target_folder
from sqlalchemy import bindparam, delete, func, insert, select

from jackfield_marketplace.catalog import SimpleProject, project_document, project_page
from jackfield_marketplace.db import (
    Content,
    Database,
    Direct,
    Prepared,
    SignedRole,
    SignedTarget,
    UnsignedProject,
    now,
)
from jackfield_marketplace.trust.keyfiles import Key, KeysMissing, read_keys
from jackfield_marketplace.trust.metadata import (
    SPEC_VERSION,
    SignedBody,
    current_roles,
    current_versions,
    half_passed,
    instant,
    is_signed,
    latest_body,
    signed_metadata,
    store_metadata,
)
from jackfield_marketplace.trust.revocations import list_waits, list_waits_in, note_list
from jackfield_marketplace.trust.roles import EXPIRY, OFFLINE, ONLINE

_WAITING = Prepared(select(UnsignedProject.project_id))
_FIRST_WAITING = Prepared(select(UnsignedProject.project_id).limit(1))
_SOONEST = Prepared(select(func.min(SignedRole.expires_at)).where(SignedRole.role == "timestamp"))
_DONE = Prepared(delete(UnsignedProject))
_TARGETS = Prepared(
    select(SignedTarget.path, SignedTarget.sha256, SignedTarget.length).where(
        SignedTarget.project_id == bindparam("project")
    )
)
_IN_ROLE = Prepared(
    select(SignedTarget.path, SignedTarget.sha256, SignedTarget.length)
    .where(SignedTarget.role == bindparam("role"))
    .order_by(SignedTarget.path)
)
_ADD_TARGET = Prepared(insert(SignedTarget))
_DROP_TARGET = Prepared(delete(SignedTarget).where(SignedTarget.path == bindparam("path")))
_LENGTH = Prepared(select(func.length(Content.data)).where(Content.sha256 == bindparam("sha256")))

Targets = dict[str, tuple[str, int]]
"""Path -> (sha256, length in bytes)."""


class Signing:
    """Signs with the online keys. Where a marketplace has no keys, nothing is signed and nothing fails.

    Args:
        database: the catalogue, which holds the metadata too.
        keys: the folder of the online keys.
        blobs: the folder of larger files, to tell the length of a text that lies there.
    """

    def __init__(self, database: Database, keys: Path, blobs: Path) -> None:
        self._database = database
        self._folder = keys
        self._blobs = blobs
        self._lock = threading.Lock()
        self._keys: dict[str, Key] = {}
        self._keys_of = (0, 0)

    @property
    def ready(self) -> bool:
        """Whether this marketplace has been given keys."""
        return is_signed(self._database)

    def require_keys(self, direct: Direct) -> None:
        """See to it that what is written in this transaction can be signed later; without work where it is known.

        Raises:
            KeysMissing: as for `sign_changes`.
        """
        versions = current_versions(direct)
        if versions:
            self._signers(direct, versions)

    def sign_changes(self, direct: Direct) -> int:
        """Sign every project that changed, and what was revoked, in a transaction that writes; returns how many.

        Raises:
            KeysMissing: the online keys are not those that root and targets name.
        """
        waiting = [project for (project,) in direct.rows(_WAITING)]
        revoked = list_waits(direct)
        if not waiting and not revoked:
            return 0
        versions = current_versions(direct)
        if not versions:
            return 0  # nothing is signed here; they wait for the first ceremony
        changed = note_list(direct) if revoked else set()
        changed |= self._note_targets(direct, waiting)
        direct.run(_DONE)  # all of them: nobody writes beside this transaction
        self._sign(direct, versions, changed, now())
        return len(waiting) + revoked

    def sign_roles(self, direct: Direct, changed: Iterable[str]) -> None:
        """Sign some delegated roles anew, with the snapshot and the timestamp that go with them.

        Args:
            direct: a transaction that writes.
            changed: `bin-00` to `bin-ff`, `revocations`.

        Raises:
            KeysMissing: as for `sign_changes`.
        """
        self._sign(direct, current_versions(direct), set(changed), now())

    def keep_fresh(self, at: datetime | None = None) -> list[str]:
        """Sign what nobody has signed yet, and all of which half the time has passed; returns the roles signed.

        Costs three look-ups where there is nothing to do.

        Args:
            at: instead of now.

        Raises:
            KeysMissing: as for `sign_changes`.
        """
        if not is_signed(self._database):
            return []
        at = now() if at is None else at
        soonest = self._database.look_up(_SOONEST)
        waiting = self._database.look_up(_FIRST_WAITING) is not None or list_waits_in(self._database)
        if not waiting and soonest is not None and soonest[0] and not _due("timestamp", soonest[0], at):
            return []
        with self._database.write_directly() as direct:
            self.sign_changes(direct)
            roles = current_roles(direct)
            due = {
                role for role, (_, expires_at) in roles.items() if role not in OFFLINE and _due(role, expires_at, at)
            }
            if due:
                versions = {role: version for role, (version, _) in roles.items()}
                self._sign(direct, versions, due - {"snapshot", "timestamp"}, at, snapshot=due != {"timestamp"})
            return sorted(due)

    def expiring_offline(self, at: datetime | None = None) -> dict[str, datetime]:
        """The offline roles that somebody has to sign anew within a month, and when each of them ends."""
        at = now() if at is None else at
        with self._database.write_directly() as direct:
            roles = current_roles(direct)
        soon = timedelta(days=30)
        return {role: roles[role][1] for role in OFFLINE if role in roles and roles[role][1] - at < soon}

    def _note_targets(self, direct: Direct, projects: Iterable[int]) -> set[str]:
        """Bring the targets of projects to what the index says now; returns the roles in which one changed."""
        dropped: list[dict[str, Any]] = []
        added: list[dict[str, Any]] = []
        roles: set[str] = set()
        for project in projects:
            page = project_page(direct, project)
            noted = {path: (sha256, length) for path, sha256, length in direct.rows(_TARGETS, project=project)}
            wanted = self._targets(direct, page, noted) if page is not None else {}
            for path in wanted.keys() | noted.keys():
                target = wanted.get(path)
                if target == noted.get(path):
                    continue
                role = role_of(path)
                roles.add(role)
                if path in noted:
                    dropped.append({"path": path})
                if target is not None:
                    sha256, length = target
                    added.append(
                        {"path": path, "role": role, "project_id": project, "sha256": sha256, "length": length}
                    )
        direct.run_each(_DROP_TARGET, dropped)
        direct.run_each(_ADD_TARGET, added)
        return roles

    def _targets(self, direct: Direct, page: SimpleProject, noted: Targets) -> Targets:
        """Wheels that are served, with the texts beside them, and the project's document.

        A yanked wheel is one of them: who pins it still gets it. What is in quarantine is not on the page, so it is
        none. Nor is a source distribution: jackfield never uses one.
        """
        folder = target_folder(page.name)
        document = project_document(page)
        targets = {folder + PAGE: (hashlib.sha256(document).hexdigest(), len(document))}
        if page.plugin_id is not None:  # also without a file, as in quarantine: else another marketplace could take it
            said = plugin_document(page.plugin_id, page.name)
            targets[plugin_path(page.plugin_id)] = hashlib.sha256(said).hexdigest(), len(said)
        for file in page.files:
            if not file.filename.endswith(".whl"):
                continue
            targets[folder + file.filename] = (file.sha256, file.size)
            beside = {
                ".metadata": file.metadata_sha256,
                ".plugin.toml": file.manifest_sha256,
                ".attestation": file.attestation_sha256 if file.manifest_sha256 else None,
            }
            for suffix, sha256 in beside.items():
                if sha256 is None:
                    continue
                path = folder + file.filename + suffix
                known = noted.get(path)
                same = known is not None and known[0] == sha256
                targets[path] = known if known is not None and same else (sha256, self._length(direct, sha256))
        return targets

    def _length(self, direct: Direct, sha256: str) -> int:
        found: int | None = direct.value(_LENGTH, sha256=sha256)
        return found if found is not None else (self._blobs / sha256[:2] / sha256).stat().st_size

    def _sign(
        self,
        direct: Direct,
        versions: dict[str, int],
        changed: set[str],
        at: datetime,
        *,
        snapshot: bool = True,
    ) -> None:
        """Sign delegated roles, then the snapshot, then the timestamp."""
        keys = self._signers(direct, versions)
        made = []
        for role in sorted(changed):
            versions[role] = versions.get(role, 0) + 1
            expires_at = at + EXPIRY["bins"]
            signed = _targets_metadata(direct.rows(_IN_ROLE, role=role), versions[role], expires_at)
            made.append(signed_metadata(role, versions[role], expires_at, signed, [keys["bins"]]))
        listed = {role: version for role, version in versions.items() if role not in ("root", "snapshot", "timestamp")}
        if snapshot:  # else the one of yesterday holds: clients fetch the timestamp alone
            made.append(_listing("snapshot", versions, listed, keys["snapshot"], at))
        newest = {"snapshot": versions["snapshot"]}
        made.append(_listing("timestamp", versions, newest, keys["timestamp"], at))
        store_metadata(direct, made)

    def _signers(self, direct: Direct, versions: dict[str, int]) -> dict[str, Key]:
        """The key of each online role, as root and targets name them now: a ceremony may have changed them."""
        of = versions["root"], versions["targets"]
        with self._lock:
            if of != self._keys_of:
                self._keys = self._read(direct)
                self._keys_of = of
            return self._keys

    def _read(self, direct: Direct) -> dict[str, Key]:
        root, targets = latest_body(direct, "root"), latest_body(direct, "targets")
        if root is None or targets is None:
            raise KeysMissing("there is no root to sign under", hint="jackfield-marketplace keys init")
        named = {role: root["signed"]["roles"][role]["keyids"] for role in ("snapshot", "timestamp")}
        named["bins"] = targets["signed"]["delegations"]["roles"][0]["keyids"]
        found = {}
        for role in ONLINE:
            keys = read_keys(self._folder, role)
            key = next((keys[keyid] for keyid in named[role] if keyid in keys), None)
            if key is None:
                raise KeysMissing(
                    f"the {role} key that the marketplace signs with is not in {self._folder}",
                    hint=f"bring it back, or make a new one: jackfield-marketplace keys rotate {role}",
                )
            found[role] = key
        return found


def _targets_metadata(rows: Iterable[tuple[str, str, int]], version: int, expires_at: datetime) -> bytes:
    """Canonical JSON of a bin; put together as text, since its rows come sorted and hold nothing to escape."""
    entries = ",".join(
        f'"{path}":{{"hashes":{{"sha256":"{sha256}"}},"length":{length}}}' for path, sha256, length in rows
    )
    return (
        f'{{"_type":"targets","expires":"{instant(expires_at)}","spec_version":"{SPEC_VERSION}",'
        f'"targets":{{{entries}}},"version":{version}}}'
    ).encode("ascii")


def _listing(role: str, versions: dict[str, int], listed: dict[str, int], key: Key, at: datetime) -> SignedBody:
    """The next version of a snapshot or timestamp, signed; its number is noted among `versions`."""
    versions[role] = versions.get(role, 0) + 1
    expires_at = at + EXPIRY[role]
    signed = _listing_metadata(role, sorted(listed.items()), versions[role], expires_at)
    return signed_metadata(role, versions[role], expires_at, signed, [key])


def _listing_metadata(role: str, listed: Iterable[tuple[str, int]], version: int, expires_at: datetime) -> bytes:
    """Canonical JSON of a snapshot or timestamp, put together in the same way."""
    entries = ",".join([_listing_entry(name, number) for name, number in listed])
    return (
        f'{{"_type":"{role}","expires":"{instant(expires_at)}","meta":{{{entries}}},'
        f'"spec_version":"{SPEC_VERSION}","version":{version}}}'
    ).encode("ascii")


@lru_cache(1024)
def _listing_entry(name: str, version: int) -> str:
    return f'"{name}.json":{{"version":{version}}}'


def _due(role: str, expires_at: datetime, at: datetime) -> bool:
    return half_passed(expires_at, EXPIRY.get(role, EXPIRY["bins"]), at)
