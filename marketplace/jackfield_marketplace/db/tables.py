"""Every table. Times are UTC; names are kept in canonical form beside the form that people see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Literal

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, MetaData, TypeDecorator, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

FileState = Literal["published", "quarantined"]


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: SQLite keeps no zone, so UTC goes in and is put back on the way out."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone; store the rest as UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Put the zone back."""
        return None if value is None else value.replace(tzinfo=UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """For SQLite, the text that SQLAlchemy writes of a time, at a tenth of what it takes."""
        return self._text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def _text(self, value: datetime | None) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


class Table(DeclarativeBase):
    """What every table shares: names of constraints that a migration can speak of."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, list[str]: JSON, dict[str, str]: JSON, list[dict[str, Any]]: JSON}  # noqa: RUF012  # SQLAlchemy reads it as it stands


class User(Table):
    """Someone who uploads: a publisher."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Token(Table):
    """An upload token; the text itself is shown once and never stored. `project` is the one name it may upload."""

    __tablename__ = "tokens"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    hint: Mapped[str]
    project: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    user: Mapped[User] = relationship()


class Project(Table):
    """One distribution name. `serial` grows with every change to what the index says of it.

    The skeletons are what is left of name and id when look-alike characters are made one; `status` is PEP 792's.
    """

    __tablename__ = "projects"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    plugin_id: Mapped[str | None] = mapped_column(unique=True)
    serial: Mapped[int] = mapped_column(default=1)
    skeleton: Mapped[str] = mapped_column(index=True)
    id_skeleton: Mapped[str | None] = mapped_column(index=True)
    status: Mapped[str] = mapped_column(default="active")
    status_reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    owner: Mapped[User] = relationship()
    releases: Mapped[list[Release]] = relationship(back_populates="project")


class Release(Table):
    """One version of a project, with what its first file said of it."""

    __tablename__ = "releases"
    __table_args__ = (UniqueConstraint("project_id", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    version: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    summary: Mapped[str] = mapped_column(default="")
    readme: Mapped[str] = mapped_column(default="")
    readme_type: Mapped[str] = mapped_column(default="text/plain")
    requires_python: Mapped[str] = mapped_column(default="")
    requires_dist: Mapped[list[str]] = mapped_column(default=list)
    keywords: Mapped[list[str]] = mapped_column(default=list)
    links: Mapped[dict[str, str]] = mapped_column(default=dict)
    manifest_toml: Mapped[str | None]
    changelog: Mapped[str] = mapped_column(default="")
    app: Mapped[str] = mapped_column(default="")
    project: Mapped[Project] = relationship(back_populates="releases")
    files: Mapped[list[File]] = relationship(back_populates="release")


class File(Table):
    """One uploaded file; a file in quarantine is served to nobody. `revoked` is the severity of what revokes it."""

    __tablename__ = "files"
    id: Mapped[int] = mapped_column(primary_key=True)
    release_id: Mapped[int] = mapped_column(ForeignKey("releases.id"), index=True)
    filename: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)
    size: Mapped[int]
    requires_python: Mapped[str] = mapped_column(default="")
    metadata_sha256: Mapped[str | None]
    manifest_sha256: Mapped[str | None]
    attestation_sha256: Mapped[str | None]
    uploaded_at: Mapped[datetime] = mapped_column(default=now)
    uploader_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    state: Mapped[str] = mapped_column(default="published")
    findings: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    yanked_reason: Mapped[str | None]
    revoked: Mapped[str | None]
    revoked_reason: Mapped[str | None]
    release: Mapped[Release] = relationship(back_populates="files")


class Content(Table):
    """The bytes of a small file, by their hash: written with the row that points to them, in one transaction."""

    __tablename__ = "contents"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    data: Mapped[bytes]


class Plugin(Table):
    """What lists and search show of a plugin: one row for each, of its latest version.

    `rank` is its place by downloads, the row's number in the full-text index; `facets` are the terms there by which
    app and categories are chosen.
    """

    __tablename__ = "plugins"
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    plugin_id: Mapped[str]
    canonical_id: Mapped[str] = mapped_column(unique=True)
    distribution: Mapped[str]
    name: Mapped[str]
    summary: Mapped[str]
    keywords: Mapped[str]
    publisher: Mapped[str]
    isolation: Mapped[str]
    app: Mapped[str] = mapped_column(index=True)
    version: Mapped[str]
    downloads: Mapped[int] = mapped_column(default=0, index=True)
    featured_rank: Mapped[int | None]
    rank: Mapped[int] = mapped_column(index=True)
    facets: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, index=True)
    project: Mapped[Project] = relationship()


class PluginCategory(Table):
    """A category that a plugin's latest version names."""

    __tablename__ = "plugin_categories"
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True, index=True)


