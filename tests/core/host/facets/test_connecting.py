"""A connection that is under way while the plugin loses what it needs for it: it is closed, and handed to nobody."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest
from jackfield.errors import PermissionDenied, PluginError
from jackfield.host.facets.connecting import PluginNetwork
from jackfield.host.facets.own_threads import OwnThreads
from jackfield.host.facets.permits import Permits
from jackfield.permissions import Grant, Permission
from jackfield.runtime import Scope


class Street:
    """A plugin's `context.network` and a server, and a resolver between them that waits until it may answer."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.setblocking(False)
        self.port = self.server.getsockname()[1]
        self.asked, self.may_answer = threading.Event(), threading.Event()
        self.refused: list[str] = []
        self.permissions: tuple[Permission, ...] = ()
        self.grant(f"127.0.0.1:{self.port}")
        self.scope = Scope("weather")
        self.scope.open()
        permits = Permits("weather", self._grant, lambda _, what: self.refused.append(what))
        self.threads = OwnThreads("weather")
        self.network = PluginNetwork("weather", self.scope, permits, self.threads)

    def grant(self, *hosts: str) -> None:
        self.permissions = (Permission("network", ("connect",), hosts=hosts),) if hosts else ()

    def _grant(self) -> Grant:
        return Grant("weather", "file", None, self.permissions)

    async def under_way(self) -> asyncio.Task[socket.socket]:
        """Begin a connection as a worker does, and return when its name is being resolved."""
        connecting = asyncio.create_task(self.network.connected("127.0.0.1", self.port))
        await asyncio.to_thread(self.asked.wait, 30)
        return connecting

    async def received(self) -> bytes:
        """Return what reaches the server: nothing, once its other end is closed."""
        loop = asyncio.get_running_loop()
        connection, _ = await loop.sock_accept(self.server)
        with connection:
            connection.setblocking(False)
            return await loop.sock_recv(connection, 10)


@pytest.fixture
def street(monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    street = Street()
    system = socket.getaddrinfo

    def getaddrinfo(*arguments: object, **named: object) -> object:
        street.asked.set()
        street.may_answer.wait()
        return system(*arguments, **named)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield street
    street.may_answer.set()
    street.threads.close()
    street.server.close()


@pytest.mark.feature("C6")
@pytest.mark.parametrize("hosts", [(), ("example.org:*",), ("*:*",)], ids=["none", "another", "public alone"])
async def test_one_whose_permission_is_taken_back_is_refused_and_closed(street: Street, hosts: tuple[str, ...]):
    connecting = await street.under_way()
    street.grant(*hosts)
    street.may_answer.set()
    with pytest.raises(PermissionDenied, match=rf"weather may not network:connect 127\.0\.0\.1:{street.port}"):
        await connecting
    assert street.refused == ["network:connect"]
    assert await asyncio.wait_for(street.received(), 30) == b""


async def test_one_of_a_plugin_that_is_disabled_meanwhile_is_closed(street: Street):
    connecting = await street.under_way()
    street.scope.close()
    street.may_answer.set()
    with pytest.raises(PluginError, match="weather is not enabled, so it cannot begin: connection to 127"):
        await connecting
    assert await asyncio.wait_for(street.received(), 30) == b""


async def test_one_that_is_allowed_all_the_time_is_handed_over(street: Street):
    connecting = await street.under_way()
    street.may_answer.set()
    with await connecting as connection:
        connection.send(b"hello")
        assert await asyncio.wait_for(street.received(), 30) == b"hello"
