"""Takes one inspected upload into the catalogue: whose name it is, what it may not change, what is seen of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from packaging.utils import canonicalize_name
from sqlalchemy import bindparam, insert, select, update

from jackfield_marketplace.accounts import Identity
from jackfield_marketplace.catalog.lookalikes import skeleton
from jackfield_marketplace.catalog.mirrors import disagreement
from jackfield_marketplace.catalog.newcomers import deceptive_name, is_newcomer, refuse_name_of_upstream
from jackfield_marketplace.catalog.releases import release_for
from jackfield_marketplace.catalog.revoked import refuse_revoked
from jackfield_marketplace.catalog.shown import ToldRelease, refresh_plugin, show_first
from jackfield_marketplace.catalog.stages import confirm_again
from jackfield_marketplace.catalog.upload import Refusal, Upload
from jackfield_marketplace.db import Direct, File, Prepared, Project, User

Outcome = Literal["published", "identical", "quarantined"]
CLOSED = frozenset({"archived", "quarantined"})
"""States of a project in which it takes no uploads (PEP 792)."""

_PROJECT = Prepared(
    select(Project.id, Project.owner_id, User.name, Project.status, Project.plugin_id)
    .join(User, Project.owner_id == User.id)
    .where(Project.name == bindparam("name"))
)
_FILE = Prepared(select(File.sha256).where(File.filename == bindparam("filename")))
_HOLDER = Prepared(
    select(Project.name, User.name)
    .join(User, Project.owner_id == User.id)
    .where(Project.plugin_id == bindparam("plugin_id"), Project.name != bindparam("name"))
)
_INSERT_PROJECT = Prepared(
    insert(Project)
    .values(
        {name: bindparam(name) for name in ("name", "display_name", "owner_id", "plugin_id", "skeleton", "id_skeleton")}
    )
    .returning(Project.id)
)
_NEXT_SERIAL = Prepared(update(Project).where(Project.id == bindparam("project")).values(serial=Project.serial + 1))
_NAME_PLUGIN = Prepared(
    update(Project)
    .where(Project.id == bindparam("project"))
    .values(plugin_id=bindparam("plugin_id"), id_skeleton=bindparam("id_skeleton"))
)
_INSERT_FILE = Prepared(
    insert(File).values(
        {
            name: bindparam(name)
            for name in (
                "release_id",
                "filename",
                "kind",
                "sha256",
                "size",
                "requires_python",
                "metadata_sha256",
                "manifest_sha256",
                "attestation_sha256",
                "uploader_id",
                "state",
                "findings",
            )
        }
    )
)


@dataclass(frozen=True, slots=True)
class _Known:
    """A project that is there."""

    id: int
    owner_id: int
    owner: str
    status: str
    plugin_id: str | None


def publish(
    direct: Direct, upload: Upload, uploader: Identity, *, upstream: bool = False
) -> tuple[Outcome, list[dict[str, Any]]]:
    """Take an upload in, or say why not; nothing is changed where it raises.

    The first uploader owns the name. A file name is taken once and for all: the same bytes again are welcome,
    other bytes never are.

    Args:
        direct: a transaction that writes; writers take turns, so what is read here still holds at commit.
        upload: the file.
        uploader: who sends it.
        upstream: whether names that are not here are looked for elsewhere.

    Returns:
        what became of it, and the findings that are kept with it.

    Raises:
        Refusal: 403 if the name is another's, outside the token's scope or closed, may be the upstream's, or was
            revoked, 409 if the file or the plugin id is taken.
    """
    name = canonicalize_name(upload.distribution)
    found = direct.row(_PROJECT, name=name)
    project = None if found is None else _Known(*found)
    if uploader.project is not None and uploader.project != name:
        raise Refusal(403, f"this token is for {uploader.project} alone; it cannot upload {name}")
    if project is not None and project.owner_id != uploader.user_id:
        raise Refusal(403, f"{name} belongs to {project.owner}; {uploader.name} cannot upload to it")
    if project is not None and project.status in CLOSED:
        raise Refusal(403, f"{name} is {project.status} and takes no uploads")
    plugin_id = None if upload.manifest is None else upload.manifest.canonical_id
    refuse_revoked(direct, upload, name, is_new=_is_new(project, plugin_id))
    existing = direct.value(_FILE, filename=upload.filename)
    if existing is not None:
        if existing == upload.sha256:
            return "identical", []
        raise Refusal(409, f"{upload.filename} exists with other bytes; a file is never replaced: raise the version")
    _check_plugin(direct, upload, project, name)
    if project is None and upstream:
        refuse_name_of_upstream(upload, name)
    deceptive = _deceptive(direct, name, plugin_id, project)
    findings, quarantine = [*deceptive, *upload.findings], upload.quarantine or bool(deceptive)
    if project is None:
        project_id = direct.value(
            _INSERT_PROJECT,
            name=name,
            display_name=upload.distribution,
            owner_id=uploader.user_id,
            plugin_id=plugin_id,
            skeleton=skeleton(name),
            id_skeleton=None if plugin_id is None else skeleton(plugin_id),
        )
    else:
        project_id = project.id
        direct.run(_NEXT_SERIAL, project=project_id)
        if plugin_id is not None and project.plugin_id is None:
            direct.run(_NAME_PLUGIN, project=project_id, plugin_id=plugin_id, id_skeleton=skeleton(plugin_id))
    release_id, is_told = release_for(direct, project_id, name, upload, is_new=project is None)
    direct.run(
        _INSERT_FILE,
        release_id=release_id,
        filename=upload.filename,
        kind=upload.kind,
        sha256=upload.sha256,
        size=upload.size,
        requires_python=upload.requires_python,
        metadata_sha256=upload.metadata_sha256,
        manifest_sha256=upload.manifest_sha256,
        attestation_sha256=upload.attestation_sha256,
        uploader_id=uploader.user_id,
        state="quarantined" if quarantine else "published",
        findings=findings,
    )
    if project is not None and upload.kind == "wheel":
        confirm_again(direct, project_id, upload.version)
    told = _told(upload, release_id) if is_told else None
    if project is not None:
        refresh_plugin(direct, project_id, told=told)
    elif told is not None and not quarantine:
        show_first(direct, project_id, name, uploader.name, told)
    return ("quarantined" if quarantine else "published"), findings


def _told(upload: Upload, release_id: int) -> ToldRelease | None:
    """What a new release says of a plugin; None for a library."""
    if upload.manifest is None:
        return None
    return ToldRelease(release_id, upload.version, upload.summary, upload.keywords, upload.app, upload.manifest)


def _is_new(project: _Known | None, plugin_id: str | None) -> bool:
    """Whether nobody has registered the name, or the id that comes to it."""
    return project is None or (plugin_id is not None and project.plugin_id is None)


def _deceptive(direct: Direct, name: str, plugin_id: str | None, project: _Known | None) -> list[dict[str, Any]]:
    """The finding for which a file is held, because of its names; none once a person has looked at them."""
    if not _is_new(project, plugin_id) and not is_newcomer(direct, project.id if project is not None else None):
        return []
    found = deceptive_name(direct, name, plugin_id if project is None else plugin_id or project.plugin_id)
    return [found] if found is not None else []


def _check_plugin(direct: Direct, upload: Upload, project: _Known | None, name: str) -> None:
    """Ids and distributions are one to one, and what a plugin requires is said once or twice the same."""
    owned_id = project.plugin_id if project is not None else None
    if upload.manifest is None:
        if owned_id is not None and upload.kind == "wheel":
            raise Refusal(400, f"{name} publishes the plugin {owned_id}; this wheel has no entry point for it")
        return
    wanted = upload.manifest.canonical_id
    if owned_id is not None and owned_id != wanted:
        raise Refusal(409, f"{name} publishes the plugin {owned_id} and cannot publish {wanted} too")
    holder = direct.row(_HOLDER, plugin_id=wanted, name=name)
    if holder is not None:
        raise Refusal(403, f"the plugin id {wanted} belongs to {holder[0]} of {holder[1]}")
    problem = disagreement(direct, upload.manifest, upload.requires_dist)
    if problem is not None:
        raise Refusal(400, problem)
