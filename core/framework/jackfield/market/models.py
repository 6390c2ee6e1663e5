"""What a marketplace answers, as typed values; a key that a later server adds is ignored.

The models are the reference of the client's side: each names the path that answers it.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One plugin of a list: `/plugins/search`, `/plugins/featured`.

    Args:
        id: the plugin's id.
        name: its name for people.
        summary: one line.
        version: the latest version.
        distribution: the project that carries it in the index.
        publisher: who owns the name.
        isolation: `worker`, `inline` or `any`, as its manifest asks.
        downloads: how often its files were fetched, all in all.
        categories: as the marketplace sorts it.
        app: the application that it extends.
        updated: of the latest version, ISO 8601 in UTC.
    """

    id: str
    name: str = ""
    summary: str = ""
    version: str = ""
    distribution: str = ""
    publisher: str | None = None
    isolation: str = ""
    downloads: int = 0
    categories: list[str] = []
    app: str | None = None
    updated: str | None = None


class FoundList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of plugins, and how many there are in all."""

    plugins: list[Found]
    total: int = 0


class Details(Found, frozen=True, kw_only=True):
    """One plugin in full: `/plugins/{id}`.

    Args:
        permissions: what its latest manifest asks, as in the manifest, with the host's `sentence` where it is known.
        requires: other plugins that it needs.
        host: application -> requirement.
        tested: application -> the versions with which its publisher tested it.
        readme: its description, Markdown.
        versions: every version that can be fetched, newest first.
        revocations: what of it was revoked; what counts is the signed list.
    """

    permissions: list[dict[str, Any]] = []
    requires: Any = None
    host: Any = None
    tested: dict[str, list[str]] = {}
    readme: str = ""
    versions: list[Any] = []
    revocations: list[Any] = []
    link: str = ""
    authors: list[str] = []


class Latest(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version of a plugin: `/plugins/{id}/latest` (C40)."""

    id: str
    version: str
    distribution: str


class ChangelogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What one version changed: `/plugins/{id}/changelog`."""

    version: str
    text: str = ""
    date: str | None = None


class ChangelogAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The entries of a changelog, newest first."""

    changelog: list[ChangelogEntry]


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """One category.

    Args:
        slug: what `search` takes.
        title: for people.
        plugins: how many are in it.
    """

    slug: str
    title: str = ""
    plugins: int = 0


class CategoryList(msgspec.Struct, frozen=True, kw_only=True):
    """Every category: `/categories` (C37)."""

    categories: list[Category]


class ProjectFile(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={
        "requires_python": "requires-python",
        "core_metadata": "core-metadata",
        "upload_time": "upload-time",
        "own": "_jackfield",
    },
):
    """One file of PEP 691's project page; `_jackfield` is the index's private key (PEP 691 reserves the underscore)."""

    filename: str
    url: str
    hashes: dict[str, str] = {}
    size: int | None = None
    requires_python: str | None = None
    yanked: bool | str = False
    core_metadata: bool | dict[str, str] = False
    upload_time: str | None = None
    own: dict[str, Any] = {}


class PageMeta(msgspec.Struct, frozen=True, kw_only=True, rename={"api_version": "api-version"}):
    """What a page says of itself: the version of the simple API that it is written in (PEP 629)."""

    api_version: str = "1.0"


class ProjectPage(msgspec.Struct, frozen=True, kw_only=True):
    """PEP 691's project page."""

    name: str
    files: list[ProjectFile]
    meta: PageMeta = PageMeta()
