"""Connections to other computers, as a protocol: the host makes them, for every isolation in the same way."""

import socket
from typing import Protocol


class Network(Protocol):
    """Connections by TCP: each needs `network:connect`, with it among the `hosts` (`irc.example.org:6697`).

    Addresses of the own computer and of private networks are refused unless the permission names that very address
    (`127.0.0.1:6667`), whatever a name leads to.
    """

    async def connect(self, host: str, port: int, *, timeout_seconds: float = 30.0) -> socket.socket:
        """Return a connected socket that does not block, to be used by asyncio; it is closed with the plugin.

            reader, writer = await asyncio.open_connection(sock=await context.network.connect("irc.example.org", 6667))

        In a worker it is made by the host, which hands the connection over: it cannot be connected anew. A plugin that
        connected to its host by itself has no way to be handed one, and connects by itself.

        Args:
            host: a name, or an address without brackets; a name is resolved once, and what was checked is connected to.
            port: 1 to 65535.
            timeout_seconds: for all of it; at most 120.

        Raises:
            PermissionDenied: it was not granted, or leads into a private network.
            NetworkError: nobody answered in time.
            UsageError: it is no port or time, or this plugin can be handed no connection.
            PluginError: the plugin is not enabled.
        """
        ...
