"""Bounded reads over HTTP: every answer has a largest size and a longest time, every failure is one sentence."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx

from jackfield.errors import MarketError, MarketUnreachable
from jackfield.market.addresses import canonical_address
from jackfield.market.bodies import ACCEPTED, bounded
from jackfield.market.credentials import Credentials
from jackfield.market.failures import Busy, TooSlow, refuse_failure, shown
from jackfield.market.pace import Pace

if TYPE_CHECKING:
    import ssl

TIMEOUT_SECONDS = 10.0
"""For the beginning of an answer, and for each of its parts (`Pace`): so for all of a short one."""

ANSWER_SECONDS = 60.0
"""For a whole answer but a wheel's."""

TEXT_BYTES = 8 * 1024 * 1024
"""The largest answer but a wheel's: the project page of a library with thousands of files."""

RETRIES = 1
CONNECTIONS = 16
"""How many requests to one marketplace are on their way at once."""

PATIENCE_SECONDS = 30.0
"""How long we wait in all, for one answer, when a busy server asks for it (429 and 503 with Retry-After)."""

SHORTEST_WAIT_SECONDS = 1.0
"""Before a busy server is asked again, however soon it would have us: it has enough to do."""

_FAILURES = (httpx.TransportError, httpx.InvalidURL, UnicodeError, TimeoutError)
"""All that httpx raises where the other side is to blame; the two in the middle for addresses that it redirects to."""

LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")
"""Never asked through a proxy: a marketplace on this very machine."""


