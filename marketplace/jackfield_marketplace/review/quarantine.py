"""Files that a rule holds back: listed for the operator, served to nobody until released."""

from __future__ import annotations

from dataclasses import dataclass

from jackfield.errors import UsageError
from sqlalchemy import select
from sqlalchemy.orm import Session

from jackfield_marketplace.catalog import refresh_plugin
from jackfield_marketplace.db import Direct, File, Project, Release


@dataclass(frozen=True, slots=True)
class Held:
    """One file in quarantine, and why."""

    filename: str
    project: str
    version: str
    reasons: tuple[str, ...]


def quarantined(session: Session) -> tuple[Held, ...]:
    """Every file that is held back, the oldest first."""
    rows = session.execute(
        select(File, Project.name, Release.version)
        .join(Release, File.release_id == Release.id)
        .join(Project, Release.project_id == Project.id)
        .where(File.state == "quarantined")
        .order_by(File.id)
    )
    return tuple(
        Held(
            file.filename,
            name,
            version,
            tuple(finding["message"] for finding in file.findings if finding["severity"] == "quarantine"),
        )
        for file, name, version in rows
    )


def release(session: Session, filename: str) -> None:
    """Publish a file that is held back.

    Raises:
        UsageError: no file of that name is held.
    """
    file = session.scalar(select(File).where(File.filename == filename, File.state == "quarantined"))
    if file is None:
        raise UsageError(f"no file called {filename} is held back", hint="see: jackfield-marketplace review list")
    file.state = "published"
    project = file.release.project
    project.serial += 1
    refresh_plugin(Direct.within(session), project.id)
