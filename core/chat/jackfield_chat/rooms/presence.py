"""Who is connected, in which room, and how to reach them."""

import asyncio
from collections.abc import Iterable, Mapping

MOST_WAITING = 256  # events kept for a connection that reads slowly, before it is dropped

Event = Mapping[str, object]

_WHOLE = frozenset({"boxes", "menu"})
"""Events that say all there is of something, so that the last one makes those before it worthless."""


class Connection:
    """One open page or client of a member.

    Args:
        member: the name of whoever is signed in.
        session: what tells their session from others; the connection ends with it.
    """

    def __init__(self, member: str, session: bytes = b"") -> None:
        self.member = member
        self.session = session
        self.signed_out = False
        self.room: str | None = None
        self._events: asyncio.Queue[Event | str | None] = asyncio.Queue(MOST_WAITING)
        self._latest: dict[str, Event] = {}
        self._open = True

    def send(self, event: Event) -> None:
        """Hand over an event without waiting; a connection that does not keep up is closed.

        Of what tells a whole page anew only the last one waits: who reads slowly would have the chat keep them all.
        """
        if not self._open:
            return
        kind = str(event.get("type"))
        waits = kind in self._latest
        if kind in _WHOLE:
            self._latest[kind] = event
        if waits:
            return
        try:
            self._events.put_nowait(kind if kind in _WHOLE else event)
        except asyncio.QueueFull:
            self.close()

    def close(self) -> None:
        """End the connection after what is waiting was dropped."""
        self._open = False
        while not self._events.empty():
            self._events.get_nowait()
        self._latest.clear()
        self._events.put_nowait(None)

    def sign_out(self) -> None:
        """End the connection because its session ended."""
        self.signed_out = True
        self.close()

    async def next(self) -> Event | None:
        """Return the next event, or None when the connection is closed."""
        waiting = await self._events.get()
        return self._latest.pop(waiting) if isinstance(waiting, str) else waiting


class Presence:
    """All connections of the chat."""

    def __init__(self) -> None:
        self._connections: set[Connection] = set()

    def enter(self, connection: Connection, room: str | None) -> tuple[str | None, str | None]:
        """Put a connection into a room, or into none.

        Returns:
            the room that its member has left with this, and the room that its member has entered with this; None where
            another connection of the same member was or is there.
        """
        self._connections.add(connection)
        before = connection.room
        if before == room:
            return None, None
        entered = room if room is not None and connection.member not in self.members(room) else None
        connection.room = room
        left = before if before is not None and connection.member not in self.members(before) else None
        return left, entered

    def leave(self, connection: Connection) -> str | None:
        """Forget a connection; return the room that its member has left with this, if any."""
        left, _ = self.enter(connection, None)
        self._connections.discard(connection)
        return left

    def members(self, room: str) -> list[str]:
        """Return the names of who is in a room now, sorted, each once."""
        return sorted({one.member for one in self._connections if one.room == room}, key=str.casefold)

    def online(self) -> set[str]:
        """Return the names of everyone who is connected."""
        return {one.member for one in self._connections}

    def in_rooms(self) -> set[str]:
        """Return the names of everyone who has a room open, and not only another page."""
        return {one.member for one in self._connections if one.room is not None}

    def tell_room(self, room: str, event: Event, *, elsewhere: Event | None = None) -> None:
        """Send an event to everyone in a room, and another one to those who are elsewhere."""
        for connection in list(self._connections):
            if connection.room == room:
                connection.send(event)
            elif elsewhere is not None:
                connection.send(elsewhere)

    def tell_everyone(self, event: Event) -> None:
        """Send an event to every connection."""
        for connection in list(self._connections):
            connection.send(event)

    def tell_members(self, names: Iterable[str], event: Event) -> None:
        """Send an event to every connection of the members of these names."""
        wanted = set(names)
        for connection in list(self._connections):
            if connection.member in wanted:
                connection.send(event)

    def sign_out(self, session: bytes) -> None:
        """End every connection of a session."""
        for connection in list(self._connections):
            if connection.session == session:
                connection.sign_out()

    def close(self) -> None:
        """End every connection."""
        for connection in list(self._connections):
            connection.close()
