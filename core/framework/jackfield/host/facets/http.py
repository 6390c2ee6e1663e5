"""`context.http` of one plugin: its requests, each host of them held to its grant."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

from jackfield.api import Body, Response
from jackfield.errors import UsageError
from jackfield.host.facets.addresses import allow_host, blaming
from jackfield.host.facets.allowance import Allowance
from jackfield.host.facets.bodies import body_of
from jackfield.host.facets.network import MOST_BYTES, Bounds, Fetcher, Request
from jackfield.host.facets.own_threads import OwnThreads
from jackfield.host.facets.permits import Permits
from jackfield.host.facets.portions import Pieces

AT_ONCE = 8
"""Requests of one plugin that are on their way at the same time; further ones wait. So do those whose answers
could be larger, all together, than one of them may be: they are in the host's memory until the plugin has them."""


class PluginHttp:
    """`context.http`.

    Args:
        plugin: its id.
        permits: its grant.
        fetcher: does the requests.
        threads: in which names are looked up.
    """

    def __init__(self, plugin: str, permits: Permits, fetcher: Fetcher, threads: OwnThreads) -> None:
        self._plugin = plugin
        self._permits = permits
        self._fetcher = fetcher
        self._threads = threads
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._answers = Allowance(MOST_BYTES)
        self._pieces = Pieces()
        self._allow = partial(allow_host, permits)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        data: Body = None,
        timeout_seconds: float = 30.0,
        longest_bytes: int = 10 * 1024 * 1024,
        redirects: int = 5,
    ) -> Response:
        """Send a request and return the answer, whatever its status."""
        given = tuple((str(name), str(value)) for name, value in (headers or {}).items())
        try:
            body, kind = await body_of(json, data, self._threads)
            query = urlencode(params or {})
        except UnicodeEncodeError as error:
            raise UsageError(f"a request holds no half of a character: {error}") from error
        if kind and not any(name.lower() == "content-type" for name, _ in given):
            given = (*given, ("content-type", kind))
        if params:
            url += ("&" if urlsplit(url).query else "?") + query
        bounds = Bounds(timeout_seconds, longest_bytes, redirects, self._pieces)
        with blaming(self._permits):
            async with self._turns, self._answers.taken(longest_bytes):
                request = Request(method.upper(), url, given, body)
                return await self._fetcher.fetch(request, bounds, self._allow, self._threads)

    async def get(self, url: str, **options: Any) -> Response:
        """Send a GET; the options are those of `request`."""
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Any) -> Response:
        """Send a POST; the options are those of `request`."""
        return await self.request("POST", url, **options)