class Download(Table):
    """Downloads of one version on one day."""

    __tablename__ = "downloads"
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)


class Report(Table):
    """What somebody reported of a plugin, for the operator alone; closed once it was looked at."""

    __tablename__ = "reports"
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    version: Mapped[str]
    reason: Mapped[str]
    details: Mapped[str]
    contact: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    closed_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(default="")
    project: Mapped[Project] = relationship()


class Revoked(Table):
    """What the operator revoked: versions of a name, files, or both; what was lifted stays for the operator to read.

    `files` and `contents` are the hashes and the fingerprints of the wheels that are meant.
    """

    __tablename__ = "revocations"
    id: Mapped[int] = mapped_column(primary_key=True)
    plugin_id: Mapped[str | None]
    distribution: Mapped[str | None]
    id_skeleton: Mapped[str | None]
    skeleton: Mapped[str | None]
    versions: Mapped[str]
    files: Mapped[list[str]]
    contents: Mapped[list[str]]
    reason: Mapped[str]
    severity: Mapped[str]
    advice: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    lifted_at: Mapped[datetime | None]


class RevokedPart(Table):
    """A revoked wheel by its hash, and each of the `of` files of code in it; a wheel is a part of itself, too."""

    __tablename__ = "revoked_parts"
    revocation_id: Mapped[int] = mapped_column(ForeignKey("revocations.id"), primary_key=True)
    wheel: Mapped[str] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(primary_key=True, index=True)
    of: Mapped[int]


class RevocationList(Table):
    """One row: where appeals go, and whether what is revoked changed since it was signed."""

    __tablename__ = "revocation_lists"
    id: Mapped[int] = mapped_column(primary_key=True)
    appeal: Mapped[str] = mapped_column(default="")
    unsigned: Mapped[bool] = mapped_column(default=False)


class Stage(Table):
    """How far one version is rolled out, whether it mends a security hole, and what became of it where it was tried.

    It may be there before the version is: whoever publishes in stages says so first. `version` is canonical, without
    zeros at its end, `spelled` as it was said first. `security` is the publisher's word, `confirmed` the operator's.
    `resumed` is how often its rollout went on after it had been halted.
    """

    __tablename__ = "stages"
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    spelled: Mapped[str]
    percent: Mapped[int] = mapped_column(default=100)
    halted: Mapped[str | None]
    security: Mapped[str | None]
    confirmed: Mapped[bool] = mapped_column(default=False)
    kept: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    resumed: Mapped[int] = mapped_column(default=0, server_default="0")
    changed_at: Mapped[datetime] = mapped_column(default=now)


class Catalogue(Table):
    """One row: `serial` grows with that of any project, by triggers."""

    __tablename__ = "catalogue"
    id: Mapped[int] = mapped_column(primary_key=True)
    serial: Mapped[int] = mapped_column(default=0)


class SignedRole(Table):
    """The newest metadata of one TUF role: what snapshot and timestamp speak of, and when it has to be signed anew."""

    __tablename__ = "signed_roles"
    role: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    expires_at: Mapped[datetime]


class SignedMetadata(Table):
    """Signed metadata as it is served; a few versions of each role, for clients that have begun with an older one."""

    __tablename__ = "signed_metadata"
    role: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[bytes]


class SignedTarget(Table):
    """One target, in the role that signs it; `project_id` is None for what belongs to no project."""

    __tablename__ = "signed_targets"
    path: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"), index=True)
    sha256: Mapped[str]
    length: Mapped[int]


class UnsignedProject(Table):
    """A project of which something changed since it was signed; kept by triggers, so that nobody can forget it."""

    __tablename__ = "unsigned_projects"
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
