"""Versions that are rolled out in stages, and those that mend a security hole.

What is said here stands in the project's page, whose bytes are signed. Who a stage has reached is decided by each
installation for itself (ADR 27): the marketplace never learns who has what. It counts what those tell who agreed to
tell it, and halts a rollout where too many of them say that the version failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jackfield.errors import UsageError
from packaging.utils import canonicalize_version
from packaging.version import Version
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from jackfield_marketplace.db import Direct, File, Prepared, Project, Release, Stage, now
from jackfield_marketplace.settings import Halting

Outcome = Literal["kept", "failed"]

LONGEST_SENTENCE = 300
"""Characters of what a security fix mends, and of why a rollout was halted."""

MOST_STAGED = 200
"""Versions of one project that have a stage; each stands in the page."""

_STAGED = Prepared(
    select(Stage.version, Stage.percent, Stage.halted, Stage.security, Stage.confirmed).where(
        Stage.project_id == bindparam("project")
    )
)
_UNCONFIRM = Prepared(
    update(Stage)
    .where(Stage.project_id == bindparam("project"), Stage.version == bindparam("canonical"))
    .values(confirmed=False)
)


@dataclass(frozen=True, slots=True)
class Staged:
    """What a project's page says of a version that is staged or mends a security hole.

    Args:
        percent: of the installations, that it has reached; 100 for all.
        halted: why nobody else gets it; None while it is not halted.
        security: what it mends, a sentence; None for an ordinary version.
        confirmed: whether the operator says so too, and not its publisher alone.
    """

    percent: int
    halted: str | None
    security: str | None
    confirmed: bool

    def to_mapping(self) -> dict[str, Any]:
        """The keys of `_jackfield` in the file's entry; none where there is nothing to say."""
        told: dict[str, Any] = {}
        if self.percent < 100 or self.halted is not None:
            told["rollout"] = {"percent": self.percent} | ({"halted": self.halted} if self.halted is not None else {})
        if self.security is not None:
            told["security"] = {"text": self.security, "confirmed": self.confirmed}
        return told


def canonical_version(version: str) -> str:
    """A version in the form by which stages are found: `1.0` and `1.0.0` are one.

    Raises:
        UsageError: it is none.
    """
    try:
        return canonicalize_version(Version(version))
    except ValueError as exc:  # more digits than Python reads are no InvalidVersion
        raise UsageError(f"{version[:100]} is not a version") from exc


def staged_versions(direct: Direct, project_id: int) -> Mapping[str, Staged]:
    """Canonical version -> what is said of it, of those of which anything is."""
    return {version: Staged(*said) for version, *said in direct.rows(_STAGED, project=project_id)}


def stage_of(session: Session, project: Project, version: str) -> Stage | None:
    """What is said of a version; None where nothing is.

    Raises:
        UsageError: it is no version.
    """
    return session.get(Stage, (project.id, canonical_version(version)))


def roll_out(session: Session, project: Project, version: str, percent: int) -> Stage:
    """Say how many of the installations a version shall reach; it may be published later.

    A rollout that was halted goes on, and what was counted until then counts no more; it takes twice as many failures
    to halt it again, since somebody has looked at it by then.

    Args:
        session: one that writes.
        project: whose version.
        version: in any PEP 440 spelling.
        percent: 0 to 100.

    Raises:
        UsageError: no such share, no version, or too many staged versions.
    """
    if not 0 <= percent <= 100:
        raise UsageError(f"{percent} is no share: 0 to 100 per cent")
    stage = _stage(session, project, version)
    if stage.halted is not None:
        stage.kept = stage.failed = 0
        stage.resumed += 1
    stage.percent, stage.halted = percent, None
    return _changed(project, stage)


def halt(session: Session, project: Project, version: str, reason: str) -> Stage:
    """Halt a rollout: who has the version keeps it, nobody else gets it.

    Raises:
        UsageError: no version, or no reason, or a long one.
    """
    stage = _stage(session, project, version)
    stage.halted = _sentence(reason, "why it is halted")
    return _changed(project, stage)


