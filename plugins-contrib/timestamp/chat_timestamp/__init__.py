"""Puts the time before every message that a member sends (S10)."""

from jackfield import Plugin
from jackfield_chat_api import Message, hookimpl


class Timestamp(Plugin):
    """A filter: it gets each message, and what it returns is what the next plugin gets and the room keeps."""

    @hookimpl
    async def message_sent(self, message: Message) -> Message | None:
        """Return the message with the chat's local time before its text; an empty format leaves it alone."""
        form = str(self.context.settings.get("format"))
        if not form:
            return None
        return message.with_text(f"[{message.sent_at.astimezone():{form}}] {message.text}")
