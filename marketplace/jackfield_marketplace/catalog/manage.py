"""Changes to what is published: yanking, featuring, how a project stands."""

from __future__ import annotations

import re
from typing import Literal

from jackfield.errors import UnknownPlugin, UsageError
from packaging.utils import canonicalize_name
from packaging.version import Version
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from jackfield_marketplace.catalog.lookalikes import skeleton
from jackfield_marketplace.catalog.shown import refresh_plugin
from jackfield_marketplace.db import Direct, Plugin, Project, Release, User

Status = Literal["active", "archived", "deprecated", "quarantined"]
STATUSES: tuple[Status, ...] = ("active", "archived", "deprecated", "quarantined")


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


def reserve(session: Session, name: str, owner: User) -> str:
    """Give a name to a user before anything is uploaded to it; returns it in canonical form.

    Beside an upstream this is how a library of one's own gets its name. From then on it comes from here or not at all.

    Raises:
        UsageError: it is no name, or somebody has it.
    """
    wanted = canonicalize_name(name)
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,198}[a-z0-9])?", wanted):
        raise UsageError(f"{name[:100]!r} is no name of a project")
    if (found := session.scalar(select(Project).where(Project.name == wanted))) is not None:
        raise UsageError(f"{wanted} belongs to {found.owner.name}")
    session.add(Project(name=wanted, display_name=name, owner=owner, skeleton=skeleton(wanted)))
    return str(wanted)


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
    except ValueError as exc:  # more digits than Python reads are no InvalidVersion
        raise UsageError(f"{version[:100]} is not a version") from exc
    if release is None:
        raise UsageError(f"{project.name} has no version {version}")
    for file in release.files:
        file.yanked_reason = None if undo else reason
    project.serial += 1
    refresh_plugin(Direct.within(session), project.id)
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
    refresh_plugin(Direct.within(session), project.id)
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
