"""Takes one inspected upload into the catalogue: whose name it is, what it may not change, what is seen of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from jackfield.errors import JackfieldError
from jackfield.manifest import canonical_id, read_manifest
from packaging.utils import canonicalize_name
from sqlalchemy import select
from sqlalchemy.orm import Session

from jackfield_marketplace.accounts import Identity
from jackfield_marketplace.catalog.lookalikes import lookalike, skeleton
from jackfield_marketplace.catalog.manage import find_release, refresh_plugin
from jackfield_marketplace.catalog.mirrors import disagreement
from jackfield_marketplace.db import File, Project, Release

Outcome = Literal["published", "identical", "quarantined"]
CLOSED = frozenset({"archived", "quarantined"})
"""States of a project in which it takes no uploads (PEP 792)."""


class Refusal(JackfieldError):
    """An upload that is not taken.

    Args:
        status: the HTTP status that says which kind: 400 wrong, 403 not yours, 409 taken, 413 too large, 429 too often.
        message: one sentence for the uploader.
        retry_after_seconds: when to come again, for 429.
    """

    def __init__(self, status: int, message: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(" · ".join(line.strip() for line in message.splitlines() if line.strip()))
        self.status = status
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as its inspection describes it; the caller stores the blobs behind its hashes before it commits.

    Args:
        filename: as it will be served.
        kind: what it is.
        sha256: of the file.
        size: in bytes.
        distribution: the name, as its author spells it.
        version: PEP 440, normalised.
        plugin_id: for a wheel that holds a plugin.
        app: the app that the plugin is for.
        findings: what the inspection noted, as plain values.
        quarantine: whether a rule asks for a person to look first.
    """

    filename: str
    kind: Literal["wheel", "sdist"]
    sha256: str
    size: int
    distribution: str
    version: str
    summary: str = ""
    readme: str = ""
    readme_type: str = "text/plain"
    requires_python: str = ""
    requires_dist: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    links: dict[str, str] | None = None
    plugin_id: str | None = None
    app: str = ""
    manifest_toml: str | None = None
    changelog: str = ""
    metadata_sha256: str | None = None
    manifest_sha256: str | None = None
    findings: tuple[dict[str, Any], ...] = ()
    quarantine: bool = False


def publish(session: Session, upload: Upload, uploader: Identity) -> tuple[Outcome, list[dict[str, Any]]]:
    """Take an upload in, or say why not; nothing is changed where it raises.

    The first uploader owns the name. A file name is taken once and for all: the same bytes again are welcome,
    other bytes never are.

    Args:
        session: one that writes; writers take turns, so what is read here still holds at commit.
        upload: the file.
        uploader: who sends it.

    Returns:
        what became of it, and the findings that are kept with it.

    Raises:
        Refusal: 403 if the name is another's, outside the token's scope or closed, 409 if the file or the plugin id is
            taken.
    """
    name = canonicalize_name(upload.distribution)
    project = session.scalar(select(Project).where(Project.name == name))
    if uploader.project is not None and uploader.project != name:
        raise Refusal(403, f"this token is for {uploader.project} alone; it cannot upload {name}")
    if project is not None and project.owner_id != uploader.user_id:
        raise Refusal(403, f"{name} belongs to {project.owner.name}; {uploader.name} cannot upload to it")
    if project is not None and project.status in CLOSED:
        raise Refusal(403, f"{name} is {project.status} and takes no uploads")
    existing = session.scalar(select(File).where(File.filename == upload.filename))
    if existing is not None:
        if existing.sha256 == upload.sha256:
            return "identical", []
        raise Refusal(409, f"{upload.filename} exists with other bytes; a file is never replaced: raise the version")
    _check_plugin(session, upload, project, name)
    findings, quarantine = list(upload.findings), upload.quarantine
    if project is None:
        other = lookalike(session, name, None if upload.plugin_id is None else canonical_id(upload.plugin_id))
        if other is not None:
            message = f"{name} looks like {other}"
            findings.insert(0, {"code": "confusable-with", "severity": "quarantine", "message": message, "path": ""})
            quarantine = True
        project = Project(
            name=name,
            display_name=upload.distribution,
            owner_id=uploader.user_id,
            skeleton=skeleton(name),
            serial=0,
        )
        session.add(project)
        session.flush()
    if upload.plugin_id is not None:
        project.plugin_id = canonical_id(upload.plugin_id)
        project.id_skeleton = skeleton(project.plugin_id)
    release = _release(session, project, upload)
    session.add(
        File(
            release_id=release.id,
            filename=upload.filename,
            kind=upload.kind,
            sha256=upload.sha256,
            size=upload.size,
            requires_python=upload.requires_python,
            metadata_sha256=upload.metadata_sha256,
            manifest_sha256=upload.manifest_sha256,
            uploader_id=uploader.user_id,
            state="quarantined" if quarantine else "published",
            findings=findings,
        )
    )
    project.serial += 1
    session.flush()
    refresh_plugin(session, project)
    return ("quarantined" if quarantine else "published"), findings


def _check_plugin(session: Session, upload: Upload, project: Project | None, name: str) -> None:
    """Ids and distributions are one to one, and what a plugin requires is said once or twice the same."""
    owned_id = project.plugin_id if project is not None else None
    if upload.plugin_id is None:
        if owned_id is not None and upload.kind == "wheel":
            raise Refusal(400, f"{name} publishes the plugin {owned_id}; this wheel has no entry point for it")
        return
    wanted = canonical_id(upload.plugin_id)
    if owned_id is not None and owned_id != wanted:
        raise Refusal(409, f"{name} publishes the plugin {owned_id} and cannot publish {wanted} too")
    holder = session.scalar(select(Project).where(Project.plugin_id == wanted, Project.name != name))
    if holder is not None:
        raise Refusal(403, f"the plugin id {wanted} belongs to {holder.name} of {holder.owner.name}")
    manifest = read_manifest(upload.manifest_toml or "", source="plugin.toml")
    problem = disagreement(session, manifest, upload.requires_dist)
    if problem is not None:
        raise Refusal(400, problem)


def _release(session: Session, project: Project, upload: Upload) -> Release:
    """The release that the file belongs to, made or filled in."""
    release = find_release(session, project, upload.version)
    if release is None:
        release = Release(project_id=project.id, version=upload.version)
        session.add(release)
    elif upload.kind == "sdist":
        return release
    elif session.scalar(select(File.id).where(File.release_id == release.id, File.kind == "wheel").limit(1)):
        if release.manifest_toml != upload.manifest_toml:
            # What a user consents to must not depend on the platform of the wheel.
            raise Refusal(409, f"{project.name} {upload.version} has a wheel with another plugin.toml")
        return release
    release.summary = upload.summary
    release.readme = upload.readme
    release.readme_type = upload.readme_type
    release.requires_python = upload.requires_python
    release.requires_dist = list(upload.requires_dist)
    release.keywords = list(upload.keywords)
    release.links = dict(upload.links or {})
    release.manifest_toml = upload.manifest_toml
    release.changelog = upload.changelog
    release.app = upload.app
    session.flush()
    return release
