"""Poll 2: the first version's poll, and below it who voted. The data that storage keeps has not changed."""

from chat_poll import Poll as FirstPoll
from jackfield.api import Component, List, Text


class Poll(FirstPoll):
    """The poll, with the names of the members; it is asked for in plugin.toml as members:read."""

    async def draw(self) -> Component:  # type: ignore[override]  # a component may be drawn by def or async def
        """Draw what the first version drew, and the turnout."""
        drawn = super().draw()
        if self.ballot is None:
            return drawn
        members = [member.name for member in await self.context.api.members.list()]
        voted = [name for name in members if name in self.ballot.votes]
        waiting = [name for name in members if name not in self.ballot.votes]
        turnout = f"Voted: {', '.join(voted) or 'nobody'}. Not yet: {', '.join(waiting) or 'nobody'}."
        return List((drawn, Text(turnout)))