def mark_security(session: Session, project: Project, version: str, text: str | None, *, confirmed: bool) -> Stage:
    """Say that a version mends a security hole, or take that back.

    Args:
        session: one that writes.
        project: whose version.
        version: in any PEP 440 spelling.
        text: what it mends, for users; None to take it back.
        confirmed: whether it is the operator who says so.

    Raises:
        UsageError: no version, or no sentence, or a long one.
    """
    stage = _stage(session, project, version)
    sentence = _sentence(text, "what it mends") if text is not None else None
    # What a publisher changes in a confirmed sentence is another claim: the operator looks at it again.
    stage.confirmed = sentence is not None and (confirmed or (stage.confirmed and sentence == stage.security))
    stage.security = sentence
    return _changed(project, stage)


def confirm_again(direct: Direct, project_id: int, version: str) -> None:
    """Have the operator look again at a security fix, since a file came to it that nobody has confirmed.

    Whoever stole a publisher's token would else add a wheel that fits better to a version which passes all delays.

    Args:
        direct: a transaction that writes.
        project_id: of the project.
        version: in any PEP 440 spelling.
    """
    direct.run(_UNCONFIRM, project=project_id, canonical=canonical_version(version))


def claims(session: Session) -> list[tuple[str, str, str]]:
    """Distribution, version and sentence of every security fix that the operator has not confirmed."""
    open_ = select(Project.name, Stage.spelled, Stage.security).join(Project, Stage.project_id == Project.id)
    rows = session.execute(open_.where(Stage.security.is_not(None), Stage.confirmed.is_(False)).order_by(Project.name))
    return [(name, version, text or "") for name, version, text in rows]


def count_outcome(
    session: Session, project: Project, version: str, sha256: str, outcome: Outcome, halting: Halting
) -> Stage | None:
    """Count what became of a version somewhere, and halt its rollout where too many failed.

    Args:
        session: one that writes.
        project: whose version.
        version: in any PEP 440 spelling.
        sha256: of the wheel that was tried.
        outcome: `kept` or `failed`.
        halting: how many failures are too many.

    Returns:
        the stage; None where that version is not being rolled out, or has no such file: nothing was counted.
    """
    stage = session.get(Stage, (project.id, canonical_version(version)))
    if stage is None or stage.percent >= 100 or stage.halted is not None:
        return None
    released = select(Release.version).join(File, File.release_id == Release.id)
    there = session.scalars(released.where(Release.project_id == project.id, File.sha256 == sha256))
    if not any(canonical_version(one) == stage.version for one in there):
        return None
    setattr(stage, outcome, getattr(stage, outcome) + 1)
    tried = stage.kept + stage.failed
    if outcome == "failed" and halting.reached(stage.failed, tried, stage.resumed):
        stage.halted = f"it failed in {stage.failed} of {tried} installations that tell"
        _changed(project, stage)
    return stage


def _stage(session: Session, project: Project, version: str) -> Stage:
    wanted = canonical_version(version)
    stage = session.get(Stage, (project.id, wanted))
    if stage is None:
        there = len(session.scalars(select(Stage.version).where(Stage.project_id == project.id)).all())
        if there >= MOST_STAGED:
            raise UsageError(f"{project.name} has {there} staged versions already")
        stage = Stage(
            project_id=project.id,
            version=wanted,
            spelled=str(Version(version)),
            percent=100,
            confirmed=False,
            kept=0,
            failed=0,
            resumed=0,
        )
        session.add(stage)
    return stage


def _changed(project: Project, stage: Stage) -> Stage:
    stage.changed_at = now()
    project.serial += 1  # the page is another one, and is signed again
    return stage


def _sentence(text: str, what: str) -> str:
    plain = " ".join(text.split())
    if not plain or not plain.isprintable() or len(plain) > LONGEST_SENTENCE:
        raise UsageError(f"say {what} in one sentence of at most {LONGEST_SENTENCE} characters")
    return plain
