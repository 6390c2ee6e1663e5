"""The package index: PEP 503 pages, PEP 691 documents, from one set of data, without a framework in between."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass

from anyio.to_thread import run_sync
from packaging.utils import canonicalize_name
from starlette.types import Receive, Scope, Send

from jackfield_marketplace.api.answers import Answer, Headers, redirect, refused_method, text_answer
from jackfield_marketplace.api.negotiation import JSON, choose_type
from jackfield_marketplace.api.rendering import render_project, render_root
from jackfield_marketplace.api.signed import Signatures
from jackfield_marketplace.catalog import project_names, simple_project
from jackfield_marketplace.db import Database
from jackfield_marketplace.trust import NotSigned

_HEADERS = {
    # A CDN may keep a page, and asks each time whether it still holds: a new version shows at once.
    "cache-control": "public, max-age=0, must-revalidate",
    "vary": "Accept",
    "content-security-policy": "default-src 'none'",
}
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,198}[a-z0-9])?")
_CACHED_PAGES = 8192
_PREFIX = "/simple/"
_NOT_ACCEPTABLE = text_answer(406, "the index speaks PEP 691 JSON and PEP 503 HTML")
UPSTREAM_HEADER = "Jackfield-Upstream"
"""Says, with a redirect to the upstream, where that is: an installer follows no other redirect."""


@dataclass(slots=True)
class _Page:
    """A rendered page; `stamp` is the database's when it was last known to hold."""

    serial: int
    stamp: int
    body: bytes
    answer: Answer


_UNSIGNED = _Page(-1, -1, b"", text_answer(503, "the page is not signed yet"))


class SimpleIndex:
    """`/simple/` and `/simple/<name>/`, an ASGI application for these addresses.

    Pages are kept rendered. While nobody has committed anything, a request costs one pragma; after a commit, one
    look-up of the project's serial on the same connection.

    Args:
        database: the catalogue.
        signatures: are waited for where a page says what is not signed yet.
        upstream: the simple API of another index, ending in a slash: projects that nobody registered here are
            redirected to it. A name that is held, though all its files were withdrawn, never is.
    """

    def __init__(self, database: Database, signatures: Signatures, *, upstream: str | None = None) -> None:
        self._database = database
        self._signatures = signatures
        self._upstream = upstream
        self._pages: OrderedDict[tuple[str, str | None], _Page] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request below `/simple`."""
        answer = refused_method(scope) or await self._answer(scope)
        await answer.send_to(scope, send)

    def ready(self, target: bytes, headers: Headers) -> Answer | None:
        """The answer to a GET if it lies ready: a page that was asked for before and still holds."""
        if not target.endswith(b"/"):
            return None
        page = self._pages.get((target[len(_PREFIX) : -1].decode("latin-1"), _content_type(headers)))
        return page.answer if page is not None and page.stamp == self._database.change_stamp() else None

    async def document(self, name: str) -> bytes | None:
        """The PEP 691 document of a project by its canonical name, None for a name that nobody registered.

        Raises:
            NotSigned: it says what cannot be signed, and is shown to nobody.
        """
        page = await self._signed_page(name, JSON)
        return page.body if page is not None else None

    def upstream_of(self, name: str) -> str | None:
        """Where the page of a project that nobody registered here is, None without an upstream."""
        return f"{self._upstream}{name}/" if self._upstream is not None and _NAME.fullmatch(name) else None

    async def _answer(self, scope: Scope) -> Answer:
        path: str = scope["path"]
        given = path.removeprefix(_PREFIX).removesuffix("/") if path.startswith(_PREFIX) else ""
        if "/" in given:
            return text_answer(404, "there is no page at this address")
        name = canonicalize_name(given)
        if name and not _NAME.fullmatch(name):
            return text_answer(404, "that is no name of a project")
        if name != given or not path.endswith("/"):
            address = f"{_PREFIX}{name}/" if name else _PREFIX
            return redirect(301, scope.get("root_path", "") + address)
        content_type = _content_type(scope["headers"])
        if content_type is None:
            return _NOT_ACCEPTABLE
        if not name:
            return (await self._root(content_type)).answer
        try:
            page = await self._signed_page(name, content_type)
        except NotSigned as exc:
            return text_answer(503, str(exc), {"retry-after": "5", "cache-control": "no-store"})
        if page is not None:
            return page.answer
        elsewhere = self.upstream_of(name)
        if elsewhere is not None and self._upstream is not None:
            # Not kept anywhere: the name may be registered here the next moment.
            return redirect(302, elsewhere, {UPSTREAM_HEADER.lower(): self._upstream, "cache-control": "no-store"})
        return text_answer(404, f"nothing here is called {name}")

    async def _root(self, content_type: str) -> _Page:
        """The list of projects, rendered again only where a project has changed."""
        stamp = self._database.change_stamp()
        serial = self._database.catalogue_serial()
        page = self._pages.get(("", content_type))
        if page is None or page.serial != serial:
            # A thread: with a hundred thousand names this takes a while, and others want their pages.
            body = await run_sync(self._render_root, content_type)
            page = self._keep("", content_type, body, serial, stamp)
        page.stamp = stamp
        return page

    def _render_root(self, content_type: str) -> bytes:
        with self._database.read() as session:
            return render_root(project_names(session), content_type)

    async def _signed_page(self, name: str, content_type: str) -> _Page | None:
        """A page of which all is signed; who asks for one that was just published has it signed."""
        # Everything here is bounded and one indexed look-up: a thread would cost more than the work.
        page = self._page(name, content_type)
        while page is _UNSIGNED:
            await self._signatures.once()
            page = self._page(name, content_type)
        return page

    def _page(self, name: str, content_type: str) -> _Page | None:
        key = (name, content_type)
        # Before anything is read: what is committed in between makes the page look old, never new.
        stamp = self._database.change_stamp()
        page = self._pages.get(key)
        if page is not None and (page.stamp == stamp or self._database.project_serial(name) == page.serial):
            page.stamp = stamp
            self._pages.move_to_end(key)
            return page
        with self._database.read() as session:
            project = simple_project(session, name)
        if project is None:
            self._pages.pop(key, None)
            return None
        if self._signatures.waiting.holds(name):  # asked after the page was read: an upload says so before it is seen
            return _UNSIGNED
        return self._keep(name, content_type, render_project(project, content_type), project.serial, stamp)

    def _keep(self, name: str, content_type: str, body: bytes, serial: int, stamp: int) -> _Page:
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        full_type = f"{content_type}; charset=utf-8" if content_type.startswith("text/") else content_type
        page = _Page(serial, stamp, body, Answer(200, body, full_type, _HEADERS, etag=etag))
        self._pages[(name, content_type)] = page
        if len(self._pages) > _CACHED_PAGES:
            self._pages.popitem(last=False)
        return page


def _content_type(headers: Headers) -> str | None:
    accepts = [value for name, value in headers if name == b"accept"]
    return choose_type(b",".join(accepts).decode("latin-1") if accepts else None)
