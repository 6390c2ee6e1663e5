"""What the index and the plugin API read from the catalogue. Quarantined files appear in none of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jackfield.errors import IdentityError
from jackfield.manifest import Manifest, canonical_id, read_manifest
from packaging.version import Version
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from jackfield_marketplace.catalog.changelog import ChangelogEntry, changes_since, parse_changelog
from jackfield_marketplace.db import File, Plugin, PluginCategory, Project, Release


@dataclass(frozen=True, slots=True)
class ServedFile:
    """What a download needs to know: the blob, and whom to count it for."""

    sha256: str
    metadata_sha256: str | None
    manifest_sha256: str | None
    attestation_sha256: str | None
    kind: str
    project_id: int
    version: str


def file_served(session: Session, filename: str, sha256: str) -> ServedFile | None:
    """A published file by its name and hash, or None."""
    row = session.execute(
        select(File, Release.project_id, Release.version)
        .join(Release)
        .join(Project, Release.project_id == Project.id)
        .where(
            File.filename == filename,
            File.sha256 == sha256,
            File.state == "published",
            Project.status != "quarantined",
        )
    ).first()
    if row is None:
        return None
    file, project_id, version = row
    return ServedFile(
        file.sha256,
        file.metadata_sha256,
        file.manifest_sha256,
        file.attestation_sha256,
        file.kind,
        project_id,
        version,
    )


def file_sha256(session: Session, filename: str) -> str | None:
    """The hash of the file of this name, in whatever state, or None."""
    return session.scalar(select(File.sha256).where(File.filename == filename))


@dataclass(frozen=True, slots=True)
class VersionDetails:
    """One published version of a plugin."""

    version: str
    published_at: datetime
    yanked_reason: str | None
    size: int
    filename: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PluginDetails:
    """A plugin, with everything that its page shows of the latest version."""

    plugin: Plugin
    manifest: Manifest
    readme: str
    readme_type: str
    requires_python: str
    requires_dist: tuple[str, ...]
    links: dict[str, str]
    categories: tuple[str, ...]
    versions: tuple[VersionDetails, ...]

    @property
    def latest(self) -> VersionDetails:
        """The version that the page is about."""
        return next(version for version in self.versions if version.version == self.plugin.version)


def plugin_details(session: Session, plugin_id: str) -> PluginDetails | None:
    """A plugin by its id in any spelling, or None."""
    plugin = _plugin(session, plugin_id)
    if plugin is None:
        return None
    releases = session.scalars(
        select(Release).where(Release.project_id == plugin.project_id).options(selectinload(Release.files))
    ).all()
    latest = next(release for release in releases if release.version == plugin.version)
    versions = [details for release in releases if (details := _version(release)) is not None]
    categories = session.scalars(
        select(PluginCategory.category)
        .where(PluginCategory.project_id == plugin.project_id)
        .order_by(PluginCategory.category)
    )
    return PluginDetails(
        plugin=plugin,
        manifest=read_manifest(latest.manifest_toml or "", source=f"plugin.toml of {plugin.plugin_id}"),
        readme=latest.readme,
        readme_type=latest.readme_type,
        requires_python=latest.requires_python,
        requires_dist=tuple(latest.requires_dist),
        links=dict(latest.links),
        categories=tuple(categories),
        versions=tuple(sorted(versions, key=lambda details: Version(details.version), reverse=True)),
    )


def _version(release: Release) -> VersionDetails | None:
    wheels = [file for file in release.files if file.kind == "wheel" and file.state == "published"]
    if not wheels or release.manifest_toml is None:
        return None
    first = min(wheels, key=lambda file: file.id)
    return VersionDetails(
        release.version, first.uploaded_at, first.yanked_reason, first.size, first.filename, first.sha256
    )


def plugin_changelog(session: Session, plugin_id: str, since: str | None) -> tuple[ChangelogEntry, ...] | None:
    """What changed after `since` up to the latest version, newest first; None for an unknown plugin.

    A version without an entry of its own in CHANGELOG.md appears with an empty text, and every version carries the
    day of its upload where the changelog gives none.
    """
    details = plugin_details(session, plugin_id)
    if details is None:
        return None
    text = session.scalar(
        select(Release.changelog).where(
            Release.project_id == details.plugin.project_id, Release.version == details.plugin.version
        )
    )
    days = {version.version: version.published_at.date().isoformat() for version in details.versions}
    entries = {str(Version(entry.version)): entry for entry in parse_changelog(text or "")}
    for version in days:
        entries.setdefault(version, ChangelogEntry(version, ""))
    dated = tuple(
        ChangelogEntry(version, entry.text, entry.date or days.get(version, "")) for version, entry in entries.items()
    )
    return changes_since(dated, since, details.plugin.version)


def _plugin(session: Session, plugin_id: str) -> Plugin | None:
    try:
        wanted = canonical_id(plugin_id)
    except IdentityError:
        return None
    return session.scalar(select(Plugin).where(Plugin.canonical_id == wanted))
