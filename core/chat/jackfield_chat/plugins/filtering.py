"""What plugins made of a member's message, taken only where it can be kept: whatever they do, people can talk."""

import json
import logging
from collections.abc import Mapping

from jackfield_chat_api import Message

from jackfield_chat.rooms import RoomError, Rooms

LARGEST_METADATA_BYTES = 16 * 1024
"""As JSON, of one message: the history keeps it for good."""

logger = logging.getLogger("jackfield_chat")


def kept(made: object, before: Message) -> Message:
    """Return what a pipeline made of a message, or the message before where nobody could keep or show that.

    Args:
        made: what the pipeline returned; a plugin can return anything.
        before: the message as it went in.
    """
    wrong = _wrong(made, before)
    if isinstance(made, Message) and not wrong:
        return made
    logger.warning("a plugin made of a message %s; it goes on as it was", wrong)
    return before


def _wrong(made: object, before: Message) -> str:
    """Say why it cannot be kept; empty where it can."""
    if not isinstance(made, Message):
        return f"what is none: {type(made).__name__}"
    text: object = made.text  # annotations bind nobody
    metadata: object = made.metadata
    if not isinstance(text, str) or not isinstance(metadata, Mapping):
        return f"one of {type(text).__name__} with {type(metadata).__name__}"
    if text != before.text:
        try:
            Rooms.check_text(text)
        except RoomError as error:
            return f"one that cannot be: {error}"
    try:
        size = len(json.dumps(dict(metadata), default=str))
    except (TypeError, ValueError, RecursionError):  # keys that JSON has not, or a circle
        return "one with metadata that are no JSON"
    return f"one with {size} bytes of metadata" if size > LARGEST_METADATA_BYTES else ""
