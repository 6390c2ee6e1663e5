"""The plugin API: search, details, changelogs, downloads (C34 to C38, C40)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import RedirectResponse
from packaging.version import InvalidVersion, Version

from jackfield_marketplace.api.models import (
    Category,
    CategoryList,
    Changelog,
    ChangeModel,
    CommandModel,
    Latest,
    PermissionModel,
    PluginDetail,
    PluginList,
    PluginSummary,
    Problem,
    VersionModel,
)
from jackfield_marketplace.catalog import CATEGORIES, Hosts, PluginDetails, plugin_changelog, plugin_details
from jackfield_marketplace.db import Database, Plugin
from jackfield_marketplace.search import Found, FoundPlugin, count_categories, featured, search

_WRONG: dict[int | str, dict[str, Any]] = {422: {"model": Problem, "description": "A parameter is out of its bounds."}}
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "No published plugin has that id."}}


def plugin_router(database: Database, hosts: Hosts) -> APIRouter:
    """The routes of the plugin API over one catalogue. Handlers are synchronous: they run in the thread pool."""
    router = APIRouter(tags=["plugins"], responses=_WRONG)

    @router.get("/plugins/search")
    def search_plugins(
        q: Annotated[str, Query(max_length=200, description="Words, each matched from its beginning.")] = "",
        category: Annotated[str, Query(max_length=64, description="A slug of `/categories`.")] = "",
        app: Annotated[str, Query(max_length=64, description="Only plugins for this host.")] = "",
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> PluginList:
        """Find plugins, the most downloaded first; without words, list them all."""
        with database.read() as session:
            return _list(search(session, q, category=category, app=app, limit=limit, offset=offset))

    @router.get("/plugins/featured")
    def featured_plugins() -> PluginList:
        """The plugins that the operator has put forward."""
        with database.read() as session:
            return _list(featured(session))

    @router.get("/categories")
    def categories() -> CategoryList:
        """Every category, the empty ones too."""
        with database.read() as session:
            counts = count_categories(session)
        return CategoryList(
            categories=[
                Category(slug=slug, title=title, plugins=counts.get(slug, 0)) for slug, title in CATEGORIES.items()
            ]
        )

    @router.get("/plugins/{plugin_id}", responses=_UNKNOWN)
    def plugin(plugin_id: str) -> PluginDetail:
        """Everything about one plugin, of its latest version."""
        return _detail(_found(database, plugin_id), hosts)

    @router.get("/plugins/{plugin_id}/latest", responses=_UNKNOWN)
    def latest(plugin_id: str) -> Latest:
        """The version that an update would go to."""
        found = _found(database, plugin_id).plugin
        return Latest(id=found.plugin_id, version=found.version, distribution=found.distribution)

    @router.get("/plugins/{plugin_id}/changelog", responses=_UNKNOWN)
    def changelog(
        plugin_id: str,
        since: Annotated[str, Query(max_length=100, description="Leave out this version and those before it.")] = "",
    ) -> Changelog:
        """What changed, from CHANGELOG.md beside plugin.toml."""
        if since and not _is_version(since):
            raise HTTPException(422, f"since={since} is not a version")
        with database.read() as session:
            changes = plugin_changelog(session, plugin_id, since or None)
        if changes is None:
            raise HTTPException(404, f"no plugin is called {plugin_id}")
        return Changelog(changelog=[ChangeModel(version=one.version, text=one.text, date=one.date) for one in changes])

    @router.get(
        "/plugins/{plugin_id}/download",
        status_code=302,
        response_class=RedirectResponse,
        responses={302: {"description": "The wheel's address."}, **_UNKNOWN},
    )
    def download(
        plugin_id: str,
        version: Annotated[str, Query(max_length=100, description="Instead of the latest.")] = "",
    ) -> RedirectResponse:
        """Go to the wheel; installers use `/simple/`, which knows platforms and hashes."""
        details = _found(database, plugin_id)
        wanted = details.latest
        if version:
            named = next((one for one in details.versions if one.version == version), None)
            if named is None:
                raise HTTPException(404, f"{details.plugin.plugin_id} has no version {version}")
            wanted = named
        return RedirectResponse(f"../../files/{wanted.sha256}/{wanted.filename}", status_code=302)

    return router


def _found(database: Database, plugin_id: str) -> PluginDetails:
    with database.read() as session:
        details = plugin_details(session, plugin_id)
    if details is None:
        raise HTTPException(404, f"no plugin is called {plugin_id}")
    return details


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def _list(found: Found) -> PluginList:
    return PluginList(
        plugins=[PluginSummary(**_summary(plugin, categories)) for plugin, categories in found.plugins],
        total=found.total,
    )


def _summary(plugin: Plugin | FoundPlugin, categories: tuple[str, ...]) -> dict[str, Any]:
    return {
        "id": plugin.plugin_id,
        "name": plugin.name,
        "summary": plugin.summary,
        "version": plugin.version,
        "publisher": plugin.publisher,
        "isolation": plugin.isolation,
        "downloads": plugin.downloads,
        "categories": list(categories),
        "app": plugin.app,
        "distribution": plugin.distribution,
        "updated": plugin.updated_at,
    }


def _detail(details: PluginDetails, hosts: Hosts) -> PluginDetail:
    manifest = details.manifest
    return PluginDetail(
        **_summary(details.plugin, details.categories),
        authors=list(manifest.authors),
        link=manifest.link,
        links=details.links,
        permissions=[
            PermissionModel(
                sentence=one.sentence,
                reason=one.reason,
                risk=one.risk,
                resource=one.resource,
                action=one.action,
                targets=list(one.targets),
            )
            for one in hosts.permissions(manifest, details.plugin.app)
        ],
        requires={one.id: f"{one.requirement}{'?' if one.optional else ''}" for one in manifest.requires},
        host={app: str(requirement) for app, requirement in manifest.host.items()},
        requires_python=details.requires_python,
        requires_dist=list(details.requires_dist),
        commands=[CommandModel(name=one.name, usage=one.usage, help=one.help) for one in manifest.contributes.commands],
        readme=details.readme,
        readme_type=details.readme_type,
        versions=[
            VersionModel(
                version=one.version,
                published=one.published_at,
                yanked=False if one.yanked_reason is None else (one.yanked_reason or True),
                size=one.size,
                filename=one.filename,
                sha256=one.sha256,
            )
            for one in details.versions
        ],
    )
