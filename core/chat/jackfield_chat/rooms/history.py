"""The rooms and what was said in them."""

import json
import re
import sqlite3
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from jackfield.errors import JackfieldError
from jackfield_chat_api import Message, Room

from jackfield_chat.db import Database

LOBBY = "lobby"
LONGEST_MESSAGE = 8000
LONGEST_TOPIC = 120
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_LONGEST_NAME = 32


class RoomError(JackfieldError):
    """A room or message that cannot be: an unknown room, a name that is taken, an empty text."""


class Rooms:
    """The rooms of one chat and their messages.

    The lobby is made with the database, so that there is always a room.

    Args:
        database: where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._database.run(
            "INSERT OR IGNORE INTO rooms (name, topic, created_at) VALUES (?, ?, ?)",
            (LOBBY, "Where everybody starts", time.time()),
        )

    def all(self) -> list[Room]:
        """Return every room: the lobby first, the others by name."""
        rows = self._database.rows("SELECT name, topic FROM rooms ORDER BY name <> ?, name", (LOBBY,))
        return [Room(row["name"], row["topic"]) for row in rows]

    def get(self, name: str) -> Room:
        """Return the room of that name.

        Raises:
            RoomError: there is none.
        """
        try:
            name.encode()
        except UnicodeEncodeError as exc:  # half of a pair, which JSON can carry and no room is called
            raise RoomError("there is no room of a name that holds a broken character") from exc
        row = self._database.row("SELECT name, topic FROM rooms WHERE name = ?", (name,))
        if row is None:
            raise RoomError(f"there is no room {name}")
        return Room(row["name"], row["topic"])

    def create(self, name: str, topic: str = "") -> Room:
        """Make a room.

        Args:
            name: 1 to 32 lower-case letters, digits and single hyphens between them; a leading `#` is dropped.
            topic: one line, at most 120 characters.

        Raises:
            RoomError: the name is malformed or taken, or the topic is too long.
        """
        name = name.strip().removeprefix("#")
        topic = " ".join(topic.split())
        if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
            raise RoomError("Choose 1 to 32 lower-case letters, digits and hyphens.")
        if len(topic) > LONGEST_TOPIC:
            raise RoomError(f"A topic has at most {LONGEST_TOPIC} characters.")
        try:
            self._database.run(
                "INSERT INTO rooms (name, topic, created_at) VALUES (?, ?, ?)", (name, topic, time.time())
            )
        except sqlite3.IntegrityError as exc:
            raise RoomError(f"There is a room {name} already.") from exc
        return Room(name, topic)

    def add(self, message: Message) -> Message:
        """Keep a message; return it with its number.

        Raises:
            RoomError: there is no such room, or the text is empty or too long.
        """
        self.check_text(message.text)
        self.get(message.room)
        number = self._database.run(
            "INSERT INTO messages (room, author, text, sent_at, metadata) VALUES (?, ?, ?, ?, ?)",
            (
                message.room,
                message.author,
                message.text,
                message.sent_at.timestamp(),
                json.dumps(dict(message.metadata), default=str),
            ),
        )
        return Message(number, message.room, message.author, message.text, message.sent_at, message.metadata)

    def recent(self, room: str, *, limit: int = 50, before: int | None = None) -> list[Message]:
        """Return the last messages of a room, oldest first.

        Args:
            room: the room's name.
            limit: how many at most.
            before: only messages with a smaller number than this.
        """
        rows = self._database.rows(
            "SELECT * FROM messages WHERE room = ? AND id < ? ORDER BY id DESC LIMIT ?",
            (room, before if before is not None else 2**62, limit),
        )
        return [_message(row) for row in reversed(rows)]

    @staticmethod
    def check_text(text: str) -> None:
        """Refuse a text that cannot be a message.

        Raises:
            RoomError: it is empty, longer than 8000 characters, or no Unicode text.
        """
        try:
            text.encode()
        except UnicodeEncodeError as exc:  # half of a pair, which JSON can carry and nothing can show
            raise RoomError("The message holds a character that cannot be kept.") from exc
        if not text.strip():
            raise RoomError("The message is empty.")
        if len(text) > LONGEST_MESSAGE:
            raise RoomError(f"The message has {len(text)} characters; at most {LONGEST_MESSAGE} can be sent at once.")


def _message(row: sqlite3.Row) -> Message:
    metadata: Mapping[str, object] = json.loads(row["metadata"])
    sent_at = datetime.fromtimestamp(row["sent_at"], UTC)
    return Message(row["id"], row["room"], row["author"], row["text"], sent_at, metadata)
