"""Requests by HTTP for plugins: every hop checked before it is made, sizes and times bounded (security.md, Network).

Each hop has a connection of its own that ends with it: none made for one plugin, or one name, serves another. Neither
cookies nor proxies nor credentials of the host are used; with a proxy it would be the proxy that resolves names, and
nothing here could be promised of addresses.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin

from jackfield.api import Response
from jackfield.errors import NetworkError, UsageError
from jackfield.host.facets.addresses import addresses_of
from jackfield.host.facets.own_threads import OwnThreads
from jackfield.host.facets.portions import Head, Pieces, in_turns

if TYPE_CHECKING:
    import ssl

    import httpx

T = TypeVar("T")

LONGEST_SECONDS = 120.0
MOST_BYTES = 64 * 1024 * 1024
MOST_REDIRECTS = 20
MOST_ADDRESSES = 3
"""Of one host that are tried."""

_METHOD = re.compile(r"[A-Z]{3,20}")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SEE_OTHER = 303
_OURS = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
_SECRET = frozenset({"authorization", "cookie"})
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent.

    Args:
        method: in upper case.
        url: absolute.
        headers: name and value, as they are sent.
        body: empty for none.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an answer may take.

    Args:
        seconds: everything, redirects included.
        longest_bytes: of the body.
        redirects: how many are followed.
        pieces: those that the answers of one plugin may come in, shared by all its requests.
    """

    seconds: float = 30.0
    longest_bytes: int = 10 * 1024 * 1024
    redirects: int = 5
    pieces: Pieces = field(default_factory=Pieces)


