"""The page of a project: what the index says of it, and its document (PEP 691), whose very bytes are signed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from packaging.version import Version
from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.orm import Session

from jackfield_marketplace.catalog.stages import Staged, canonical_version, staged_versions
from jackfield_marketplace.db import Direct, File, Prepared, Project, Release

API_VERSION = "1.4"  # PEP 792
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)

_PROJECT = (Project.id, Project.name, Project.plugin_id, Project.serial, Project.status, Project.status_reason)
_BY_NAME = Prepared(select(*_PROJECT).where(Project.name == bindparam("name")))
_BY_ID = Prepared(select(*_PROJECT).where(Project.id == bindparam("project")))
_FILES = Prepared(
    select(
        Release.version,
        File.state,
        File.filename,
        File.sha256,
        File.size,
        File.requires_python,
        File.metadata_sha256,
        File.manifest_sha256,
        File.attestation_sha256,
        func.coalesce(File.revoked_reason, File.yanked_reason),  # what is revoked nobody is given without asking
        File.uploaded_at,
    )
    .join(Release, File.release_id == Release.id)
    .where(Release.project_id == bindparam("project"))
    .order_by(File.id)
)


@dataclass(frozen=True, slots=True)
class SimpleFile:
    """One file of a project page (PEP 503, 691, 658, 592, 700); `staged` where its version is."""

    filename: str
    sha256: str
    size: int
    requires_python: str
    metadata_sha256: str | None
    manifest_sha256: str | None
    attestation_sha256: str | None
    yanked_reason: str | None
    uploaded_at: datetime
    staged: Staged | None = None


@dataclass(frozen=True, slots=True)
class SimpleProject:
    """One project page; `status` and `status_reason` are PEP 792's."""

    name: str
    plugin_id: str | None
    serial: int
    status: str
    status_reason: str
    versions: tuple[str, ...]
    files: tuple[SimpleFile, ...]


def project_names(session: Session) -> list[str]:
    """The canonical name of every project that has a published file, sorted."""
    published = select(File.id).join(Release).where(Release.project_id == Project.id, File.state == "published")
    shown = select(Project.name).where(Project.status != "quarantined", exists(published)).order_by(Project.name)
    return list(session.scalars(shown))


def simple_project(session: Session, name: str) -> SimpleProject | None:
    """The page of the project of this canonical name, or None where the index has nothing to say of it."""
    direct = Direct.beside(session)
    return _page(direct, direct.row(_BY_NAME, name=name))


def project_page(direct: Direct, project_id: int) -> SimpleProject | None:
    """The page of a project by its number, as `simple_project` gives it, within a transaction.

    Args:
        direct: the transaction.
        project_id: of the project.
    """
    return _page(direct, direct.row(_BY_ID, project=project_id))


def project_document(project: SimpleProject) -> bytes:
    """The PEP 691 document of a project: the same page always gives the same bytes."""
    status = {"status": project.status} | ({"reason": project.status_reason} if project.status_reason else {})
    return encode_document(
        {
            "meta": {"api-version": API_VERSION},
            "name": project.name,
            "project-status": status,
            "versions": list(project.versions),
            "files": [_file(project, file) for file in project.files],
        }
    )


def file_path(file: SimpleFile) -> str:
    """The address of a file relative to its project's page, so that a mirror or a proxy needs to rewrite nothing."""
    return f"../../files/{file.sha256}/{file.filename}"


def encode_document(document: dict[str, Any]) -> bytes:
    """JSON as the index writes it."""
    return _ENCODER.encode(document).encode()


def _page(direct: Direct, found: tuple[Any, ...] | None) -> SimpleProject | None:
    if found is None:
        return None
    project_id, name, plugin_id, serial, status, reason = found
    rows = list(direct.rows(_FILES, project=project_id))
    shown = [] if status == "quarantined" else [row for row in rows if row[1] == "published"]
    versions = sorted({row[0] for row in shown}, key=Version)
    # With nothing but files that a person has yet to look at, the project as a whole is what PEP 792 calls so.
    status = status if shown or not rows else "quarantined"
    staged = staged_versions(direct, project_id)
    files = tuple(_files(shown, versions, staged))
    return SimpleProject(name, plugin_id, serial, status, reason, tuple(versions), files)


def _files(rows: Iterable[tuple[Any, ...]], versions: list[str], staged: Mapping[str, Staged]) -> Iterable[SimpleFile]:
    place = {version: number for number, version in enumerate(versions)}
    # Nearly every project has nothing staged; to bring each version into canonical form would cost more than the rest.
    of = {version: staged.get(canonical_version(version)) for version in versions} if staged else {}
    ordered = sorted(rows, key=lambda row: (place[row[0]], row[2]))
    return (SimpleFile(*(*row[2:], of.get(row[0]))) for row in ordered)


def _file(project: SimpleProject, file: SimpleFile) -> dict[str, Any]:
    metadata: dict[str, str] | bool = {"sha256": file.metadata_sha256} if file.metadata_sha256 else False
    entry: dict[str, Any] = {
        "filename": file.filename,
        "url": file_path(file),
        "hashes": {"sha256": file.sha256},
        "size": file.size,
        "upload-time": f"{file.uploaded_at.replace(tzinfo=None).isoformat(timespec='microseconds')}Z",
        "yanked": False if file.yanked_reason is None else (file.yanked_reason or True),
        "core-metadata": metadata,  # alone: pip 23.0 falls over "dist-info-metadata", its older name (PEP 714)
    }
    if file.requires_python:
        entry["requires-python"] = file.requires_python
    if file.manifest_sha256:
        entry["_jackfield"] = {"plugin_toml": {"sha256": file.manifest_sha256}, "id": project.plugin_id}
        if file.attestation_sha256:
            entry["_jackfield"]["attestation"] = {"sha256": file.attestation_sha256}
        if file.staged is not None:
            entry["_jackfield"] |= file.staged.to_mapping()
    return entry
