"""What is revoked: the list that is signed, what pages show of it, and uploads that it keeps out.

Nothing comes back by another spelling, under another name, or with a file more: names are held against revoked ones by
what is left of them when look-alike characters are made one, files by their bytes, and wheels by the code in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from jackfield.manifest import SEVERITIES, Revocation, means
from jackfield.manifest import RevocationList as SignedList
from sqlalchemy import bindparam, or_, select

from jackfield_marketplace.catalog.lookalikes import skeleton
from jackfield_marketplace.catalog.upload import Refusal, Upload
from jackfield_marketplace.db import Direct, File, Prepared, Project, Release, RevocationList, Revoked, RevokedPart

COLUMNS = (
    "id",
    "plugin_id",
    "distribution",
    "versions",
    "files",
    "contents",
    "reason",
    "severity",
    "advice",
    "created_at",
)
"""Those of a revocation that others are told."""

_COLUMNS = tuple(getattr(Revoked, name) for name in COLUMNS)
_ALL = Prepared(select(*_COLUMNS).where(Revoked.lifted_at.is_(None)).order_by(Revoked.id))
_OF_NAME = Prepared(
    select(*_COLUMNS)
    .where(
        Revoked.lifted_at.is_(None),
        or_(Revoked.distribution == bindparam("name"), Revoked.plugin_id == bindparam("plugin_id")),
    )
    .order_by(Revoked.id)
)
_ALIKE = Prepared(
    select(*_COLUMNS)
    .where(
        Revoked.lifted_at.is_(None),
        or_(Revoked.skeleton == bindparam("skeleton"), Revoked.id_skeleton == bindparam("id_skeleton")),
    )
    .order_by(Revoked.id)
)
_ANY = Prepared(select(Revoked.id).where(Revoked.lifted_at.is_(None)).limit(1))
_WITH_PART = Prepared(
    select(RevokedPart.revocation_id, RevokedPart.wheel, RevokedPart.of)
    .join(Revoked, Revoked.id == RevokedPart.revocation_id)
    .where(RevokedPart.part == bindparam("part"), Revoked.lifted_at.is_(None))
)
_BY_NUMBER = Prepared(select(*_COLUMNS).where(Revoked.id == bindparam("number")))
_HOLDER = Prepared(
    select(Project.name)
    .join(Release, Release.project_id == Project.id)
    .join(File, File.release_id == Release.id)
    .where(File.sha256 == bindparam("sha256"))
    .limit(1)
)
_APPEAL = Prepared(select(RevocationList.appeal).limit(1))


def appeal_address(direct: Direct) -> str:
    """Where who disagrees with a revocation turns to; empty where the operator names nothing."""
    return str(direct.value(_APPEAL) or "")


def signed_list(direct: Direct) -> SignedList:
    """All that is revoked now, as clients are told."""
    return SignedList(tuple(_read(direct.rows(_ALL))), appeal_address(direct))


def revocations_of(direct: Direct, name: str, plugin_id: str | None) -> tuple[Revocation, ...]:
    """What is revoked of a project by its name, whichever versions; both in canonical form."""
    return tuple(_read(direct.rows(_OF_NAME, name=name, plugin_id=plugin_id)))


def revocations_of_files(direct: Direct, hashes: Iterable[str]) -> tuple[Revocation, ...]:
    """What is revoked of some files, by their sha256."""
    numbers = {found[0] for sha256 in hashes for found in direct.rows(_WITH_PART, part=sha256)}
    return tuple(_one(direct, number) for number in sorted(numbers))


def refuse_revoked(direct: Direct, upload: Upload, name: str, *, is_new: bool) -> None:
    """Keep out what was revoked, however it comes back.

    Args:
        direct: a transaction.
        upload: the file.
        name: its distribution's canonical name.
        is_new: whether nobody has registered that name.

    Raises:
        Refusal: 403, with one of the codes `revoked-file`, `revoked-version`, `revoked-name`, `revoked-contents`.
    """
    if _ANY not in direct.kept:
        direct.kept[_ANY] = direct.row(_ANY) is not None
    if not direct.kept[_ANY]:
        return
    plugin_id = None if upload.manifest is None else upload.manifest.canonical_id
    number = next((found[0] for found in direct.rows(_WITH_PART, part=upload.sha256)), None)
    if number is not None:
        raise _refusal(
            direct, "revoked-file", f"the bytes of {upload.filename} were revoked here", _one(direct, number)
        )
    for one in revocations_of(direct, name, plugin_id):
        if means(one.versions, upload.version):
            raise _refusal(direct, "revoked-version", f"{name} {upload.version} was revoked here", one)
    if is_new:
        id_skeleton = None if plugin_id is None else skeleton(plugin_id)
        for one in _read(direct.rows(_ALIKE, skeleton=skeleton(name), id_skeleton=id_skeleton)):
            other = one.plugin or one.distribution
            raise _refusal(
                direct, "revoked-name", f"{plugin_id or name} looks like {other}, which was revoked here", one
            )
    _refuse_contents(direct, upload, name)


def _refuse_contents(direct: Direct, upload: Upload, name: str) -> None:
    """Keep out a wheel that holds all the code of a revoked one of another name, whatever it holds besides."""
    held: Counter[tuple[int, str]] = Counter()
    of: dict[tuple[int, str], int] = {}
    for part in upload.parts:
        for number, wheel, parts in direct.rows(_WITH_PART, part=part):
            held[number, wheel] += 1
            of[number, wheel] = parts
    for (number, wheel), count in sorted(held.items()):
        one = _one(direct, number)
        # A mended version of the same project holds what was never wrong with it, too.
        if count == of[number, wheel] and one.stops and direct.value(_HOLDER, sha256=wheel) != name:
            said = f"{upload.filename} holds all the code of a file that was revoked here"
            raise _refusal(direct, "revoked-contents", said, one)


def _refusal(direct: Direct, code: str, said: str, one: Revocation) -> Refusal:
    appeal = appeal_address(direct)
    told = f"{said} ({one.severity}): {one.reason.rstrip('.')}" + (f". Appeals: {appeal}" if appeal else "")
    return Refusal(403, told, code=code)


def _one(direct: Direct, number: int) -> Revocation:
    return next(iter(_read(direct.rows(_BY_NUMBER, number=number))))


def _read(rows: Iterable[tuple[Any, ...]]) -> Iterable[Revocation]:
    return (revocation(dict(zip(COLUMNS, row, strict=True))) for row in rows)


def revocation(row: Mapping[str, Any]) -> Revocation:
    """A row as the list tells it.

    Args:
        row: the columns that `COLUMNS` names.
    """
    return Revocation(
        number=row["id"],
        plugin=row["plugin_id"] or "",
        distribution=row["distribution"] or "",
        versions=row["versions"],
        files=frozenset(row["files"]),
        contents=frozenset(row["contents"]),
        reason=row["reason"],
        severity=next(one for one in SEVERITIES if one == row["severity"]),
        advice=row["advice"],
        revoked=f"{row['created_at']:%Y-%m-%dT%H:%M:%SZ}",
    )
