"""The package index: PEP 503 pages, PEP 691 documents, from one set of data."""

from __future__ import annotations

import hashlib
import json
import re
from collections import OrderedDict
from dataclasses import dataclass
from html import escape
from typing import Any

from packaging.utils import canonicalize_name
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from jackfield_marketplace.api.negotiation import JSON, choose_type, conditional
from jackfield_marketplace.catalog import SimpleFile, SimpleProject, project_names, project_serial, simple_project
from jackfield_marketplace.db import Database

API_VERSION = "1.4"  # PEP 792
_HEADERS = {
    # A CDN may keep a page, and asks each time whether it still holds: a new version shows at once.
    "Cache-Control": "public, max-age=0, must-revalidate",
    "Vary": "Accept",
}
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,198}[a-z0-9])?")
_CACHED_PAGES = 4096
UPSTREAM_HEADER = "Jackfield-Upstream"
"""Says, with a redirect to the upstream, where that is: an installer follows no other redirect."""


@dataclass(slots=True)
class _Page:
    """A rendered page; `stamp` is the database's when it was last known to hold."""

    serial: int
    stamp: int
    etag: str
    body: bytes


class SimpleIndex:
    """`/simple/` and `/simple/<name>/`.

    Pages are kept rendered. While nobody has committed anything, a request costs one pragma; after a commit, one
    lookup of the project's serial.

    Args:
        database: the catalogue.
        upstream: the simple API of another index, ending in a slash: projects that nobody registered here are
            redirected to it. A name that is held, though all its files were withdrawn, never is.
    """

    def __init__(self, database: Database, *, upstream: str | None = None) -> None:
        self._database = database
        self._upstream = upstream
        self._pages: OrderedDict[tuple[str, str], _Page] = OrderedDict()

    def routes(self) -> list[Route]:
        """Both pages, with and without the last slash."""
        return [
            Route("/simple/", self._root),
            Route("/simple", self._redirect),
            Route("/simple/{name}/", self._project),
            Route("/simple/{name}", self._redirect),
        ]

    def document(self, name: str) -> bytes | None:
        """The PEP 691 document of a project by its canonical name, None for a name that nobody registered."""
        page = self._page(name, JSON)
        return page.body if page is not None else None

    def upstream_of(self, name: str) -> str | None:
        """Where the page of a project that nobody registered here is, None without an upstream."""
        return f"{self._upstream}{name}/" if self._upstream is not None and _NAME.fullmatch(name) else None

    async def _redirect(self, request: Request) -> Response:
        return RedirectResponse(f"{request.scope.get('root_path', '')}{request.url.path}/", status_code=301)

    async def _root(self, request: Request) -> Response:
        content_type = choose_type(request.headers.get("accept"))
        if content_type is None:
            return _not_acceptable()
        with self._database.read() as session:
            names = project_names(session)
        if content_type == JSON:
            meta = {"api-version": API_VERSION}
            body = _encode({"meta": meta, "projects": [{"name": name} for name in names]})
        else:
            links = "".join(f'    <a href="{name}/">{name}</a><br>\n' for name in names)
            body = _html("Simple index", "", links)
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        return conditional(request, etag, Response(body, media_type=content_type, headers=_HEADERS))

    async def _project(self, request: Request) -> Response:
        # Everything here is bounded and in memory or one indexed lookup: a thread would cost more than the work.
        given = request.path_params["name"]
        name = canonicalize_name(given)
        if name != given:
            return RedirectResponse(f"{request.scope.get('root_path', '')}/simple/{name}/", status_code=301)
        content_type = choose_type(request.headers.get("accept"))
        if content_type is None:
            return _not_acceptable()
        page = self._page(name, content_type)
        if page is None:
            elsewhere = self.upstream_of(name)
            if elsewhere is not None and self._upstream is not None:
                # Not kept anywhere: the name may be registered here the next moment.
                headers = {UPSTREAM_HEADER: self._upstream, "Cache-Control": "no-store"}
                return RedirectResponse(elsewhere, status_code=302, headers=headers)
            return PlainTextResponse(f"nothing here is called {name}", status_code=404)
        return conditional(request, page.etag, Response(page.body, media_type=content_type, headers=_HEADERS))

    def _page(self, name: str, content_type: str) -> _Page | None:
        key = (name, content_type)
        stamp = self._database.change_stamp()
        page = self._pages.get(key)
        if page is not None and page.stamp == stamp:
            return page
        with self._database.read() as session:
            if page is not None and project_serial(session, name) == page.serial:
                page.stamp = stamp
                return page
            project = simple_project(session, name)
        if project is None:
            self._pages.pop(key, None)
            return None
        body = _encode(_document(project)) if content_type == JSON else _project_html(project)
        page = _Page(project.serial, stamp, f'"{hashlib.sha256(body).hexdigest()[:32]}"', body)
        self._pages[key] = page
        if len(self._pages) > _CACHED_PAGES:
            self._pages.popitem(last=False)
        return page


def file_path(file: SimpleFile) -> str:
    """The address of a file relative to its project's page, so that a mirror or a proxy needs to rewrite nothing."""
    return f"../../files/{file.sha256}/{file.filename}"


def _document(project: SimpleProject) -> dict[str, Any]:
    return {
        "meta": {"api-version": API_VERSION},
        "name": project.name,
        "project-status": {"status": project.status},
        "versions": list(project.versions),
        "files": [_file(project, file) for file in project.files],
    }


def _file(project: SimpleProject, file: SimpleFile) -> dict[str, Any]:
    metadata: dict[str, str] | bool = {"sha256": file.metadata_sha256} if file.metadata_sha256 else False
    entry: dict[str, Any] = {
        "filename": file.filename,
        "url": file_path(file),
        "hashes": {"sha256": file.sha256},
        "size": file.size,
        "upload-time": file.uploaded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "yanked": False if file.yanked_reason is None else (file.yanked_reason or True),
        "core-metadata": metadata,  # alone: pip 23.0 falls over "dist-info-metadata", its older name (PEP 714)
    }
    if file.requires_python:
        entry["requires-python"] = file.requires_python
    if file.manifest_sha256:
        entry["_jackfield"] = {"plugin_toml": {"sha256": file.manifest_sha256}, "id": project.plugin_id}
    return entry


def _project_html(project: SimpleProject) -> bytes:
    lines = []
    for file in project.files:
        attributes = [f'href="{escape(file_path(file))}#sha256={file.sha256}"']
        if file.requires_python:
            attributes.append(f'data-requires-python="{escape(file.requires_python)}"')
        if file.metadata_sha256:
            attributes.append(f'data-core-metadata="sha256={file.metadata_sha256}"')
            attributes.append(f'data-dist-info-metadata="sha256={file.metadata_sha256}"')
        if file.yanked_reason is not None:
            attributes.append(f'data-yanked="{escape(file.yanked_reason)}"')
        lines.append(f"    <a {' '.join(attributes)}>{escape(file.filename)}</a><br>\n")
    status = f'    <meta name="pypi:project-status" content="{project.status}">\n'
    return _html(f"Links for {project.name}", status, "".join(lines))


def _html(title: str, head: str, links: str) -> bytes:
    return (
        "<!DOCTYPE html>\n<html>\n  <head>\n"
        f'    <meta name="pypi:repository-version" content="{API_VERSION}">\n{head}'
        f"    <title>{title}</title>\n  </head>\n  <body>\n    <h1>{title}</h1>\n{links}  </body>\n</html>\n"
    ).encode()


def _encode(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _not_acceptable() -> Response:
    return PlainTextResponse("the index speaks PEP 691 JSON and PEP 503 HTML", status_code=406)
