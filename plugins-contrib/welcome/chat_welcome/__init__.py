"""Greets whoever enters a room for the first time."""

from jackfield import Plugin
from jackfield_chat_api import Member, Room, hookimpl


class Welcome(Plugin):
    """Listens for members, remembers whom it has greeted, and lets the owner choose the words."""

    @hookimpl
    async def member_joined(self, room: Room, member: Member) -> None:
        """Greet a member the first time that they enter a room."""
        key = f"greeted/{room.name}/{member.name}"
        greeting = str(self.context.settings.get("greeting"))
        if not greeting or await self.context.storage.get(key):
            return
        # Remembered first: a greeting that is lost is a smaller nuisance than one that comes at every visit.
        await self.context.storage.set(key, True)
        # str.replace, not str.format: the owner's text must not reach into attributes ({name.__class__}).
        text = greeting.replace("{room}", room.name).replace("{name}", member.name)
        await self.context.api.messages.send(room.name, text)
