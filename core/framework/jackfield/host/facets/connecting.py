"""`context.network`: connections that the host makes for a plugin, to what was granted and as it was checked."""

import asyncio
import socket
from functools import partial

from jackfield.errors import NetworkError, UsageError
from jackfield.host.facets.addresses import addresses_of, allow_host, blaming
from jackfield.host.facets.network import LONGEST_SECONDS, MOST_ADDRESSES
from jackfield.host.facets.own_threads import OwnThreads
from jackfield.host.facets.permits import Permits
from jackfield.runtime import Scope

AT_ONCE = 8
"""Connections of one plugin that are being made at the same time; further ones wait."""

_MOST_PORT = 65535


class PluginNetwork:
    """`context.network` of one plugin.

    Args:
        plugin: its id.
        scope: what open connections belong to.
        permits: its grant.
        threads: in which names are looked up.
    """

    def __init__(self, plugin: str, scope: Scope, permits: Permits, threads: OwnThreads) -> None:
        self._plugin = plugin
        self._scope = scope
        self._permits = permits
        self._threads = threads
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def connect(self, host: str, port: int, *, timeout_seconds: float = 30.0) -> socket.socket:
        """Return a connected socket that does not block; it is closed with the plugin."""
        connection = await self.connected(host, port, timeout_seconds=timeout_seconds)
        allowed = partial(self._permits.may, "network", "connect", _shown(host, port))
        self._scope.begin(f"connection to {host}:{port}", connection.close, allowed=allowed)
        return connection

    def check(self, host: str, port: int) -> bool:
        """Refuse what was not granted; say whether it may be an address of this computer or a private network."""
        if not 0 < port <= _MOST_PORT:
            raise UsageError(f"{port!r} is no port: 1 to {_MOST_PORT}", plugin=self._plugin)
        return allow_host(self._permits, _shown(host, port))

    async def connected(self, host: str, port: int, *, timeout_seconds: float = 30.0) -> socket.socket:
        """Return a connected socket that belongs to who asked.

        Raises:
            PluginError: the plugin is not enabled, or no more.
            PermissionDenied: it may not, or may no more: names and hosts take their time, and grants change meanwhile.
            NetworkError: nobody answered in time.
        """
        if not 0 < timeout_seconds <= LONGEST_SECONDS:
            raise UsageError(
                f"timeout_seconds is more than 0 and at most {LONGEST_SECONDS:g}, not {timeout_seconds!r}",
                plugin=self._plugin,
            )
        self._scope.require_open(f"connection to {host}:{port}")
        private = self.check(host, port)
        try:
            with blaming(self._permits):
                async with self._turns, asyncio.timeout(timeout_seconds):
                    connection = await _connected(host, port, private=private, threads=self._threads)
        except TimeoutError:
            raise NetworkError(
                f"{_shown(host, port)} did not answer within {timeout_seconds:g} s", plugin=self._plugin
            ) from None
        try:
            self._require_still(host, port, private=private)
        except BaseException:
            connection.close()
            raise
        return connection

    def _require_still(self, host: str, port: int, *, private: bool) -> None:
        """Refuse a connection that the plugin would not be allowed to begin now.

        Args:
            host: as it was asked for.
            port: likewise.
            private: whether it may lead into a private network, as it was granted when the connection was begun.
        """
        self._scope.require_open(f"connection to {host}:{port}")
        if not self.check(host, port) and private:
            raise self._permits.refusal("network", "connect", _shown(host, port))


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _connected(host: str, port: int, *, private: bool, threads: OwnThreads) -> socket.socket:
    """Resolve a name once, and connect to an address that was checked; a name would be resolved a second time."""
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    found = await addresses_of(host, port, private=private, threads=threads)
    for address in found[:MOST_ADDRESSES]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            connection = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        except OSError as error:  # a system without IPv6, or no more files
            failure = error
            continue
        connection.setblocking(False)
        try:
            await loop.sock_connect(connection, (address, port))
        except OSError as error:
            connection.close()
            failure = error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise NetworkError(
        f"{_shown(host, port)} cannot be reached: {failure.strerror or failure if failure else 'no address'}"
    )
