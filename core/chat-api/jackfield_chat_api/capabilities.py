"""What a plugin finds at `context.api`: the chat's own capabilities.

Each call checks its permission when it is made and raises `jackfield.PermissionDenied` when the grant is missing.
"""

from typing import Protocol

from jackfield_chat_api.messages import Member, Message, Room


class Messages(Protocol):
    """Reading and writing in rooms."""

    async def send(self, room: Room | str, text: str) -> Message:
        """Write in a room; needs messages:send.

        The message carries the plugin's id in `metadata["plugin"]` (C17) and is shown under the plugin's name.

        Raises:
            PermissionDenied: the plugin may not messages:send.
            JackfieldError: there is no such room, or the text is empty or longer than 8000 characters.
        """

    async def recent(self, room: Room | str, limit: int = 50) -> list[Message]:
        """Return the last messages of a room, oldest first, at most 200; needs messages:read."""


class Rooms(Protocol):
    """The rooms of the chat."""

    async def list(self) -> list[Room]:
        """Return every room, by name; needs rooms:read."""


class Members(Protocol):
    """The people of the chat."""

    async def list(self, room: Room | str | None = None) -> list[Member]:
        """Return who is in a room now, or everyone with an account; by name; needs members:read."""


class ChatApi(Protocol):
    """The type of `context.api` in the chat."""

    @property
    def messages(self) -> Messages:
        """Reading and writing in rooms."""

    @property
    def rooms(self) -> Rooms:
        """The rooms of the chat."""

    @property
    def members(self) -> Members:
        """The people of the chat."""