class Transport:
    """One marketplace's connection pool.

    Args:
        url: the marketplace's address; credentials in it are sent to it alone and never shown.
        transport: another way to its bytes, for tests.
        timeout_seconds: for the beginning of an answer, and for each of its parts.
    """

    def __init__(
        self, url: str, *, transport: httpx.AsyncBaseTransport | None = None, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        try:
            address = urlsplit(url)
            self.url = canonical_address(address)
        except ValueError as error:
            raise _no_address(url) from error
        if address.scheme not in ("http", "https") or not address.hostname:
            raise _no_address(url)
        self.timeout_seconds = timeout_seconds
        self._credentials = Credentials(address)
        self._transport = transport
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._slots = asyncio.Semaphore(CONNECTIONS)

    async def aclose(self) -> None:
        """Close every connection."""
        clients, self._clients = self._clients, {}
        async with AsyncExitStack() as closing:
            for client in clients.values():
                closing.push_async_callback(client.aclose)

    async def get(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        accept: str = "application/json",
        most_bytes: int | None = None,
    ) -> bytes | None:
        """The body of an answer of at most so many bytes; None for 404.

        Args:
            path: below the marketplace's address, or an absolute URL.
            params: the query.
            accept: the content type wanted.
            most_bytes: the largest answer that is taken; `TEXT_BYTES` if None.

        Raises:
            MarketUnreachable: nobody answered, or not within the time, twice.
            MarketError: the answer is an error, too large, or a redirect (`Redirected`).
        """
        url = path if "://" in path else self.url + path
        return await self._patiently("GET", url, {"accept": accept}, params=params, most_bytes=most_bytes)

    async def post(
        self,
        path: str,
        body: bytes,
        kind: str = "application/json",
        *,
        sent: Callable[[], object] = lambda: None,
    ) -> bytes | None:
        """The body of an answer to JSON, or to what else `kind` names, bounded as for `get`.

        Args:
            path: below the marketplace's address.
            body: what is sent.
            kind: its content type.
            sent: called once it is on its way, again where it is sent once more.

        Raises:
            MarketError: as for `get`.
        """
        headers = {"accept": "application/json", "content-type": kind, "content-length": str(len(body))}
        return await self._patiently("POST", self.url + path, headers, content=lambda: _told(body, sent))

    async def tell(self, path: str, body: bytes) -> None:
        """Send JSON once, without the user's credentials: who says it stays unknown.

        Raises:
            MarketError: as for `get`.
        """
        url, headers = self.url + path, {"accept": "application/json", "content-type": "application/json"}
        pace = self._pace()
        try:
            async with self._slots, pace:
                await self._read("POST", url, headers, None, body, None, pace, anonymous=True)
        except _FAILURES as error:
            raise self._unreachable(url, error, pace) from error

    @asynccontextmanager
    async def stream(
        self, url: str, headers: Mapping[str, str], *, seconds: float
    ) -> AsyncGenerator[tuple[httpx.Response, Pace]]:
        """An answer to be read piece by piece; whoever reads bounds its size, and tells its pace of what comes.

        Args:
            url: absolute.
            headers: of the request.
            seconds: for the whole.

        Raises:
            MarketUnreachable: nobody answered, or it stopped within; `TooSlow` where it goes on and would not end.
        """
        pace = Pace(self.timeout_seconds, seconds)
        try:
            async with self._slots, pace:
                client = self._client(url)
                request = client.build_request("GET", url, headers=headers)
                answer = await client.send(request, stream=True, auth=self._credentials.login(url))
                pace.begun()  # each byte of a head would renew httpx's own time
                try:
                    yield answer, pace
                finally:
                    await answer.aclose()
        except _FAILURES as error:
            raise self._unreachable(url, error, pace) from error

    async def _patiently(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        params: Mapping[str, str] | None = None,
        content: Callable[[], AsyncIterator[bytes]] | None = None,
        most_bytes: int | None = None,
    ) -> bytes | None:
        patience, failures = PATIENCE_SECONDS, 0
        while True:
            pace = self._pace()
            try:
                async with self._slots, pace:
                    body = content() if content is not None else None
                    return await self._read(method, url, headers, params, body, most_bytes, pace)
            except Busy as error:
                wait_seconds = max(error.seconds, SHORTEST_WAIT_SECONDS)
                patience -= wait_seconds
                if patience < 0:
                    raise
                await asyncio.sleep(wait_seconds)
            except _FAILURES as error:
                failures += 1
                if failures > RETRIES or isinstance(error, (TimeoutError, httpx.TimeoutException)):
                    raise self._unreachable(url, error, pace) from error

    def _pace(self) -> Pace:
        return Pace(self.timeout_seconds, max(self.timeout_seconds, ANSWER_SECONDS))

    async def _read(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        content: bytes | AsyncIterator[bytes] | None,
        most_bytes: int | None,
        pace: Pace,
        *,
        anonymous: bool = False,
    ) -> bytes | None:
        client = self._client(url)
        request = client.build_request(method, url, params=params, headers=headers, content=content)
        login = None if anonymous else self._credentials.login(url)
        answer = await client.send(request, stream=True, auth=login)
        try:
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            body = await bounded(answer, url, most_bytes or TEXT_BYTES, pace)
            refuse_failure(answer, url, body[:500])
            return body
        finally:
            await answer.aclose()

    def _client(self, url: str) -> httpx.AsyncClient:
        # One for each scheme: reading the system's certificates takes longer than a whole answer of this machine.
        scheme = "https" if url.lower().startswith("https:") else "http"
        if scheme not in self._clients:
            proxies = _proxies()
            certificates = scheme == "https" or any(proxy.lower().startswith("https:") for proxy in proxies.values())
            self._clients[scheme] = httpx.AsyncClient(
                transport=self._transport,
                verify=_trust() if certificates else _nobody(),
                trust_env=bool(proxies),  # all else that it would look for, we say
                timeout=self.timeout_seconds,
                limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
                follow_redirects=False,
                mounts=dict.fromkeys(LOOPBACK, self._transport) if proxies else None,
                headers={"user-agent": "jackfield", "accept-encoding": ACCEPTED},
                # None is kept: what is told without saying who says it would carry it.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            )
        return self._clients[scheme]

    def _unreachable(self, url: str, error: Exception, pace: Pace) -> MarketUnreachable:
        """The sentence for a failure of the network."""
        late = isinstance(error, (TimeoutError, httpx.TimeoutException))
        what = pace.sentence if late else f"cannot be reached: {_reason(error)}"
        where = self.url if url.startswith(self.url) else shown(url)
        kind = TooSlow if late and pace.is_too_slow else MarketUnreachable
        return kind(f"{where} {what}", hint="is it running? JACKFIELD_MARKETPLACE names another")


async def _told(body: bytes, sent: Callable[[], object]) -> AsyncIterator[bytes]:
    """A body of one piece: who reads on has given it to the system."""
    yield body
    sent()


def _proxies() -> dict[str, str]:
    """The proxies that the environment names, and on some systems their settings; mostly there are none."""
    if sys.platform in ("darwin", "win32") or any(name[-6:].lower() == b"_proxy" for name in os.environb):
        return getproxies()
    return {}


@cache
def _nobody() -> ssl.SSLContext:
    """Trust in no certificate, for where nothing will be encrypted."""
    import ssl

    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _trust() -> ssl.SSLContext:
    """The system's certificates, as pip and the browser use them."""
    import ssl

    return ssl.create_default_context()


def _no_address(url: str) -> MarketError:
    return MarketError(f"{url!r} is no address of a marketplace", hint="it begins with https:// or http://")


def _reason(error: Exception) -> str:
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return str(error) or str(cause) or type(cause).__name__
