"""Putting a message where everyone sees it: into the history and onto every open page."""

from dataclasses import replace

from jackfield_chat_api import Message

from jackfield_chat.rooms.history import Rooms
from jackfield_chat.rooms.presence import Event, Presence


class Board:
    """Keeps messages and shows them.

    Args:
        rooms: the history.
        presence: who is there to see them.
    """

    def __init__(self, rooms: Rooms, presence: Presence) -> None:
        self.rooms = rooms
        self.presence = presence

    def post(self, message: Message, *, plugin: str | None = None) -> Message:
        """Keep a message and show it in its room.

        Args:
            message: what to post; its number is given here.
            plugin: the id of the plugin that wrote it, or None for a member. Stamped here and nowhere else, so that
                nobody can write under a plugin's name by sending metadata (C17).

        Raises:
            RoomError: there is no such room, or the text is empty or too long.
        """
        metadata = {key: value for key, value in message.metadata.items() if key != "plugin"}
        if plugin is not None:
            metadata["plugin"] = plugin
        posted = self.rooms.add(replace(message, metadata=metadata))
        self.presence.tell_room(
            posted.room,
            {"type": "message", "message": message_event(posted)},
            elsewhere={"type": "unread", "room": posted.room},
        )
        return posted


def message_event(message: Message) -> Event:
    """Return a message as pages and clients receive it."""
    plugin = message.metadata.get("plugin")
    return {
        "id": message.id,
        "room": message.room,
        "author": message.author,
        "text": message.text,
        "sent_at": message.sent_at.isoformat(timespec="seconds"),
        "plugin": plugin if isinstance(plugin, str) else None,
    }
