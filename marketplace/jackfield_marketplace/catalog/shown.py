"""The row that lists and search show of a plugin, made of its latest release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jackfield.manifest import Manifest, canonical_id, read_manifest
from packaging.version import Version
from sqlalchemy import BindParameter, bindparam, delete, func, insert, select, update

from jackfield_marketplace.catalog.categories import categories_of
from jackfield_marketplace.catalog.facets import facets_of
from jackfield_marketplace.db import (
    Direct,
    Download,
    File,
    Plugin,
    PluginCategory,
    Prepared,
    Project,
    Release,
    User,
    now,
)

_PROJECT: BindParameter[int] = bindparam("project")
_WHEELS = Prepared(
    select(Release.id, Release.version, func.coalesce(File.revoked_reason, File.yanked_reason))
    .join(File, File.release_id == Release.id)
    .where(
        Release.project_id == _PROJECT,
        Release.manifest_toml.is_not(None),
        File.state == "published",
        File.kind == "wheel",
    )
)
_RELEASE = Prepared(
    select(Release.version, Release.manifest_toml, Release.summary, Release.keywords, Release.app).where(
        Release.id == bindparam("release")
    )
)
_TEXTS = ("plugin_id", "name", "summary", "keywords", "facets")
_OTHERS = ("canonical_id", "distribution", "publisher", "isolation", "app", "version", "updated_at")
_PROJECT_ROW = Prepared(
    select(
        Project.name,
        Project.status,
        User.name,
        Plugin.version,
        Plugin.updated_at,
        *(getattr(Plugin, name) for name in _TEXTS),
    )
    .join(User, Project.owner_id == User.id)
    .outerjoin(Plugin, Plugin.project_id == Project.id)
    .where(Project.id == _PROJECT)
)
_DOWNLOADS = select(func.coalesce(func.sum(Download.count), 0)).where(Download.project_id == _PROJECT)
# Last by popularity: `stats` finds its place with the next downloads that are counted.
_LAST_RANK = select(func.coalesce(func.max(Plugin.rank), 0) + 1)
_INSERT = Prepared(
    insert(Plugin).values(
        project_id=_PROJECT,
        downloads=_DOWNLOADS.scalar_subquery(),
        rank=_LAST_RANK.scalar_subquery(),
        **{name: bindparam(name) for name in (*_TEXTS, *_OTHERS)},
    )
)
# Apart, because the full-text index is written anew with every statement that names one of its columns.
_UPDATE_TEXTS = Prepared(
    update(Plugin).where(Plugin.project_id == _PROJECT).values({name: bindparam(name) for name in _TEXTS})
)
_UPDATE_OTHERS = Prepared(
    update(Plugin).where(Plugin.project_id == _PROJECT).values({name: bindparam(name) for name in _OTHERS})
)
_DELETE = Prepared(delete(Plugin).where(Plugin.project_id == _PROJECT))
_DELETE_CATEGORIES = Prepared(delete(PluginCategory).where(PluginCategory.project_id == _PROJECT))
_INSERT_CATEGORY = Prepared(insert(PluginCategory))


@dataclass(frozen=True, slots=True)
class ToldRelease:
    """What a release says of itself, as it was written in this transaction, with its manifest read already."""

    id: int
    version: str
    summary: str
    keywords: Sequence[str]
    app: str
    manifest: Manifest


def refresh_plugin(direct: Direct, project_id: int, *, told: ToldRelease | None = None) -> None:
    """Bring the row that lists and search show in line with the project's latest release.

    The latest is the highest final version that is published and not yanked; failing that a pre-release, failing
    that a yanked one. A project with nothing published has no row.

    Args:
        direct: a transaction that writes.
        project_id: of the project.
        told: saves reading the latest release and its manifest where it is this one.
    """
    name, status, publisher, *before = direct.row(_PROJECT_ROW, project=project_id) or ("", "quarantined", "", None)
    is_shown = before[0] is not None
    latest = None if status == "quarantined" else _latest(direct, project_id)
    if is_shown:
        direct.run(_DELETE_CATEGORIES, project=project_id)
    if latest is None:
        if is_shown:
            direct.run(_DELETE, project=project_id)
        return
    release = told if told is not None and told.id == latest else _read(direct, name, latest)
    texts, others, categories = _row(name, publisher, release)
    if is_shown:
        if tuple(before[2:]) != tuple(texts[each] for each in _TEXTS):
            direct.run(_UPDATE_TEXTS, project=project_id, **texts)
        if before[0] == release.version:
            others["updated_at"] = before[1]
        direct.run(_UPDATE_OTHERS, project=project_id, **others)
    else:
        direct.run(_INSERT, project=project_id, **texts, **others)
    for category in categories:
        direct.run(_INSERT_CATEGORY, project_id=project_id, category=category)


def show_first(direct: Direct, project_id: int, name: str, publisher: str, told: ToldRelease) -> None:
    """As `refresh_plugin`, for a project that this transaction has made, with one release that is published.

    Args:
        direct: a transaction that writes.
        project_id: of the project.
        name: of the project, canonical.
        publisher: whose it is.
        told: the release.
    """
    texts, others, categories = _row(name, publisher, told)
    direct.run(_INSERT, project=project_id, **texts, **others)
    for category in categories:
        direct.run(_INSERT_CATEGORY, project_id=project_id, category=category)


def _row(name: str, publisher: str, release: ToldRelease) -> tuple[dict[str, str], dict[str, Any], Sequence[str]]:
    """What is shown: the texts that search looks through, the rest, and the categories."""
    keywords, app, manifest = release.keywords, release.app, release.manifest
    categories = categories_of(keywords)
    texts = {
        "plugin_id": manifest.id,
        "name": manifest.name,
        "summary": manifest.description or release.summary,
        "keywords": " ".join([*keywords, name]),
        "facets": facets_of(app, categories),
    }
    others = {
        "canonical_id": canonical_id(manifest.id),
        "distribution": name,
        "publisher": publisher,
        "isolation": manifest.isolation,
        "app": app,
        "version": release.version,
        "updated_at": now(),
    }
    return texts, others, categories


def _read(direct: Direct, name: str, release_id: int) -> ToldRelease:
    version, text, summary, keywords, app = direct.row(_RELEASE, release=release_id) or ("", "", "", [], "")
    manifest = read_manifest(text, source=f"plugin.toml of {name} {version}")
    return ToldRelease(release_id, version, summary, keywords, app, manifest)


def _latest(direct: Direct, project_id: int) -> int | None:
    """The release that stands for the project."""
    precedence: dict[int, tuple[bool, bool, Version]] = {}
    for release_id, text, yanked_reason in direct.rows(_WHEELS, project=project_id):
        version = Version(text)
        of_file = (yanked_reason is None, not version.is_prerelease, version)
        precedence[release_id] = max(of_file, precedence.get(release_id, of_file))
    return max(precedence, key=lambda each: precedence[each]) if precedence else None
