"""What the index and the plugin API read from the catalogue. Quarantined files appear in none of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from jackfield.errors import IdentityError
from jackfield.manifest import SEVERITIES, Manifest, Revocation, Severity, canonical_id, read_manifest
from packaging.version import Version
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from jackfield_marketplace.catalog.changelog import ChangelogEntry, changes_since, parse_changelog
from jackfield_marketplace.catalog.revoked import appeal_address, revocations_of, revocations_of_files
from jackfield_marketplace.catalog.stages import Staged, canonical_version, staged_versions
from jackfield_marketplace.db import Direct, File, Plugin, PluginCategory, Project, Release


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
    """A published file by its name and hash, or None; what does harm is given to nobody any more."""
    row = session.execute(
        select(File, Release.project_id, Release.version)
        .join(Release)
        .join(Project, Release.project_id == Project.id)
        .where(
            File.filename == filename,
            File.sha256 == sha256,
            File.state == "published",
            or_(File.revoked.is_(None), File.revoked != SEVERITIES[0]),
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
    """One published version of a plugin; `revoked` is how bad it is, `staged` what its publisher said of it."""

    version: str
    published_at: datetime
    yanked_reason: str | None
    revoked: Severity | None
    size: int
    filename: str
    sha256: str
    staged: Staged | None = None

    @property
    def standing(self) -> str:
        """What is to be said of it in a word or two; empty for a version like any other."""
        if self.revoked is not None:
            return "revoked"
        if self.yanked_reason is not None:
            return "withdrawn"
        if self.staged is None:
            return ""
        if self.staged.halted is not None:
            return "halted"
        if self.staged.percent < 100:
            return f"for {self.staged.percent} %"
        return "security fix" if self.staged.security is not None and self.staged.confirmed else ""


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
    staged = staged_versions(Direct.beside(session), plugin.project_id)
    versions = [details for release in releases if (details := _version(release, staged)) is not None]
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


def _version(release: Release, staged: Mapping[str, Staged]) -> VersionDetails | None:
    wheels = [file for file in release.files if file.kind == "wheel" and file.state == "published"]
    if not wheels or release.manifest_toml is None:
        return None
    first = min(wheels, key=lambda file: file.id)
    return VersionDetails(
        release.version,
        first.uploaded_at,
        first.revoked_reason or first.yanked_reason,
        next((one for one in SEVERITIES if one == first.revoked), None),
        first.size,
        first.filename,
        first.sha256,
        staged.get(canonical_version(release.version)) if staged else None,
    )


@dataclass(frozen=True, slots=True)
class RevokedOf:
    """What of a plugin was revoked, whichever versions, and where who disagrees turns to."""

    revocations: tuple[Revocation, ...]
    appeal: str


def revoked_of(session: Session, details: PluginDetails) -> RevokedOf:
    """What of a plugin was revoked, by its name or by one of its files."""
    direct = Direct.beside(session)
    by_name = revocations_of(direct, details.plugin.distribution, details.plugin.canonical_id)
    hashes = {version.sha256 for version in details.versions if version.revoked is not None}
    by_file = revocations_of_files(direct, hashes)
    found = {one.number: one for one in (*by_name, *by_file)}
    return RevokedOf(tuple(found[number] for number in sorted(found)), appeal_address(direct))


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
