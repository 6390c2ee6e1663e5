"""The operator revokes versions and files, and takes that back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from jackfield.errors import GrammarError, UnknownPlugin, UsageError
from jackfield.inspection import fingerprint
from jackfield.manifest import SEVERITIES, Requirement, Revocation, Severity, canonical_id, means, normalised, one_line
from sqlalchemy import select
from sqlalchemy.orm import Session

from jackfield_marketplace.catalog.codes import Codes
from jackfield_marketplace.catalog.copies import Copies, CopiesFound, Copy, find_copies, told_of
from jackfield_marketplace.catalog.lookalikes import skeleton
from jackfield_marketplace.catalog.manage import find_project
from jackfield_marketplace.catalog.revoked import COLUMNS, revocation
from jackfield_marketplace.catalog.shown import refresh_plugin
from jackfield_marketplace.db import Direct, File, Project, Release, RevocationList, Revoked, RevokedPart, now

EVERY = "*"


@dataclass(frozen=True, slots=True)
class Told:
    """A revocation as the operator reads it: what it says, when it was lifted, and the names of the files here.

    `left` are the copies that it does not mean, of one that was just made.
    """

    revocation: Revocation
    lifted_at: datetime | None
    filenames: tuple[str, ...] = ()
    left: tuple[Copy, ...] = ()


@dataclass(frozen=True, slots=True)
class _Meant:
    """What a revocation is about: the files, the code in them by wheel, and others that hold the very same."""

    project: Project | None
    hashes: frozenset[str]
    files: tuple[File, ...]
    parts: dict[str, frozenset[str]]
    marks: frozenset[str]
    alike: tuple[File, ...]


def read_ahead(
    session: Session,
    codes: Codes,
    name: str | None,
    versions: str = EVERY,
    files: Sequence[str] = (),
    *,
    severity: Severity,
    copies: Copies | None = None,
) -> None:
    """Read what `revoke` will ask of the wheels, before its transaction: with thousands of them that takes a while.

    Args:
        session: one that reads.
        codes: is given to `revoke` afterwards.
        name: as for `revoke`.
        versions: as for `revoke`.
        files: as for `revoke`.
        severity: as for `revoke`.
        copies: as for `revoke`.

    Raises:
        UsageError, JackfieldError: as for `revoke`.
    """
    _meant(session, codes, name, versions, files, by_code=severity != "low" or copies is not None)


def revoke(
    session: Session,
    codes: Codes,
    name: str | None,
    versions: str = EVERY,
    files: Sequence[str] = (),
    *,
    reason: str,
    severity: Severity,
    advice: str = "",
    copies: Copies | None = None,
) -> Told:
    """Revoke versions of a name, files by their hash, or both; files that are here are looked into.

    What stops is known again by its code, too. Where other plugins hold the very same, nothing happens before the
    operator has said what becomes of them: one of them may be the original.

    Args:
        session: one that writes.
        codes: tells what the wheels hold; see `read_ahead`.
        name: a plugin's id or a distribution, also one that is not here; None for the files alone.
        versions: a requirement, `*` for all.
        files: sha256 of wheels.
        reason: a sentence.
        severity: how bad it is.
        advice: what whoever has it should do.
        copies: what becomes of other plugins with the same code. Where they are left, names and hashes count alone,
            and a copy under a new name is not known again.

    Raises:
        UsageError: nothing is named, a hash is none, or the requirement cannot be read.
        CopiesFound: there are such others, and `copies` does not say.
        JackfieldError: a wheel that is meant cannot be read.
    """
    if not one_line(reason):
        raise UsageError("say why, in a sentence that those who have it will read: --reason")
    # Of what runs on, nothing goes by its code.
    found = _meant(session, codes, name, versions, files, by_code=severity != "low" or copies is not None)
    if found.alike and copies is None:
        raise CopiesFound([told_of(file) for file in found.alike])
    project, meant, parts, marks = found.project, list(found.files), found.parts, found.marks
    left = tuple(told_of(file) for file in found.alike) if copies == "left" else ()
    if copies == "left":
        marks, parts = frozenset(), {}
    else:
        meant += found.alike
    plugin_id, distribution = _names(name, project)
    row = Revoked(
        plugin_id=plugin_id,
        distribution=distribution,
        id_skeleton=skeleton(plugin_id) if plugin_id else None,
        skeleton=skeleton(distribution) if distribution else None,
        versions=versions.strip() or EVERY,
        files=sorted(found.hashes | {file.sha256 for file in meant}),
        contents=sorted(marks),
        reason=one_line(reason),
        severity=severity,
        advice=one_line(advice),
    )
    session.add(row)
    session.flush()
    for sha256 in row.files:
        held = parts.get(sha256, frozenset())
        session.add_all(
            RevokedPart(revocation_id=row.id, wheel=sha256, part=part, of=len(held)) for part in {sha256, *held}
        )
    _changed(session, meant)
    return replace(_told(row, meant), left=left)


def unrevoke(session: Session, number: int) -> Told:
    """Take a revocation back; what another one means stays revoked.

    Raises:
        UsageError: no revocation that holds has that number.
    """
    row = session.get(Revoked, number)
    if row is None or row.lifted_at is not None:
        raise UsageError(f"no revocation has the number {number}", hint="see: jackfield-marketplace revocations")
    row.lifted_at = now()
    meant = _files_by(session, row.files)
    _changed(session, meant)
    return _told(row, meant)


def revocations(session: Session, *, lifted: bool = False) -> tuple[Told, ...]:
    """What is revoked, oldest first; with `lifted` also what is not any more."""
    rows = select(Revoked).order_by(Revoked.id)
    if not lifted:
        rows = rows.where(Revoked.lifted_at.is_(None))
    return tuple(_told(row, _files_by(session, row.files)) for row in session.scalars(rows))


def set_appeal(session: Session, address: str) -> str:
    """Say where who disagrees turns to; returns it as it is told, empty for nowhere."""
    one = _list(session)
    one.appeal, one.unsigned = one_line(address), True
    return one.appeal


def _meant(
    session: Session, codes: Codes, name: str | None, versions: str, files: Sequence[str], *, by_code: bool
) -> _Meant:
    if name is None and not files:
        raise UsageError("name a plugin, or a file with --file")
    try:
        Requirement.parse(versions)
    except GrammarError as exc:
        raise UsageError(f"{versions} is no range of versions: {exc}") from exc
    hashes = frozenset(one.lower() for one in files)
    wrong = next((one for one in sorted(hashes) if len(one) != 64 or set(one) - set("0123456789abcdef")), None)
    if wrong is not None:
        raise UsageError(f"{wrong} is no sha256: it has 64 hexadecimal digits")
    project = _project(session, name)
    meant = (*(_files_of(session, project, versions) if project is not None else ()), *_files_by(session, hashes))
    parts = {file.sha256: codes.parts(file) for file in meant if file.kind == "wheel"}
    marks = frozenset(mark for one in parts.values() if (mark := fingerprint(one)))
    alike: tuple[File, ...] = ()
    if by_code:
        alike = find_copies(session, codes, marks, meant, project.id if project is not None else None)
    return _Meant(project, hashes, meant, parts, marks, alike)


def _project(session: Session, name: str | None) -> Project | None:
    if name is None:
        return None
    try:
        return find_project(session, name)
    except UnknownPlugin:
        return None


def _names(name: str | None, project: Project | None) -> tuple[str | None, str | None]:
    """Plugin id and distribution; a name that nobody registered may be either."""
    if project is not None:
        return project.plugin_id, project.name
    return (canonical_id(name), normalised(name)) if name is not None else (None, None)


def _files_of(session: Session, project: Project, versions: str) -> list[File]:
    releases = session.scalars(select(Release).where(Release.project_id == project.id))
    return [file for release in releases if means(versions, release.version) for file in release.files]


def _files_by(session: Session, hashes: Collection[str]) -> list[File]:
    return list(session.scalars(select(File).where(File.sha256.in_(hashes)).order_by(File.id))) if hashes else []


def _changed(session: Session, files: Collection[File]) -> None:
    """Bring what is shown of files in line with what is revoked, and have it all signed."""
    session.flush()
    holding = list(session.scalars(select(Revoked).where(Revoked.lifted_at.is_(None)).order_by(Revoked.id)))
    worst_first: list[str] = list(SEVERITIES)
    for file in files:
        by = [one for one in holding if file.sha256 in one.files]
        worst = min(by, key=lambda one: worst_first.index(one.severity), default=None)
        file.revoked = worst.severity if worst is not None else None
        file.revoked_reason = f"revoked ({worst.severity}): {worst.reason}" if worst is not None else None
    projects = {file.release.project.id: file.release.project for file in files}
    for project in projects.values():
        project.serial += 1
    _list(session).unsigned = True
    for number in projects:
        refresh_plugin(Direct.within(session), number)


def _list(session: Session) -> RevocationList:
    found = session.get(RevocationList, 1)
    if found is None:
        found = RevocationList(id=1)
        session.add(found)
    return found


def _told(row: Revoked, files: Collection[File]) -> Told:
    entry = revocation({name: getattr(row, name) for name in COLUMNS})
    return Told(entry, row.lifted_at, tuple(dict.fromkeys(file.filename for file in files)))
