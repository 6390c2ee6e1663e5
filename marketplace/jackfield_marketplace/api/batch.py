"""Many small answers in one: what an installer reads to solve a set, without a request for each package.

The bytes are those that a GET of each path answers, so that whoever holds their hashes can check them all the same.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from packaging.utils import canonicalize_name
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from jackfield_marketplace.api.details import PluginAnswers, is_version
from jackfield_marketplace.api.models import Latest
from jackfield_marketplace.api.simple import SimpleIndex
from jackfield_marketplace.catalog import Contents, latest_versions, texts_served
from jackfield_marketplace.db import Database
from jackfield_marketplace.trust import NotSigned, served_metadata

MOST_PATHS = 256
"""How many answers one request may ask for."""

_REQUEST_BYTES = 256 * 1024
_ANSWER_BYTES = 4 * 1024 * 1024
_PAGES_AT_ONCE = 16  # then others have their turn: a page that was not rendered yet takes a millisecond

# ASCII, as an address is: a string of JSON can hold half a surrogate pair, which no query to the database can.
_PROJECT = re.compile(r"/simple/([ -.0-~]{1,200})/")
_TEXT = re.compile(r"/files/([0-9a-f]{64})/([ -.0-~]{1,300})(\.metadata|\.plugin\.toml)")
_LATEST = re.compile(r"/plugins/([ -.0-~]{1,100})/latest")
_ABOUT = re.compile(r"/plugins/([A-Za-z0-9._-]{1,100})(?:/changelog\?since=([A-Za-z0-9.%_-]{1,300}))?")
_SIGNED = re.compile(r"/tuf/(?:([1-9][0-9]{0,8})\.(root|bin-[0-9a-f]{2})|timestamp)\.json")
_NO_IDS = frozenset({"search", "featured", "submit"})

_Answer = dict[str, Any]
_ALONE: _Answer = {"status": 421}
"""Not answered here: the path is for a GET of its own."""


class Batch:
    """`POST /batch` with `{"get": [path, …]}`; answers `{"answers": [{"status", "body"}, …]}` in the same order.

    Paths are those of project pages, of METADATA and plugin.toml beside a file, of a plugin's details, its changelog
    since a version, and its latest version, of a root and the timestamp, by which a client sees what is new, and of
    bins, of which a set of plugins needs dozens.

    Args:
        database: the catalogue.
        contents: holds the texts.
        simple: renders the project pages.
        plugins: tells of plugins.
    """

    def __init__(self, database: Database, contents: Contents, simple: SimpleIndex, plugins: PluginAnswers) -> None:
        self._database = database
        self._contents = contents
        self._simple = simple
        self._plugins = plugins

    def routes(self) -> list[Route]:
        """The one address."""
        return [Route("/batch", self._batch, methods=["POST"])]

    async def _batch(self, request: Request) -> Response:
        paths = await _paths(request)
        if paths is None:
            reason = f'expected {{"get": [path, …]}} with at most {MOST_PATHS} paths'
            return PlainTextResponse(reason, status_code=422)
        found = {path: answer for path in paths if (answer := self._ready(path)) is not None}
        others = [path for path in paths if path not in found and not path.startswith(("/simple/", "/tuf/"))]
        if others:
            found |= await run_in_threadpool(self._look_up, others)
        answers, size = [], 0
        for number, path in enumerate(paths, 1):
            match = _PROJECT.fullmatch(path)
            answer = await self._page(match[1]) if match is not None else found.get(path) or self._signed(path)
            size += len(answer.get("body", ""))
            answers.append(answer if size <= _ANSWER_BYTES else _ALONE)
            if number % _PAGES_AT_ONCE == 0:
                await asyncio.sleep(0)
        body = json.dumps({"answers": answers}, separators=(",", ":"), ensure_ascii=False).encode()
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})

    async def _page(self, name: str) -> _Answer:
        if canonicalize_name(name) != name:
            return _ALONE  # a redirect to the canonical name
        try:
            body = await self._simple.document(name)
        except NotSigned:
            return _ALONE  # where it is told why
        if body is not None:
            return {"status": 200, "body": body.decode()}
        return {"status": 404} if self._simple.upstream_of(name) is None else _ALONE

    def _signed(self, path: str) -> _Answer:
        """A root, a bin or the timestamp, as of the last commit."""
        match = _SIGNED.fullmatch(path)
        if match is None:
            return _ALONE
        version, role = match.groups()
        body = served_metadata(self._database, role or "timestamp", int(version) if version is not None else None)
        return {"status": 404} if body is None else {"status": 200, "body": body.decode()}

    def _ready(self, path: str) -> _Answer | None:
        """What lies ready of a plugin; no thread is needed for it."""
        asked = _about(path)
        body = self._plugins.ready(*asked) if asked is not None else None
        return {"status": 200, "body": body.decode()} if body is not None else None

    def _look_up(self, paths: Sequence[str]) -> dict[str, _Answer]:
        """The answers for texts and plugins."""
        texts = {path: match for path in paths if (match := _TEXT.fullmatch(path))}
        plugins = {path: match[1] for path in paths if (match := _LATEST.fullmatch(path))}
        with self._database.read() as session:
            served = texts_served(session, {match[1] for match in texts.values()}) if texts else {}
            latest = latest_versions(session, plugins.values()) if plugins else {}
        answers: dict[str, _Answer] = {}
        left = _ANSWER_BYTES  # what is over it is not even read: 256 texts could be a gigabyte
        for path, match in texts.items():
            metadata, manifest = served.get((match[2], match[1]), (None, None))
            text = metadata if match[3] == ".metadata" else manifest
            answers[path] = self._text(text) if left >= 0 else _ALONE
            left -= len(answers[path].get("body", ""))
        for path, given in plugins.items():
            answers[path] = {"status": 404}
            if given in latest:
                plugin_id, version, distribution = latest[given]
                told = Latest(id=plugin_id, version=version, distribution=distribution)
                answers[path] = {"status": 200, "body": told.model_dump_json()}
        for path, (plugin_id, since) in {path: asked for path in paths if (asked := _about(path))}.items():
            if left < 0:
                answers[path] = _ALONE
                continue
            about = self._plugins.detail(plugin_id) if since is None else self._plugins.changelog(plugin_id, since)
            answers[path] = {"status": 200, "body": about.decode()} if about is not None else {"status": 404}
            left -= len(answers[path].get("body", ""))
        return answers

    def _text(self, sha256: str | None) -> _Answer:
        text = self._contents.read(sha256) if sha256 is not None else None
        if text is None:
            return {"status": 404}
        try:
            return {"status": 200, "body": text.decode()}
        except UnicodeDecodeError:
            return _ALONE  # JSON carries text alone


def _about(path: str) -> tuple[str, str | None] | None:
    """The plugin that a path asks about, and since which version, None for its details; None for any other path."""
    match = _ABOUT.fullmatch(path)
    if match is None or match[1] in _NO_IDS:
        return None
    since = unquote(match[2]) if match[2] is not None else None
    return (match[1], since) if since is None or (len(since) <= 100 and is_version(since)) else None


async def _paths(request: Request) -> list[str] | None:
    """The paths asked for, None where the body is not what it should be."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _REQUEST_BYTES:
            return None
    try:
        asked = json.loads(body)
        paths = asked["get"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(paths, list) or len(paths) > MOST_PATHS or not all(isinstance(path, str) for path in paths):
        return None
    return paths
