"""Many look-ups in one statement each, for an installer that has to know a whole set of packages."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from jackfield.errors import IdentityError
from jackfield.manifest import canonical_id
from sqlalchemy import select
from sqlalchemy.orm import Session

from jackfield_marketplace.db import File, Plugin, Project, Release


def texts_served(session: Session, sha256s: Collection[str]) -> dict[tuple[str, str], tuple[str | None, str | None]]:
    """The blobs of METADATA and plugin.toml of published files.

    Args:
        session: one snapshot.
        sha256s: of the files.

    Returns:
        (file name, sha256) -> (sha256 of METADATA, sha256 of plugin.toml), each None where there is none.
    """
    rows = session.execute(
        select(File.filename, File.sha256, File.metadata_sha256, File.manifest_sha256)
        .join(Release)
        .join(Project)
        .where(File.sha256.in_(sha256s), File.state == "published", Project.status != "quarantined")
    )
    return {(filename, sha256): (metadata, manifest) for filename, sha256, metadata, manifest in rows}


def latest_versions(session: Session, plugin_ids: Iterable[str]) -> dict[str, tuple[str, str, str]]:
    """The latest version of plugins, by the ids as they were given; without those that nobody published.

    Returns:
        id as given -> (id, version, distribution).
    """
    canonical: dict[str, list[str]] = {}
    for given in plugin_ids:
        try:
            canonical.setdefault(canonical_id(given), []).append(given)
        except IdentityError:
            continue
    rows = session.execute(
        select(Plugin.canonical_id, Plugin.plugin_id, Plugin.version, Plugin.distribution).where(
            Plugin.canonical_id.in_(canonical)
        )
    )
    return {given: (row[1], row[2], row[3]) for row in rows for given in canonical[row[0]]}
