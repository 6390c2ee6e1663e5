"""The same projects for every index that is measured, and rows of plugins for our own database."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jackfield_marketplace.accounts import add_user
from jackfield_marketplace.app import open_database
from jackfield_marketplace.catalog import rank_plugins
from jackfield_marketplace.db import Content, Database, File, Plugin, PluginCategory, Project, Release
from jackfield_marketplace.settings import Settings
from sqlalchemy import insert
from sqlalchemy.orm import Session

from tests.support.wheels import plugin_source

AT_ONCE = 5000  # rows of one statement


@dataclass(frozen=True, slots=True)
class Entry:
    """One plugin as lists and search know it."""

    plugin_id: str
    name: str
    summary: str
    keywords: str
    downloads: int

    @property
    def distribution(self) -> str:
        """Its canonical name in the index."""
        return f"chat-{self.plugin_id}"


def build_wheels(folder: Path, number: int) -> list[Path]:
    """Build that many plugins of one small wheel each."""
    return [plugin_source(f"p{place:06}").build(folder) for place in range(number)]


def project_name(wheel: Path) -> str:
    """The canonical name of the project that a wheel belongs to."""
    return wheel.name.split("-")[0].replace("_", "-")


def fill_index(data: Path, wheels: Sequence[Path]) -> None:
    """Make a marketplace's data folder whose index lists these wheels.

    The rows go straight into its tables: ten thousand uploads would take longer than all that is measured. At its first
    start the server signs them, for which it looks at each file.
    """
    database = open_database(Settings(data))
    try:
        with database.write() as session:
            names = [project_name(wheel) for wheel in wheels]
            entries = [Entry(name.removeprefix("chat-"), name, "", "", 0) for name in names]
            owner = _insert_plugins(session, entries)
            session.execute(
                insert(Release),
                [{"id": key, "project_id": key, "version": "1.0.0", "app": "chat"} for key in range(1, len(names) + 1)],
            )
            session.execute(insert(File), [_file(key, wheel, owner) for key, wheel in enumerate(wheels, 1)])
            contents = {hashlib.sha256(data).hexdigest(): data for data in (wheel.read_bytes() for wheel in wheels)}
            session.execute(insert(Content), [{"sha256": digest, "data": data} for digest, data in contents.items()])
    finally:
        database.close()


def fill_search(data: Path, entries: Sequence[Entry]) -> Database:
    """Make a marketplace's database whose lists hold these plugins; returns it open."""
    database = open_database(Settings(data))
    with database.write() as session:
        _insert_plugins(session, entries)
        rank_plugins(session)
    return database


def _insert_plugins(session: Session, entries: Sequence[Entry]) -> int:
    """The plugins with their projects, numbered from 1; returns the id of their owner."""
    owner = add_user(session, "bench")
    session.flush()
    for start in range(0, len(entries), AT_ONCE):
        part = list(enumerate(entries[start : start + AT_ONCE], start + 1))
        session.execute(
            insert(Project),
            [
                {
                    "id": key,
                    "name": entry.distribution,
                    "display_name": entry.distribution,
                    "owner_id": owner.id,
                    "plugin_id": entry.plugin_id,
                }
                for key, entry in part
            ],
        )
        session.execute(insert(Plugin), [_plugin(key, entry) for key, entry in part])
        session.execute(
            insert(PluginCategory), [{"project_id": key, "category": f"category-{key % 10}"} for key, _ in part]
        )
    return owner.id


def _plugin(key: int, entry: Entry) -> dict[str, object]:
    return {
        "project_id": key,
        "plugin_id": entry.plugin_id,
        "canonical_id": entry.plugin_id,
        "distribution": entry.distribution,
        "name": entry.name,
        "summary": entry.summary,
        "keywords": entry.keywords,
        "publisher": "bench",
        "isolation": "worker",
        "app": "chat",
        "version": "1.0.0",
        "downloads": entry.downloads,
        "rank": key,
        "facets": "",
    }


def _file(key: int, wheel: Path, owner: int) -> dict[str, object]:
    data = wheel.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return {
        "release_id": key,
        "filename": wheel.name,
        "kind": "wheel",
        "sha256": digest,
        "size": len(data),
        "metadata_sha256": digest,  # of the right length: the texts beside the wheel are not asked for by anybody
        "manifest_sha256": digest,
        "uploader_id": owner,
    }
