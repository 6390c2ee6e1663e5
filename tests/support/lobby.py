"""The doors of external plugins without a host behind them: who has shown its key is greeted and asked nothing."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from jackfield.isolation import (
    Arrival,
    Doors,
    External,
    Key,
    Places,
    Reception,
    TemporaryKeys,
    Terminator,
    find_key,
    new_key,
)
from jackfield.rpc import BlockingConnection, Link
from jackfield.rpc.loop import LoopConnection


class Lobby:
    """Doors, a reception and the keys that it knows.

    Args:
        folder: of the profile.
        external: where to listen.
    """

    def __init__(self, folder: Path, external: External) -> None:
        self.places = Places(
            requested_port=folder / "storage" / "requested-plugin-port",
            port=folder / "storage" / "plugin-port",
            socket=folder / "run" / "plugins.sock",
        )
        self.keys: dict[str, Key] = {}
        self.temporary = TemporaryKeys()
        self.arrivals: list[Arrival] = []
        self.connections: list[LoopConnection] = []
        context = external.tls()
        self._terminator = Terminator(context) if context is not None else None
        self.reception = Reception(self._find, self._admit, self._terminator)
        self.doors = Doors(external, self.places, self.reception.receive)

    def new_key(self, plugin: str) -> str:
        """A key that is known here."""
        made = new_key(plugin, by="test")
        self.keys[made.key.number] = made.key
        return made.text

    async def close(self) -> None:
        """Close doors and connections."""
        self.doors.close()
        await self.reception.close()
        for connection in self.connections:
            connection.close("the test is over")
        if self._terminator is not None:
            self._terminator.close()

    def _find(self, text: str) -> Key | None:
        return find_key(text, self.keys) or self.temporary.take(text)

    async def _admit(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)
        self.connections.append(LoopConnection(await arrival.welcome({"plugin": arrival.key.plugin})))


@contextlib.asynccontextmanager
async def lobby(folder: Path, external: External | None = None) -> AsyncIterator[Lobby]:
    """An open lobby."""
    opened = Lobby(folder, external or External())
    opened.doors.open()
    try:
        yield opened
    finally:
        await opened.close()


def knock(place: Lobby | Path) -> socket.socket:
    """A connection to the port of a lobby, or to a unix socket."""
    if isinstance(place, Path):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(str(place))
        return connection
    assert place.doors.port is not None
    return socket.create_connection(("127.0.0.1", place.doors.port), timeout=20)


def greeted(connection: socket.socket, key: str, **told: str) -> tuple[BlockingConnection, dict[str, str]]:
    """Greet with a key; the connection, and what the host's greeting tells."""
    link = Link(connection, lambda _: None, peer="the host")
    driver = BlockingConnection(link)
    return driver, driver.greet({"key": key, **told}, timeout_seconds=20).details
