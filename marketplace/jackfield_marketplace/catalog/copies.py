"""Wheels that hold the very code of others: who revokes one of them by its code stops them all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from jackfield.errors import UsageError
from sqlalchemy import select
from sqlalchemy.orm import Session

from jackfield_marketplace.catalog.codes import Codes
from jackfield_marketplace.db import File

Copies = Literal["revoked", "left"]
"""What becomes of other plugins that hold the same code: they are revoked as well, or only what was named is."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A published wheel that nobody named, whose code is that of one that was.

    Args:
        name: the plugin's id, of a library its distribution.
        filename: the wheel's.
        sha256: of the wheel.
    """

    name: str
    filename: str
    sha256: str


class CopiesFound(UsageError):
    """The same code is that of plugins that nobody named: the operator has to say what becomes of them.

    Args:
        copies: those.
    """

    def __init__(self, copies: Collection[Copy]) -> None:
        named = ", ".join(f"{one.name} ({one.filename})" for one in copies)
        super().__init__(
            f"nothing is revoked yet: the same code is in {named}, which would be stopped too",
            hint="--also-copies revokes these as well, --only-this leaves them and goes by names and hashes alone",
        )
        self.copies = tuple(copies)


def find_copies(
    session: Session, codes: Codes, marks: Collection[str], meant: Collection[File], project_id: int | None
) -> tuple[File, ...]:
    """Return the published wheels that a revocation by code would stop besides those that are meant.

    Other versions of the project that is named are none of them: installers know those by their name. What is stopped
    already is none either. Each published wheel's RECORD is read, once for all who share the codes, which takes about a
    second for a few thousand.

    Args:
        session: one that reads.
        codes: tells what the wheels hold.
        marks: the fingerprints of the wheels that are meant.
        meant: those wheels.
        project_id: of the project that is named; None where files alone are.
    """
    if not marks:
        return ()
    known = {file.id for file in meant}
    published = session.scalars(
        select(File).where(File.kind == "wheel", File.state == "published").order_by(File.filename)
    )
    return tuple(
        file
        for file in published
        if file.id not in known
        and file.revoked not in ("critical", "high")
        and file.release.project_id != project_id
        and codes.mark(file) in marks
    )


def told_of(file: File) -> Copy:
    """A copy as the operator is told of it."""
    project = file.release.project
    return Copy(project.plugin_id or project.name, file.filename, file.sha256)
