"""Signed metadata in the database: what is current, what is served, and how a new version takes its place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from jackfield.manifest import plugin_document
from sqlalchemy import bindparam, delete, func, insert, select, update

from jackfield_marketplace.db import Database, Direct, Prepared, Project, SignedMetadata, SignedRole, SignedTarget
from jackfield_marketplace.trust.keyfiles import Key

KEPT_VERSIONS = 16
"""How many versions of a role are served: a client that has begun with one finishes with it."""

SPEC_VERSION = "1.0.31"

_ROLE = Prepared(select(SignedRole.version, SignedRole.expires_at).where(SignedRole.role == bindparam("role")))
_ROLES = Prepared(select(SignedRole.role, SignedRole.version, SignedRole.expires_at))
_BODY = Prepared(
    select(SignedMetadata.body).where(
        SignedMetadata.role == bindparam("role"), SignedMetadata.version == bindparam("version")
    )
)
_LATEST = Prepared(
    select(SignedMetadata.body)
    .where(SignedMetadata.role == bindparam("role"))
    .order_by(SignedMetadata.version.desc())
    .limit(1)
)
_VERSIONS = Prepared(select(SignedRole.role, SignedRole.version))
_COUNT = Prepared(select(func.count()).select_from(SignedRole))
_TARGET = Prepared(
    select(SignedTarget.project_id).where(
        SignedTarget.path == bindparam("path"), SignedTarget.sha256 == bindparam("sha256")
    )
)
_NAMED = Prepared(select(Project.name).where(Project.plugin_id == bindparam("plugin")))
_ADD_BODY = Prepared(insert(SignedMetadata))
_ADD_ROLE = Prepared(insert(SignedRole))
_MOVE_ROLE = Prepared(
    update(SignedRole)
    .where(SignedRole.role == bindparam("which"))
    .values(version=bindparam("version"), expires_at=bindparam("expires_at"))
)
_FORGET = Prepared(
    delete(SignedMetadata).where(
        SignedMetadata.role == bindparam("role"), SignedMetadata.version <= bindparam("version")
    )
)
_FORGET_ALL = Prepared(delete(SignedMetadata).where(SignedMetadata.role == bindparam("role")))
_FORGET_ROLE = Prepared(delete(SignedRole).where(SignedRole.role == bindparam("role")))


def current_roles(direct: Direct) -> dict[str, tuple[int, datetime]]:
    """Role -> (version, when it expires); empty for a marketplace that does not sign."""
    return {role: (version, expires_at) for role, version, expires_at in direct.rows(_ROLES)}


def current_versions(direct: Direct) -> dict[str, int]:
    """Role -> version, by role: there are hundreds, so they are kept from one transaction to the next."""
    if _VERSIONS not in direct.kept:
        direct.kept[_VERSIONS] = dict(direct.rows(_VERSIONS))
    return dict(direct.kept[_VERSIONS])


def current_version(direct: Direct, role: str) -> int:
    """The newest version of a role, 0 where there is none."""
    found: int | None = direct.value(_ROLE, role=role)
    return found or 0


def is_signed(database: Database) -> bool:
    """Whether this marketplace signs."""
    found = database.look_up(_COUNT)
    return found is not None and found[0] > 0


def latest_body(direct: Direct, role: str) -> dict[str, Any] | None:
    """The newest metadata of a role, as values."""
    found = direct.value(_LATEST, role=role)
    return None if found is None else json.loads(found)


def served_metadata(database: Database, role: str, version: int | None) -> bytes | None:
    """Metadata as it is served, or None.

    Args:
        database: as of its last commit.
        role: whose.
        version: None for the newest.
    """
    found = database.look_up(_LATEST, role=role) if version is None else None
    if version is not None:
        found = database.look_up(_BODY, role=role, version=version)
    return None if found is None else bytes(found[0])


def target_served(database: Database, path: str, sha256: str) -> bool:
    """Whether a path is a target with this hash, as of the last commit."""
    return database.look_up(_TARGET, path=path, sha256=sha256) is not None


def served_plugin(database: Database, plugin: str) -> bytes | None:
    """The document that says which project has an id, as of the last commit; None where none has.

    Args:
        database: of the marketplace.
        plugin: the canonical id.
    """
    found = database.look_up(_NAMED, plugin=plugin)
    return None if found is None else plugin_document(plugin, found[0])


@lru_cache(256)  # all that is signed together ends together
def instant(at: datetime) -> str:
    """A time as metadata writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class SignedBody:
    """A version of a role, signed, as it is served."""

    role: str
    version: int
    expires_at: datetime
    body: bytes


def signed_metadata(role: str, version: int, expires_at: datetime, signed: bytes, keys: Iterable[Key]) -> SignedBody:
    """Sign what is already in canonical form.

    Args:
        role: whose.
        version: one more than the last.
        expires_at: when the signature ends.
        signed: canonical JSON.
        keys: sign it.
    """
    # Hexadecimal digits hold nothing to escape: put together as text, as the encoder would write it.
    made = [key.sign(signed) for key in keys]
    signatures = ",".join([f'{{"keyid":"{one["keyid"]}","sig":"{one["sig"]}"}}' for one in made]).encode("ascii")
    return SignedBody(role, version, expires_at, b'{"signatures":[%b],"signed":%b}' % (signatures, signed))


def store_metadata(direct: Direct, made: Sequence[SignedBody]) -> None:
    """Make each the current version of its role.

    Args:
        direct: a transaction that writes: clients see all that it stores, or nothing.
        made: at most one for a role.
    """
    direct.run_each(_ADD_BODY, [{"role": one.role, "version": one.version, "body": one.body} for one in made])
    first = [one for one in made if one.version == 1]
    later = [one for one in made if one.version != 1]
    direct.run_each(
        _ADD_ROLE, [{"role": one.role, "version": one.version, "expires_at": one.expires_at} for one in first]
    )
    direct.run_each(
        _MOVE_ROLE, [{"which": one.role, "version": one.version, "expires_at": one.expires_at} for one in later]
    )
    if _VERSIONS in direct.kept:
        direct.kept[_VERSIONS] |= {one.role: one.version for one in made}
    # Every root stays: a client that comes back after years follows them one by one.
    old = [one for one in made if one.role != "root" and one.version > KEPT_VERSIONS]
    direct.run_each(_FORGET, [{"role": one.role, "version": one.version - KEPT_VERSIONS} for one in old])


def forget_role(direct: Direct, role: str) -> None:
    """Forget a role and every version of it, so that its next one is the first."""
    direct.run(_FORGET_ALL, role=role)
    direct.run(_FORGET_ROLE, role=role)
    if _VERSIONS in direct.kept:
        direct.kept[_VERSIONS].pop(role, None)


def half_passed(expires_at: datetime, lifetime: timedelta, at: datetime) -> bool:
    """Whether half of a signature's lifetime is over."""
    return expires_at - at < lifetime / 2
