"""The ceremony: root and targets, signed with keys that lie elsewhere the rest of the time.

Every step is a draft (what shall hold), signatures on it, and its publication, which looks at it as a client will. With
the offline keys at hand all three happen at once; a machine of its own for the keys signs the draft as a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jackfield.errors import UsageError
from securesystemslib.exceptions import UnverifiedSignatureError
from tuf.api.exceptions import RepositoryError, UnsignedMetadataError
from tuf.api.metadata import Metadata
from tuf.api.serialization import DeserializationError

from jackfield_marketplace.db import Database, Direct, now
from jackfield_marketplace.trust.drafts import Draft, next_version, sign_draft
from jackfield_marketplace.trust.keyfiles import (
    Key,
    canonical,
    forget_keys,
    key_id,
    make_key,
)
from jackfield_marketplace.trust.metadata import (
    SPEC_VERSION,
    SignedBody,
    current_roles,
    current_version,
    forget_role,
    latest_body,
    served_metadata,
    store_metadata,
)
from jackfield_marketplace.trust.roles import EXPIRY, OFFLINE, ONLINE, bin_roles
from jackfield_marketplace.trust.signing import Signing


@dataclass(frozen=True, slots=True)
class KeyReport:
    """The keys of one role.

    Args:
        role: whose.
        keyids: of its keys.
        threshold: how many of them have to sign.
        version: of its metadata; None for bins, of which each has its own.
        expires_at: when its signature ends, None for bins.
    """

    role: str
    keyids: tuple[str, ...]
    threshold: int
    version: int | None
    expires_at: datetime | None


class Ceremony:
    """Makes and changes what a marketplace is trusted by.

    Args:
        database: of the marketplace; holds all that is public.
        online: the folder of the server's keys.
        signing: of the same marketplace.
    """

    def __init__(self, database: Database, online: Path, signing: Signing) -> None:
        self._database = database
        self._online = online
        self._signing = signing

    def begin(self, offline: Path, *, root_keys: int = 1, threshold: int = 1, passphrase: bytes | None = None) -> str:
        """Make every key, sign the first root and targets, and everything that is published already.

        Args:
            offline: the folder for the keys of root and targets.
            root_keys: how many keys the root has; keep them in different places.
            threshold: how many of them sign a new root.
            passphrase: encrypts the offline keys' files.

        Returns:
            the sha256 of the first root, which clients are shown.

        Raises:
            UsageError: this marketplace signs already, or the threshold cannot be reached.
        """
        with self._database.write_directly() as direct:
            if current_roles(direct):
                raise UsageError("this marketplace has its keys", hint="jackfield-marketplace keys show")
            return self._made(direct, offline, root_keys, threshold, passphrase)

    def start_over(
        self, offline: Path, *, root_keys: int = 1, threshold: int = 1, passphrase: bytes | None = None
    ) -> str:
        """Make every key anew under a first root of its own, and sign all that is published with them.

        No client follows that by itself: each has to be told of the new root.

        Args:
            offline: as for `begin`.
            root_keys: as for `begin`.
            threshold: as for `begin`.
            passphrase: as for `begin`.

        Returns:
            the sha256 of the new first root.

        Raises:
            UsageError: nothing is signed here yet, or the threshold cannot be reached.
        """
        with self._database.write_directly() as direct:
            self._current(direct, "root")
            forget_role(direct, "root")
            digest = self._made(direct, offline, root_keys, threshold, passphrase)
        self._forget_old_keys()
        return digest

    def _made(self, direct: Direct, offline: Path, root_keys: int, threshold: int, passphrase: bytes | None) -> str:
        """Make the keys, and publish root 1 and the next targets; the other roles go on counting."""
        if not 1 <= threshold <= root_keys:
            raise UsageError(f"{threshold} of {root_keys} root keys can never sign")
        roots = [make_key(offline, "root", passphrase) for _ in range(root_keys)]
        keys = {"targets": make_key(offline, "targets", passphrase)}
        keys |= {role: make_key(self._online, role) for role in ONLINE}
        named = {"root": roots} | {role: [keys[role]] for role in ("snapshot", "targets", "timestamp")}
        root = {
            "_type": "root",
            "consistent_snapshot": True,
            "expires": "",
            "keys": {key.keyid: dict(key.description) for each in named.values() for key in each},
            "roles": {
                role: {"keyids": [key.keyid for key in each], "threshold": threshold if role == "root" else 1}
                for role, each in named.items()
            },
            "spec_version": SPEC_VERSION,
            "version": 0,
        }
        targets = {
            "_type": "targets",
            "delegations": _delegations(keys["bins"]),
            "expires": "",
            "spec_version": SPEC_VERSION,
            "targets": {},
            "version": current_version(direct, "targets"),
        }
        draft = {"root": next_version(root), "targets": next_version(targets)}
        sign_draft(draft, {role: {key.keyid: key for key in named[role]} for role in OFFLINE})
        self._publish(direct, draft)
        return _digest(draft["root"])

    def report(self) -> list[KeyReport]:
        """The keys of each role, as root and targets name them; empty where nothing is signed."""
        with self._database.write_directly() as direct:
            roles = current_roles(direct)
            if not roles:
                return []
            root, targets = self._current(direct, "root"), self._current(direct, "targets")
        reports = []
        for role in (*OFFLINE, *ONLINE):
            named = root["roles"].get(role) or targets["delegations"]["roles"][0]
            version, expires_at = roles.get(role, (None, None))
            reports.append(KeyReport(role, tuple(named["keyids"]), named["threshold"], version, expires_at))
        return reports

    def first_root(self) -> str | None:
        """The sha256 of the root that clients know this marketplace by; None where nothing is signed."""
        body = served_metadata(self._database, "root", 1)
        return None if body is None else hashlib.sha256(body).hexdigest()

    def renewal(self) -> Draft:
        """A draft that says the same for another year."""
        with self._database.write_directly() as direct:
            return {role: next_version(self._current(direct, role)) for role in OFFLINE}

    def rotation(self, role: str, new: Mapping[str, Any], *, lost: str = "") -> Draft:
        """A draft in which a role has a new key in place of an old one.

        Args:
            role: any.
            new: the public key, as TUF describes it.
            lost: how the id of the key begins that no longer counts; needed where the role has several.

        Raises:
            UsageError: it is not clear which key is meant.
        """
        with self._database.write_directly() as direct:
            root, targets = self._current(direct, "root"), self._current(direct, "targets")
        keyid = key_id(new)
        if role == "bins":
            targets["delegations"] = _delegations_of(keyid, new)
            return {"targets": next_version(targets)}
        named = root["roles"][role]
        matching = [one for one in named["keyids"] if one.startswith(lost)]
        if len(matching) != 1:
            raise UsageError(
                f"{len(matching)} keys of {role} begin with {lost!r}", hint="jackfield-marketplace keys show names them"
            )
        named["keyids"] = [keyid if one == matching[0] else one for one in named["keyids"]]
        root["keys"][keyid] = dict(new)
        used = {one for each in root["roles"].values() for one in each["keyids"]}
        root["keys"] = {one: description for one, description in root["keys"].items() if one in used}
        draft = {"root": next_version(root)}
        if role == "targets":
            draft["targets"] = next_version(targets)  # the new key has to sign it
        return draft

    def require_genuine(self, offline: Mapping[str, Mapping[str, Key]]) -> None:
        """Hold what the database calls root and targets to the offline keys, before these sign what follows from it.

        Whoever had the server may have written a key of their own into either, for the next ceremony to sign.

        Args:
            offline: role -> key id -> key, of those that are at hand.

        Raises:
            UsageError: something there was never signed.
        """
        with self._database.write_directly() as direct:
            root, targets = latest_body(direct, "root"), latest_body(direct, "targets")
        if root is None or targets is None:
            raise UsageError("this marketplace has no keys yet", hint="jackfield-marketplace keys init")
        named = root["signed"]["roles"]["root"]
        own = {keyid: key for keyid, key in offline["root"].items() if keyid in named["keyids"]}
        holding = [
            one for one in root["signatures"] if one["keyid"] in own and own[one["keyid"]].signed(root["signed"], one)
        ]
        try:
            Metadata[Any].from_bytes(canonical(root)).verify_delegate(
                "targets", Metadata[Any].from_bytes(canonical(targets))
            )
            genuine = len(holding) >= min(named["threshold"], len(own))
        except (DeserializationError, RepositoryError, ValueError):
            genuine = False
        if not genuine:
            raise UsageError(
                "root or targets in the database are not what the offline keys have signed: somebody has changed them",
                hint="nothing was signed; restore the database from a copy of before, then rotate every online key",
            )

    def new_key(self, role: str, offline: Path, passphrase: bytes | None = None) -> Key:
        """Make a key for a role, in the folder where such keys lie; nothing counts on it before it is published."""
        return make_key(offline, role, passphrase) if role in OFFLINE else make_key(self._online, role)

    def publish(self, draft: Draft) -> None:
        """Take a signed draft over, as clients will, and sign with the online keys what follows from it.

        Raises:
            UsageError: signatures are missing, or it was made for other metadata than there is now.
            KeysMissing: an online key that it names is not here.
        """
        with self._database.write_directly() as direct:
            self._publish(direct, draft)
        self._forget_old_keys()

    def _forget_old_keys(self) -> None:
        for report in self.report():
            if report.role in ONLINE:
                forget_keys(self._online, report.role, set(report.keyids))

    def _publish(self, direct: Direct, draft: Draft) -> None:
        self._require_valid(direct, draft)
        for role in OFFLINE:
            if role in draft:
                signed = draft[role]["signed"]
                expires_at = now() + EXPIRY[role]
                store_metadata(direct, [SignedBody(role, signed["version"], expires_at, canonical(draft[role]))])
        # A new key, or new words for old ones: whoever held one of the old bins' keys has no say in any bin.
        every = bin_roles() if "targets" in draft else ()
        self._signing.sign_roles(direct, every)
        self._signing.sign_changes(direct)

    def _require_valid(self, direct: Direct, draft: Draft) -> None:
        for role in draft:
            due = current_version(direct, role) + 1
            version = draft[role]["signed"]["version"]
            if version != due:
                raise UsageError(f"this is {role} {version}, and {role} {due} comes next", hint="make the draft again")
        known = latest_body(direct, "root")
        try:
            new: Metadata[Any] = Metadata.from_bytes(canonical(draft.get("root") or known))
            before = new if known is None else Metadata.from_bytes(canonical(known))
            before.verify_delegate("root", new)
            new.verify_delegate("root", new)
            targets: Metadata[Any] = Metadata.from_bytes(
                canonical(draft.get("targets") or latest_body(direct, "targets"))
            )
            new.verify_delegate("targets", targets)
        except UnsignedMetadataError as error:
            raise UsageError(
                f"signatures are missing: {error}", hint="jackfield-marketplace keys sign DRAFT --keys DIR"
            ) from error
        except (DeserializationError, RepositoryError, UnverifiedSignatureError, ValueError) as error:
            raise UsageError(f"this cannot be published: {error}") from error

    def _current(self, direct: Direct, role: str) -> dict[str, Any]:
        found = latest_body(direct, role)
        if found is None:
            raise UsageError("this marketplace has no keys yet", hint="jackfield-marketplace keys init")
        signed: dict[str, Any] = found["signed"]
        return signed


def _delegations(key: Key) -> dict[str, Any]:
    return _delegations_of(key.keyid, key.description)


def _delegations_of(keyid: str, description: Mapping[str, Any]) -> dict[str, Any]:
    """Every bin, and the list of revocations, each with the paths that it may sign and no others."""
    return {
        "keys": {keyid: dict(description)},
        "roles": [
            {"keyids": [keyid], "name": role, "paths": [pattern], "terminating": True, "threshold": 1}
            for role, pattern in bin_roles().items()
        ],
    }


def _digest(metadata: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(metadata)).hexdigest()
