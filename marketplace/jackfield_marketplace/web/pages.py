"""The pages: home, search, one for each plugin, and what an unknown address shows. Plain HTML made here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from jackfield_marketplace import __version__
from jackfield_marketplace.catalog import CATEGORIES, Hosts, plugin_changelog, plugin_details, revoked_of
from jackfield_marketplace.db import Database
from jackfield_marketplace.search import count_categories, featured, newest, search
from jackfield_marketplace.settings import Settings
from jackfield_marketplace.stats import daily_downloads
from jackfield_marketplace.web.chart import downloads_chart
from jackfield_marketplace.web.readme import render_text
from jackfield_marketplace.web.report_page import ReportPage
from jackfield_marketplace.web.words import ISOLATION, REVOKED, file_size, relative_time, short_number

_PAGE_SIZE = 20
_LAST_PAGE = 500
_CHANGE_CHARACTERS = 20_000  # of what one version changed
_CHART_DAYS = 30


class Pages:
    """Every page, over one catalogue. Handlers are synchronous and run in the thread pool.

    Args:
        settings: what the marketplace is called.
        database: the catalogue.
        hosts: the words for permissions.
    """

    def __init__(self, settings: Settings, database: Database, hosts: Hosts) -> None:
        self._database = database
        self._hosts = hosts
        self._templates = Environment(
            loader=PackageLoader("jackfield_marketplace.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            site=settings.title,
            release=__version__,
            categories=CATEGORIES,
            isolation=ISOLATION,
            revoked_words=REVOKED,
            app_name=hosts.name_of,
        )
        self._reports = ReportPage(settings, database, self._render, self._missing)
        self._templates.filters.update(ago=relative_time, short=short_number, size=file_size)

    def routes(self) -> list[BaseRoute]:
        """The addresses of the pages."""
        static = Path(__file__).parent / "static"
        return [
            Route("/", self._home),
            Route("/search", self._search),
            Route("/plugin/{plugin_id}", self._plugin),
            *self._reports.routes(),
            Mount("/static", StaticFiles(directory=static)),
        ]

    def _render(self, request: Request, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        origin = str(request.base_url).rstrip("/")
        query = {"q": "", "category": "", "app": ""} | values.pop("query", {})
        html = self._templates.get_template(name).render(origin=origin, query=query, **values)
        return HTMLResponse(html, status, headers={"Cache-Control": "no-cache"})

    def _home(self, request: Request) -> Response:
        with self._database.read() as session:
            chosen, latest, counts = featured(session, 6), newest(session, 10), count_categories(session)
        return self._render(request, "home.html", featured=chosen, newest=latest, counts=counts)

    def _search(self, request: Request) -> Response:
        given = request.query_params
        query = {name: given.get(name, "")[:200].strip() for name in ("q", "category", "app")}
        page = max(1, min(_number(given.get("page", "")), _LAST_PAGE))
        with self._database.read() as session:
            found = search(
                session,
                query["q"],
                category=query["category"],
                app=query["app"],
                limit=_PAGE_SIZE,
                offset=(page - 1) * _PAGE_SIZE,
            )
        pages = max(1, -(-found.total // _PAGE_SIZE))
        return self._render(request, "search.html", query=query, found=found, page=page, pages=min(pages, _LAST_PAGE))

    def _plugin(self, request: Request) -> Response:
        plugin_id = request.path_params["plugin_id"]
        with self._database.read() as session:
            details = plugin_details(session, plugin_id)
            if details is None:
                return self._missing(request, f"No plugin is called {plugin_id}.")
            if details.plugin.plugin_id != plugin_id:
                return RedirectResponse(f"/plugin/{details.plugin.plugin_id}", status_code=301)
            days = daily_downloads(session, details.plugin.project_id, _CHART_DAYS)
            changes = plugin_changelog(session, plugin_id, None) or ()
            revoked = revoked_of(session, details)
        return self._render(
            request,
            "plugin.html",
            details=details,
            plugin=details.plugin,
            manifest=details.manifest,
            permissions=self._hosts.permissions(details.manifest, details.plugin.app),
            readme=render_text(details.readme, details.readme_type) if details.readme.strip() else None,
            changes=[
                (change, render_text(change.text[:_CHANGE_CHARACTERS], "text/markdown"))
                for change in changes[:5]
                if change.text
            ],
            days=days,
            chart=downloads_chart(days),
            revoked=revoked,
        )

    def _missing(self, request: Request, sentence: str) -> Response:
        return self._render(request, "missing.html", status=404, sentence=sentence)

    async def not_found(self, request: Request, exc: Exception) -> Response:
        """An unknown address: a page for a browser, a document for a program."""
        detail = str(getattr(exc, "detail", "Not Found"))
        if "text/html" not in request.headers.get("accept", ""):
            return JSONResponse({"detail": detail}, 404)
        sentence = (
            "There is no page at this address." if detail == "Not Found" else f"{detail[:1].upper()}{detail[1:]}."
        )
        return self._missing(request, sentence)


def _number(typed: str) -> int:
    """What was typed as a page's number, 1 for what is none; more digits than any page has are not read."""
    return int(typed[:9]) if typed.isascii() and typed.isdecimal() else 1
