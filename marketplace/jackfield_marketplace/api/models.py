"""The documents of the plugin API; their descriptions are its OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class PluginSummary(BaseModel):
    """A plugin as lists show it."""

    id: str = Field(description="The plugin's id, as its author spells it.", examples=["poll"])
    name: str = Field(description="Its name for people.")
    summary: str = Field(description="What it does, in one line.")
    version: str = Field(description="The latest version, PEP 440.")
    publisher: str = Field(description="The user who owns the name.")
    isolation: str = Field(description="Where it runs: `worker`, `inline` or `any`.")
    downloads: int = Field(description="Downloads of all versions since the beginning.")
    categories: list[str] = Field(description="Slugs of `/categories`.")
    app: str = Field(description="The host that it is for.", examples=["chat"])
    distribution: str = Field(description="The distribution's canonical name, as pip takes it.", examples=["chat-poll"])
    updated: datetime = Field(description="When the latest version was published, UTC.")


class PluginList(BaseModel):
    """One page of a list of plugins."""

    plugins: list[PluginSummary]
    total: int = Field(
        description="How many there are on all pages; of search with words or filters, counted up to 1000."
    )


class PermissionModel(BaseModel):
    """One action that a plugin asks for."""

    sentence: str = Field(
        description="What it allows, in the host's words; `resource: action` where no host file explains it."
    )
    reason: str = Field(description="Why, in the author's words; may be empty.")
    risk: Literal["low", "medium", "high"]
    resource: str
    action: str
    targets: list[str] = Field(description="Hosts or paths that it is limited to; empty for none.")


class CommandModel(BaseModel):
    """A command that a plugin adds."""

    name: str
    usage: str
    help: str


class VersionModel(BaseModel):
    """One published version."""

    version: str = Field(description="PEP 440, normalised.")
    published: datetime
    yanked: bool | str = Field(description="False, or true, or the reason for which it was yanked (PEP 592).")
    size: int = Field(description="Of the first wheel, in bytes.")
    filename: str
    sha256: str
    revoked: Literal["critical", "high", "low"] | None = Field(
        description="How bad it is, where the operator revoked it; `revocations` says why."
    )
    rollout: int = Field(100, description="The share of installations that it reaches, in per cent; 0 where halted.")
    security: str | None = Field(None, description="What security hole it mends, where the operator confirmed that.")


class RevocationModel(BaseModel):
    """Something that the operator revoked. What counts for installers is the signed list, which says the same."""

    number: int = Field(description="Names it on this marketplace.")
    plugin: str | None = Field(description="The plugin's canonical id; null for files alone.")
    distribution: str | None = Field(description="The distribution's canonical name; null for files alone.")
    versions: str = Field(description="Which versions of those; `*` for all.")
    files: list[str] = Field(description="sha256 of the files that are meant, whatever they are called.")
    reason: str = Field(description="Why, in one sentence.")
    severity: Literal["critical", "high", "low"]
    advice: str = Field(description="What whoever has it should do; may be empty.")
    revoked: datetime


class RevocationsModel(BaseModel):
    """All that is revoked here."""

    appeal: str = Field(description="Where who disagrees turns to; may be empty.")
    revocations: list[RevocationModel]


class PluginDetail(PluginSummary):
    """A plugin with everything that its page shows."""

    authors: list[str]
    link: str = Field(description="The author's page; may be empty.")
    links: dict[str, str] = Field(description="Label to address, from the distribution's metadata.")
    permissions: list[PermissionModel] = Field(description="Risky ones first.")
    requires: dict[str, str] = Field(description="Plugin id to requirement; a `?` at the end marks an optional one.")
    host: dict[str, str] = Field(description="Host to requirement on its API version.")
    tested: dict[str, list[str]] = Field(description="Host to the API versions with which its publisher tested it.")
    requires_python: str = Field(description="PEP 440 specifiers; empty for any.")
    requires_dist: list[str] = Field(description="Libraries, PEP 508.")
    commands: list[CommandModel]
    readme: str = Field(description="The text as the author wrote it.")
    readme_type: str = Field(description="Its content type.")
    versions: list[VersionModel] = Field(description="Newest first.")
    revocations: list[RevocationModel] = Field(description="What of it the operator revoked, whichever versions.")
    appeal: str = Field(description="Where who disagrees with a revocation turns to; may be empty.")


class Latest(BaseModel):
    """The version that an update would go to."""

    id: str
    version: str
    distribution: str


class ChangeModel(BaseModel):
    """What one version changed."""

    version: str
    text: str = Field(description="Markdown; empty where the author wrote nothing.")
    date: str = Field(description="ISO 8601, from the changelog or else the day of the upload.")


class Changelog(BaseModel):
    """Changes, newest first."""

    changelog: list[ChangeModel]


class Category(BaseModel):
    """A category, with the number of plugins in it."""

    slug: str
    title: str
    plugins: int


class CategoryList(BaseModel):
    """Every category, in the order of their names."""

    categories: list[Category]


class Problem(BaseModel):
    """Why a request was not answered."""

    detail: str = Field(description="One sentence.")
    code: str | None = Field(None, description="Of an upload that was refused, where the list of findings has one.")


class FindingModel(BaseModel):
    """One thing that the inspection found, without running anything."""

    code: str = Field(description="A stable name for machines.")
    severity: Literal["refuse", "quarantine", "note"]
    message: str = Field(description="One sentence that names the culprit.")
    path: str = Field(description="The file in the wheel, where one is to blame; else empty.")


class Submission(BaseModel):
    """What became of an upload (C39)."""

    status: Literal["published", "identical", "quarantined"]
    distribution: str
    version: str
    id: str | None = Field(description="The plugin's id; null for a library or a source distribution.")
    message: str = Field(description="What happened, in one sentence.")
    findings: list[FindingModel]
