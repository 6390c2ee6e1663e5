"""What plain functions of scripts mean in the chat: `on_message_sent(message)` takes a text and returns one (S6, S7).

Such scripts were written for a chat client whose messages were texts. The hooks of this chat hand over `Message`s; a
script that wants one names its function as the hook is named.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping

from jackfield_chat_api import Message

TextFilter = Callable[[str], str | Awaitable[str | None] | None]
MessageFilter = Callable[[Message], Awaitable[Message | None]]


def message_sent(function: TextFilter) -> MessageFilter:
    """Make the hook `message_sent` of a filter of texts (S6)."""

    async def message_sent(message: Message) -> Message | None:
        return await _filtered(function, message)

    return message_sent


def message_received(function: TextFilter) -> MessageFilter:
    """Make the hook `message_received` of a filter of texts (S7)."""

    async def message_received(message: Message) -> Message | None:
        return await _filtered(function, message)

    return message_received


SCRIPT_HOOKS: Mapping[str, Callable[[TextFilter], MessageFilter]] = {
    "on_message_sent": message_sent,
    "on_message_received": message_received,
}
"""A function's name in a script -> what makes the chat's hook of it."""


async def _filtered(function: TextFilter, message: Message) -> Message | None:
    """Hand over the text; None, and whatever else is no text, leaves the message as it is (S9)."""
    text = function(message.text)
    if inspect.isawaitable(text):
        text = await text
    return message.with_text(text) if isinstance(text, str) else None
