"""What the chat and its plugins hand each other: messages, rooms and members."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a room.

    It crosses to a plugin's own process unchanged: every field is a builtin or a datetime.

    Args:
        id: the message's number in the history, rising; 0 until it is stored.
        room: the name of the room, e.g. "lobby".
        author: the name of the member who wrote it, or the name of the plugin.
        text: what was written, at most 8000 characters.
        sent_at: when, in UTC.
        metadata: what else is known; `metadata["plugin"]` is the id of the plugin that wrote it (C17) and is set by
            the chat, never by the plugin.
    """

    id: int
    room: str
    author: str
    text: str
    sent_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def with_text(self, text: str) -> "Message":
        """Return the same message with another text: what a filter returns (S6 to S8)."""
        return replace(self, text=text)


@dataclass(frozen=True, slots=True)
class Room:
    """A room of the chat.

    Args:
        name: what addresses it, e.g. "lobby": lower-case letters, digits and hyphens.
        topic: one line that says what the room is for; may be empty.
    """

    name: str
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A person who has an account.

    Args:
        name: the name that the others see; unique.
        role: one of guest, user, helper, admin, owner (U17).
        online: whether a page or client of theirs is connected.
    """

    name: str
    role: str = "user"
    online: bool = False
