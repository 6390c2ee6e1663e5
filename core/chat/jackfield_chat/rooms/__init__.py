"""Rooms, members and messages."""

from jackfield_chat.rooms.board import Board, message_event
from jackfield_chat.rooms.history import LOBBY, LONGEST_MESSAGE, RoomError, Rooms
from jackfield_chat.rooms.presence import Connection, Event, Presence

__all__ = [
    "LOBBY",
    "LONGEST_MESSAGE",
    "Board",
    "Connection",
    "Event",
    "Presence",
    "RoomError",
    "Rooms",
    "message_event",
]
