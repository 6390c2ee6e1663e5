"""The index to which a marketplace sends us for libraries that it does not hold: one place, announced, and no further.

A redirect is followed only from a project page, only to the page of the same project, and only at the upstream that the
marketplace named first. What comes from there is a library, never a plugin: no marketplace has looked at it.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote, urlsplit

import httpx

from jackfield.errors import MarketError
from jackfield.manifest import File
from jackfield.market.failures import Redirected, shown
from jackfield.market.pages import SIMPLE_JSON, read_page
from jackfield.market.transport import Transport


class Upstream:
    """The upstream of one marketplace.

    Args:
        marketplace: the address of the marketplace that announced it.
        redirect: the announcement.
        transport: another way to its bytes, for tests.
        timeout_seconds: for the beginning of an answer, and for each of its parts.

    Raises:
        MarketError: nothing was announced, or what was announced is no place to go to.
    """

    def __init__(
        self,
        marketplace: str,
        redirect: Redirected,
        *,
        transport: httpx.AsyncBaseTransport | None,
        timeout_seconds: float,
    ) -> None:
        announced = redirect.upstream
        if announced is None:
            raise redirect
        safe = announced.startswith("https://") or (
            announced.startswith("http://") and marketplace.startswith("http://")
        )
        if not safe or not _is_plain(announced):
            raise MarketError(f"{marketplace} names {shown(announced)} as its upstream, which is not to be trusted")
        self._marketplace = marketplace
        self._address = announced
        self.transport = Transport(announced, transport=transport, timeout_seconds=timeout_seconds)

    async def aclose(self) -> None:
        """Close every connection."""
        await self.transport.aclose()

    async def project(self, name: str, redirect: Redirected) -> list[File]:
        """The wheels of a library; empty if the upstream has none.

        Args:
            name: the project, normalised.
            redirect: what the marketplace answered for it.

        Raises:
            MarketError: it leads anywhere but to that project's page, or the upstream fails.
        """
        expected = f"{self._address.rstrip('/')}/{quote(name, safe='')}/"
        if redirect.upstream != self._address or redirect.location != expected:
            raise MarketError(f"{redirect.message}, which is not its page at the upstream {shown(self._address)}")
        body = await self.transport.get(expected, accept=SIMPLE_JSON)
        files = read_page(body, expected, name) if body is not None else []
        return [replace(file, manifest_sha256=None, upstream=self.transport.url) for file in files if file.is_wheel]


def _is_plain(address: str) -> bool:
    """Whether it is an address, and carries no credentials."""
    try:
        return urlsplit(address).username is None
    except ValueError:
        return False
