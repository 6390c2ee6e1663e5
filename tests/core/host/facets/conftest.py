"""A plugin's requests beside a server, and a resolver that says what a test wants."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import pytest
from jackfield.host.facets.http import PluginHttp
from jackfield.host.facets.network import Fetcher
from jackfield.host.facets.own_threads import OwnThreads
from jackfield.host.facets.permits import Permits
from jackfield.permissions import Grant, Permission
from jackfield.runtime import Scope

from tests.support.http_server import HttpServer, http_server


class Room:
    """A plugin's `context.http` beside a server."""

    def __init__(self, server: HttpServer, fetcher: Fetcher | None = None) -> None:
        self.server = server
        self.refused: list[str] = []
        self.permissions: tuple[Permission, ...] = ()
        self.grant(f"127.0.0.1:{server.port}")
        permits = Permits("weather", self._grant, lambda _, what: self.refused.append(what))
        self.scope = Scope("weather")
        self.scope.open()
        self.http = PluginHttp("weather", self.scope, permits, fetcher or Fetcher(), OwnThreads("weather"))

    def grant(self, *hosts: str) -> None:
        self.permissions = (Permission("network", ("connect",), hosts=hosts),)

    def _grant(self) -> Grant:
        return Grant("weather", "file", None, self.permissions)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with http_server() as server:
        yield Room(server)


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names and where the system's resolver says they lead; others are asked of the system."""
    names: dict[str, list[str]] = {}
    system = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *arguments: object, **named: object) -> object:
        if host not in names:
            return system(host, port, *arguments, **named)  # type: ignore[arg-type]  # passed through
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in names[host]]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names