class Fetcher:
    """Does requests. One for a host; httpx and the certificates are loaded with the first of them.

    Args:
        certificates: makes what servers' certificates are held against; None: the system's, as pip and browsers use.
    """

    def __init__(self, certificates: "Callable[[], ssl.SSLContext] | None" = None) -> None:
        self._certificates = certificates or _system_certificates
        self._trust: ssl.SSLContext | None = None

    async def fetch(
        self, request: Request, bounds: Bounds, allow: Callable[[str], bool], threads: OwnThreads
    ) -> Response:
        """Return the answer to a request, after redirects.

        Args:
            request: what is sent.
            bounds: what the answer may take.
            allow: called with each host, `name:port`, before anything is done with it: raises where it was not
                granted, and says whether it may lead into a private network.
            threads: in which names are looked up.

        Raises:
            PermissionDenied: a host was not granted, or leads into a private network.
            NetworkError: nobody answered, in time and within the bounds.
            UsageError: the request itself is wrong.
        """
        _require_sound(request, bounds)
        try:
            async with asyncio.timeout(bounds.seconds):
                return await self._follow(request, bounds, allow, threads)
        except TimeoutError:
            raise NetworkError(f"{_shown(request.url)} did not answer within {bounds.seconds:g} s") from None

    async def _follow(
        self, request: Request, bounds: Bounds, allow: Callable[[str], bool], threads: OwnThreads
    ) -> Response:
        left = bounds.redirects
        while True:
            answer = await self._hop(request, bounds, allow, threads)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or location is None or not bounds.redirects:
                return answer
            if not left:
                raise NetworkError(f"{_shown(request.url)} redirects for the {bounds.redirects + 1}th time")
            left -= 1
            request = _redirected(request, answer.status, location)

    async def _hop(
        self, request: Request, bounds: Bounds, allow: Callable[[str], bool], threads: OwnThreads
    ) -> Response:
        import httpx

        url = _parsed(request.url)
        host = url.raw_host.decode("ascii")
        port = url.port or _PORTS[url.scheme]
        private = allow(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        addresses = await addresses_of(host, port, private=private, threads=threads)
        trust = await self._trusted() if url.scheme == "https" else False
        failure = ""
        for address in addresses[:MOST_ADDRESSES]:
            head = Head(_shown(request.url))
            # the address that was checked, and the name for the server's certificate and for the server itself
            asked = httpx.Request(
                request.method,
                url.copy_with(host=address, fragment=None),
                headers=[("host", url.netloc.decode("ascii")), *request.headers, *_usual(request.headers)],
                content=request.body or None,
                extensions={
                    "sni_hostname": host,
                    "trace": head.follow,
                    "timeout": dict.fromkeys(("connect", "read", "write", "pool"), bounds.seconds),
                },
            )
            async with httpx.AsyncHTTPTransport(verify=trust, trust_env=False) as transport:
                try:
                    return await _answer(transport, asked, request.url, bounds, head)
                except httpx.ConnectError as error:
                    failure = str(error)  # the next address, if there is one
                except httpx.LocalProtocolError as error:
                    raise UsageError(f"{_shown(request.url)}: {error}") from None
                except httpx.TransportError as error:
                    raise NetworkError(
                        f"{_shown(request.url)} broke off: {str(error) or type(error).__name__}"
                    ) from None
        raise NetworkError(f"{_shown(request.url)} cannot be reached: {failure}")

    async def _trusted(self) -> "ssl.SSLContext":
        if self._trust is None:
            self._trust = await asyncio.to_thread(self._certificates)  # reading them takes longer than many an answer
        return self._trust


async def _answer(
    transport: "httpx.AsyncHTTPTransport", asked: "httpx.Request", url: str, bounds: Bounds, head: Head
) -> Response:
    response = await transport.handle_async_request(asked)
    head.ends()
    try:
        body = bytearray()
        async for chunk in in_turns(response.stream, bounds.pieces):  # type: ignore[arg-type]  # of an asynchronous one
            body += chunk
            if len(body) > bounds.longest_bytes:
                raise NetworkError(f"the answer of {_shown(url)} is larger than {bounds.longest_bytes} bytes")
    finally:
        await response.aclose()
    headers: dict[str, str] = {}
    for name, value in response.headers.multi_items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Response(response.status_code, url, headers, bytes(body))


def _redirected(request: Request, status: int, location: str) -> Request:
    """The request that a redirect asks for (RFC 9110, 15.4): secrets stay with the host they were meant for."""
    before = _parsed(request.url)
    try:
        url = urljoin(request.url, location)
        after = _parsed(url)
    except (UsageError, ValueError) as error:  # the server's mistake, and not that of who asked
        told = error.message if isinstance(error, UsageError) else str(error)
        raise NetworkError(f"{_shown(request.url)} redirects to nowhere: {told}") from None
    if before.scheme == "https" and after.scheme != "https":
        raise NetworkError(f"{_shown(request.url)} redirects to {_shown(url)}, which is not encrypted")
    if (before.host, before.port) != (after.host, after.port):
        request = replace(request, headers=tuple(one for one in request.headers if one[0].lower() not in _SECRET))
    to_get = status == _SEE_OTHER or (status in (301, 302) and request.method == "POST")
    if to_get and request.method != "HEAD":
        kept = tuple(one for one in request.headers if not one[0].lower().startswith("content-"))
        return Request("GET", url, kept)
    return replace(request, url=url)


def _require_sound(request: Request, bounds: Bounds) -> None:
    if not _METHOD.fullmatch(request.method) or request.method in ("CONNECT", "TRACE"):
        raise UsageError(f"{request.method!r} is no method of a request")
    for name, _ in request.headers:
        read_as = name.lower().replace("_", "-")  # many a server takes the one for the other, as CGI did
        if read_as in _OURS or read_as.startswith("proxy-"):
            raise UsageError(f"the header {name} is the host's to send")
    if not all(one.isascii() for header in request.headers for one in header):
        raise UsageError("a header holds ASCII alone", hint="percent-encode other characters (RFC 8187)")
    if not 0 <= bounds.redirects <= MOST_REDIRECTS:
        raise UsageError(f"redirects is 0 to {MOST_REDIRECTS}, not {bounds.redirects!r}")
    if not 0 < bounds.seconds <= LONGEST_SECONDS:
        raise UsageError(f"timeout_seconds is more than 0 and at most {LONGEST_SECONDS:g}, not {bounds.seconds!r}")
    if not 0 < bounds.longest_bytes <= MOST_BYTES:
        raise UsageError(f"longest_bytes is more than 0 and at most {MOST_BYTES}, not {bounds.longest_bytes!r}")
    _parsed(request.url)


def _parsed(text: str) -> "httpx.URL":
    """Return an address that can be asked.

    Raises:
        UsageError: it is none, or carries a password, which belongs into a header.
    """
    import httpx

    try:
        url = httpx.URL(text)
        host = url.host  # reads it again, where it is written in Punycode
    except (httpx.InvalidURL, TypeError, UnicodeError) as error:
        raise UsageError(f"{str(text)[:80]!r} is no URL: {error}") from None
    if url.scheme not in _PORTS or not host:
        raise UsageError(f"{_shown(text)!r} is no URL that begins with https:// or http://")
    if "%" in host and ":" not in host:  # httpx encodes what no name holds, as of `http://[`
        raise UsageError(f"{_shown(text)!r} is no URL: {host!r} names no computer")
    if url.userinfo:
        raise UsageError(f"{_shown(text)!r}: a name or password in a URL", hint="send an Authorization header")
    return url


def _usual(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """The headers that are sent unless the plugin has its own.

    No compression is asked for: a few bytes could become gigabytes while they are unpacked.
    """
    given = {name.lower() for name, _ in headers}
    usual = (("user-agent", "jackfield"), ("accept", "*/*"), ("accept-encoding", "identity"))
    return [one for one in usual if one[0] not in given]


def _shown(url: str) -> str:
    """A URL without its query and password, which may be secrets."""
    text = str(url).partition("?")[0].partition("#")[0]
    scheme, separator, rest = text.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"[:200]


def _system_certificates() -> "ssl.SSLContext":
    import ssl

    return ssl.create_default_context()
