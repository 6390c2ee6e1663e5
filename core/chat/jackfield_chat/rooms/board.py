"""Putting a message where everyone sees it: into the history and onto every open page."""

from dataclasses import replace
from time import monotonic

from jackfield.permissions import shown_text
from jackfield_chat_api import Message

from jackfield_chat.rooms.history import RoomError, Rooms
from jackfield_chat.rooms.presence import Event, Presence

POSTS_AT_ONCE = 500
POSTS_PER_SECOND = 50
"""Of one plugin: each is kept for good and told to every page, which is dropped where it cannot follow."""


class Board:
    """Keeps messages and shows them.

    Args:
        rooms: the history.
        presence: who is there to see them.
    """

    def __init__(self, rooms: Rooms, presence: Presence) -> None:
        self.rooms = rooms
        self.presence = presence
        self._left: dict[str, tuple[float, float]] = {}
        """By plugin: how many it may post, and when that was so."""

    def post(self, message: Message, *, plugin: str | None = None) -> Message:
        """Keep a message and show it in its room.

        Args:
            message: what to post; its number is given here.
            plugin: the id of the plugin that wrote it, or None for a member. Stamped here and nowhere else, so that
                nobody can write under a plugin's name by sending metadata (C17).

        Raises:
            RoomError: there is no such room, the text is empty or too long, or the plugin posts too much.
        """
        if plugin is not None:
            self._require_room_for(plugin)
            message = replace(message, text=shown_text(message.text, lines=True))
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

    def _require_room_for(self, plugin: str) -> None:
        now = monotonic()
        left, at = self._left.get(plugin, (float(POSTS_AT_ONCE), now))
        left = min(POSTS_AT_ONCE, left + (now - at) * POSTS_PER_SECOND)
        self._left[plugin] = (max(left - 1, left % 1), now)
        if left < 1:
            raise RoomError(
                f"{plugin} posts more than {POSTS_PER_SECOND} messages a second: this one is not kept", plugin=plugin
            )


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
