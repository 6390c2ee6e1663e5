"""The list of what is revoked, as a target that its own role signs."""

from __future__ import annotations

import hashlib

from jackfield.manifest import REVOCATIONS, role_of
from sqlalchemy import bindparam, delete, insert, select, update

from jackfield_marketplace.catalog import signed_list
from jackfield_marketplace.db import Content, Database, Direct, Prepared, RevocationList, SignedTarget

_WAITING = Prepared(select(RevocationList.id).where(RevocationList.unsigned.is_(True)).limit(1))
_DONE = Prepared(update(RevocationList).values(unsigned=False))
_TARGET = Prepared(select(SignedTarget.sha256).where(SignedTarget.path == bindparam("path")))
_DROP_TARGET = Prepared(delete(SignedTarget).where(SignedTarget.path == bindparam("path")))
_ADD_TARGET = Prepared(insert(SignedTarget))
_KNOWN = Prepared(select(Content.sha256).where(Content.sha256 == bindparam("sha256")))
_DATA = Prepared(select(Content.data).where(Content.sha256 == bindparam("sha256")))
_ADD = Prepared(insert(Content))
_DROP = Prepared(delete(Content).where(Content.sha256 == bindparam("sha256")))


def list_waits(direct: Direct) -> bool:
    """Whether what is revoked changed since it was signed."""
    return direct.row(_WAITING) is not None


def list_waits_in(database: Database) -> bool:
    """As `list_waits`, outside of any transaction."""
    return database.look_up(_WAITING) is not None


def note_list(direct: Direct) -> set[str]:
    """Bring the target to what is revoked now; returns the role in which it changed, in a set, empty where none did."""
    document = signed_list(direct).to_bytes()
    sha256 = hashlib.sha256(document).hexdigest()
    before = direct.value(_TARGET, path=REVOCATIONS)
    direct.run(_DONE)
    if before == sha256:
        return set()
    if direct.row(_KNOWN, sha256=sha256) is None:
        direct.run(_ADD, sha256=sha256, data=document)
    if before is not None:
        direct.run(_DROP_TARGET, path=REVOCATIONS)
        direct.run(_DROP, sha256=before)
    role = role_of(REVOCATIONS)
    direct.run(_ADD_TARGET, path=REVOCATIONS, role=role, project_id=None, sha256=sha256, length=len(document))
    return {role}


def served_list(database: Database, sha256: str | None = None) -> bytes | None:
    """The list as it was signed last; None where there is none, or another one than is asked for.

    Args:
        database: as of its last commit.
        sha256: of the list that is meant; None for whichever is the last.
    """
    found = database.look_up(_TARGET, path=REVOCATIONS)
    if found is None or sha256 not in (None, found[0]):
        return None
    data = database.look_up(_DATA, sha256=found[0])
    return None if data is None else bytes(data[0])
