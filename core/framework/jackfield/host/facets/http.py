"""`context.http` of one plugin: its requests, each host of them held to its grant."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from jackfield.api import Body, Response
from jackfield.errors import UsageError
from jackfield.host.facets.addresses import allow_host, blaming, may_be_private
from jackfield.host.facets.allowance import Allowance
from jackfield.host.facets.bodies import body_of
from jackfield.host.facets.network import MOST_BYTES, Bounds, Fetcher, Request
from jackfield.host.facets.own_threads import OwnThreads
from jackfield.host.facets.permits import Permits
from jackfield.host.facets.portions import Pieces
from jackfield.runtime import Scope

AT_ONCE = 8
"""Requests of one plugin that are on their way at the same time; further ones wait. So do those whose answers
could be larger, all together, than one of them may be: they are in the host's memory until the plugin has them."""


class PluginHttp:
    """`context.http`.

    Args:
        plugin: its id.
        scope: ends requests under way with the permission for the host that they are at.
        permits: its grant.
        fetcher: does the requests.
        threads: in which names are looked up.
    """

    def __init__(self, plugin: str, scope: Scope, permits: Permits, fetcher: Fetcher, threads: OwnThreads) -> None:
        self._plugin = plugin
        self._scope = scope
        self._permits = permits
        self._fetcher = fetcher
        self._threads = threads
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._answers = Allowance(MOST_BYTES)
        self._pieces = Pieces()

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
            path, _, there = str(url).partition("#")[0].partition("?")  # whether it can be read is told below
            url = f"{path}?{there}&{query}" if there else f"{path}?{query}"
        bounds = Bounds(timeout_seconds, longest_bytes, redirects, self._pieces)
        with blaming(self._permits):
            async with self._turns, self._answers.taken(longest_bytes):
                asked = Request(method.upper(), url, given, body)
                way = _Way(self._permits)
                async with way.begun_in(self._scope):
                    return await self._fetcher.fetch(asked, bounds, way.allow, self._threads)

    async def get(self, url: str, **options: Any) -> Response:
        """Send a GET; the options are those of `request`."""
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Any) -> Response:
        """Send a POST; the options are those of `request`."""
        return await self.request("POST", url, **options)


class _Way:
    """The way of one request from host to host, each within the grant for as long as the request is there.

    Args:
        permits: the plugin's grant.
    """

    def __init__(self, permits: Permits) -> None:
        self._permits = permits
        self._host = ""
        self._private = False

    def allow(self, host: str) -> bool:
        """Go to a host, `name:port`, if it was granted; say whether it may lead into a private network."""
        self._private = allow_host(self._permits, host)
        self._host = host
        return self._private

    @asynccontextmanager
    async def begun_in(self, scope: Scope) -> AsyncIterator[None]:
        """Do a request that ends with the permission for the host where it is: an answer may be on its way for minutes.

        The end of the plugin's scope alone lets it go on: a process that is replaced answers first what it was asked. A
        task that waits for it ends with the scope by itself.

        Raises:
            PermissionDenied: the permission has been taken back.
        """
        if not scope.is_open:  # in `on_load` and `on_unload`, or in a process that is replaced
            yield
            return

        def end() -> None:
            if not self._is_allowed():
                ending.reschedule(asyncio.get_running_loop().time())

        try:
            async with asyncio.timeout(None) as ending:
                opened = scope.begin("a request by HTTP", end, allowed=self._is_allowed)
                try:
                    yield
                finally:
                    scope.forget(opened)
        except TimeoutError:
            if not ending.expired():
                raise
            raise self._permits.refusal("network", "connect", self._host) from None

    def _is_allowed(self) -> bool:
        if not self._host:  # it goes nowhere yet
            return True
        if not self._permits.may("network", "connect", self._host):
            return False
        return not self._private or may_be_private(self._permits, self._host)
