"""The plugin API: search, details, changelogs, downloads (C34 to C38, C40)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Response
from fastapi.responses import RedirectResponse

from jackfield_marketplace.api.details import (
    PluginAnswers,
    is_same_version,
    is_version,
    plugin_summary,
    revocation_model,
)
from jackfield_marketplace.api.models import (
    Category,
    CategoryList,
    Changelog,
    Latest,
    PluginDetail,
    PluginList,
    PluginSummary,
    Problem,
    RevocationsModel,
)
from jackfield_marketplace.catalog import CATEGORIES, PluginDetails, plugin_details, signed_list
from jackfield_marketplace.db import Database, Direct
from jackfield_marketplace.search import Found, count_categories, featured, search

_LONGEST_SHOWN = 100  # characters of what was asked for
_WRONG: dict[int | str, dict[str, Any]] = {422: {"model": Problem, "description": "A parameter is out of its bounds."}}
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "No published plugin has that id."}}


def plugin_router(database: Database, answers: PluginAnswers) -> APIRouter:
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

    @router.get("/revocations")
    def revocations() -> RevocationsModel:
        """Everything that is revoked here; installers read the signed list, which says the same."""
        with database.read() as session:
            told = signed_list(Direct.beside(session))
        return RevocationsModel(appeal=told.appeal, revocations=[revocation_model(one) for one in told.revocations])

    @router.get("/plugins/{plugin_id}", response_model=PluginDetail, responses=_UNKNOWN)
    def plugin(plugin_id: str) -> Response:
        """Everything about one plugin, of its latest version."""
        return _answer(answers.detail(plugin_id), plugin_id)

    @router.get("/plugins/{plugin_id}/latest", responses=_UNKNOWN)
    def latest(plugin_id: str) -> Latest:
        """The version that an update would go to."""
        found = _found(database, plugin_id).plugin
        return Latest(id=found.plugin_id, version=found.version, distribution=found.distribution)

    @router.get("/plugins/{plugin_id}/changelog", response_model=Changelog, responses=_UNKNOWN)
    def changelog(
        plugin_id: str,
        since: Annotated[str, Query(max_length=100, description="Leave out this version and those before it.")] = "",
    ) -> Response:
        """What changed, from CHANGELOG.md beside plugin.toml."""
        if since and not is_version(since):
            raise HTTPException(422, f"since={_shown(since)} is not a version")
        return _answer(answers.changelog(plugin_id, since), plugin_id)

    @router.get(
        "/plugins/{plugin_id}/download",
        status_code=302,
        response_class=RedirectResponse,
        responses={302: {"description": "The wheel's address."}, **_UNKNOWN},
    )
    def download(
        plugin_id: str,
        version: Annotated[str, Query(max_length=100, description="Instead of the latest; 1.0 is 1.0.0.")] = "",
    ) -> RedirectResponse:
        """Go to the wheel; installers use `/simple/`, which knows platforms and hashes."""
        details = _found(database, plugin_id)
        wanted = details.latest
        if version:
            named = next((one for one in details.versions if is_same_version(one.version, version)), None)
            if named is None:
                raise HTTPException(404, f"{details.plugin.plugin_id} has no version {_shown(version)}")
            wanted = named
        return RedirectResponse(f"../../files/{wanted.sha256}/{wanted.filename}", status_code=302)

    return router


def _shown(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _found(database: Database, plugin_id: str) -> PluginDetails:
    with database.read() as session:
        details = plugin_details(session, plugin_id)
    if details is None:
        raise HTTPException(404, f"no plugin is called {_shown(plugin_id)}")
    return details


def _answer(body: bytes | None, plugin_id: str) -> Response:
    if body is None:
        raise HTTPException(404, f"no plugin is called {_shown(plugin_id)}")
    return Response(body, media_type="application/json")


def _list(found: Found) -> PluginList:
    return PluginList(
        plugins=[PluginSummary(**plugin_summary(plugin, categories)) for plugin, categories in found.plugins],
        total=found.total,
    )
