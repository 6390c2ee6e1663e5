"""Changes to what is published: the row that lists show, yanking, featuring."""

from __future__ import annotations

from typing import Literal

from jackfield.errors import UnknownPlugin, UsageError
from jackfield.manifest import canonical_id, read_manifest
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, selectinload

from jackfield_marketplace.catalog.categories import categories_of
from jackfield_marketplace.catalog.facets import facets_of
from jackfield_marketplace.db import Download, File, Plugin, PluginCategory, Project, Release, now

Status = Literal["active", "archived", "deprecated", "quarantined"]
STATUSES: tuple[Status, ...] = ("active", "archived", "deprecated", "quarantined")


def refresh_plugin(session: Session, project: Project) -> None:
    """Bring the row that lists and search show in line with the project's latest release.

    The latest is the highest final version that is published and not yanked; failing that a pre-release, failing
    that a yanked one. A project with nothing published has no row.
    """
    releases = session.scalars(
        select(Release)
        .where(Release.project_id == project.id, Release.manifest_toml.is_not(None))
        .options(selectinload(Release.files))
        .execution_options(populate_existing=True)
    ).all()
    shown = [release for release in releases if any(_is_shown(file) for file in release.files)]
    if project.status == "quarantined":
        shown = []
    plugin = session.get(Plugin, project.id)
    session.execute(delete(PluginCategory).where(PluginCategory.project_id == project.id))
    if not shown:
        if plugin is not None:
            session.delete(plugin)
        session.flush()
        return
    latest = max(shown, key=_precedence)
    manifest = read_manifest(latest.manifest_toml or "", source=f"plugin.toml of {project.name} {latest.version}")
    publisher = project.owner.name
    if plugin is None:
        # Last by popularity: `stats` finds its place with the next downloads that are counted.
        rank = (session.scalar(select(func.max(Plugin.rank))) or 0) + 1
        downloads = session.scalar(select(func.sum(Download.count)).where(Download.project_id == project.id)) or 0
        plugin = Plugin(project_id=project.id, downloads=downloads, rank=rank)
    if plugin.version != latest.version:
        plugin.updated_at = now()
    plugin.plugin_id = manifest.id
    plugin.canonical_id = canonical_id(manifest.id)
    plugin.distribution = project.name
    plugin.name = manifest.name
    plugin.summary = manifest.description or latest.summary
    plugin.keywords = " ".join([*latest.keywords, project.name])
    plugin.publisher = publisher
    plugin.isolation = manifest.isolation
    plugin.app = latest.app
    categories = categories_of(latest.keywords)
    plugin.facets = facets_of(latest.app, categories)
    plugin.version = latest.version
    session.add(plugin)
    session.flush()
    for category in categories:
        session.add(PluginCategory(project_id=project.id, category=category))
    session.flush()


def _is_shown(file: File) -> bool:
    return file.state == "published" and file.kind == "wheel"


def _precedence(release: Release) -> tuple[bool, bool, Version]:
    version = Version(release.version)
    available = any(_is_shown(file) and file.yanked_reason is None for file in release.files)
    return available, not version.is_prerelease, version


def find_project(session: Session, name: str) -> Project:
    """A project by distribution name or plugin id.

    Raises:
        UnknownPlugin: there is none.
    """
    wanted = canonicalize_name(name)
    project = session.scalar(select(Project).where(Project.name == wanted))
    project = project or session.scalar(select(Project).where(Project.plugin_id == wanted))
    if project is None:
        raise UnknownPlugin(f"nothing here is called {name}", plugin=name)
    return project


def find_release(session: Session, project: Project, version: str) -> Release | None:
    """A project's release by its version, in any spelling: 1.0 and 1.0.0 are one release.

    Raises:
        InvalidVersion: it is not PEP 440.
    """
    wanted = Version(version)
    releases = session.scalars(select(Release).where(Release.project_id == project.id))
    return next((release for release in releases if Version(release.version) == wanted), None)


def yank(session: Session, name: str, version: str, reason: str, *, undo: bool = False) -> int:
    """Yank a release (PEP 592): it stays for those who pin it and is no longer chosen for others.

    Args:
        session: one that writes.
        name: the distribution or the plugin's id.
        version: of the release, in any PEP 440 spelling.
        reason: shown to those who see it; may be empty.
        undo: take an earlier yank back.

    Returns:
        the number of files that it concerns.

    Raises:
        UnknownPlugin: no such project.
        UsageError: no such version.
    """
    project = find_project(session, name)
    try:
        release = find_release(session, project, version)
    except InvalidVersion as exc:
        raise UsageError(f"{version} is not a version") from exc
    if release is None:
        raise UsageError(f"{project.name} has no version {version}")
    for file in release.files:
        file.yanked_reason = None if undo else reason
    project.serial += 1
    session.flush()
    refresh_plugin(session, project)
    return len(release.files)


def set_status(session: Session, name: str, status: Status, reason: str = "") -> str:
    """Say how a project stands (PEP 792); returns its name.

    Args:
        session: one that writes.
        name: the distribution or the plugin's id.
        status: `archived` takes no uploads, `quarantined` takes none and shows no files, `deprecated` only says so.
        reason: shown to those who see it; may be empty.

    Raises:
        UnknownPlugin: no such project.
    """
    project = find_project(session, name)
    project.status, project.status_reason = status, reason
    project.serial += 1
    session.flush()
    refresh_plugin(session, project)
    return project.name


def feature(session: Session, name: str, *, remove: bool = False) -> str:
    """Put a plugin last among the featured ones, or take it away; returns its id.

    Raises:
        UnknownPlugin: no published plugin is called so.
    """
    project = find_project(session, name)
    plugin = session.get(Plugin, project.id)
    if plugin is None:
        raise UnknownPlugin(f"{project.name} is not a published plugin", plugin=name)
    if remove:
        plugin.featured_rank = None
    elif plugin.featured_rank is None:
        plugin.featured_rank = (session.scalar(select(func.max(Plugin.featured_rank))) or 0) + 1
    return plugin.plugin_id
