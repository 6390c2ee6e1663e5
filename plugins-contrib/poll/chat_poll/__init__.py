"""`!poll Tea? | yes | no` asks the room, `!vote 1` or a press in the sidebar answers, `!poll close` posts the votes."""

from collections.abc import Mapping
from typing import Annotated, Any

from jackfield import Plugin, command
from jackfield.api import Button, Chart, Component, Integer, List, Text
from jackfield.api import CommandSource as Source

from chat_poll.ballot import MOST_ANSWERS, Ballot, BallotError

COMPONENT = "poll"


class Poll(Plugin):
    """Keeps one running poll, and stores every change of it: it survives a restart, an update and a rollback."""

    ballot: Ballot | None = None

    async def on_enable(self) -> None:
        """Take up the poll that was running, and show it; the component goes by itself when the plugin is disabled."""
        kept = await self.context.storage.get("running")
        self.ballot = Ballot.from_mapping(kept) if kept else None
        self.context.ui.add_component(COMPONENT, self.draw, on_action=self.press)

    @command("poll")
    async def ask(self, source: Source, text: str) -> None:
        """Ask the room."""
        if self.ballot is not None:
            await source.reply(f"a poll is running: {self.ballot.question} · end it with: !poll close")
            return
        try:
            ballot = Ballot.parse(source.room or "", text)
        except BallotError as problem:
            await source.reply(str(problem))
            return
        await self._change(ballot)
        answers = ", ".join(f"{number} {answer}" for number, answer in enumerate(ballot.answers, 1))
        await self._post(source, ballot, f"{source.user} asks: {ballot.question} · vote: {answers}")

    @command("poll close")
    async def close(self, source: Source) -> None:
        """End the poll and post the result."""
        ballot = self.ballot
        if ballot is None:
            await source.reply("no poll is running")
            return
        await self._change(None)
        await self._post(source, ballot, f"result: {ballot.result()}")

    @command("vote")
    async def vote(self, source: Source, number: Annotated[int, Integer(1, MOST_ANSWERS)]) -> None:
        """Vote for an answer, or change your vote."""
        await source.reply(await self._vote(source.user, number))

    async def press(self, action: str, values: Mapping[str, Any], user: str) -> None:
        """Count a press on a button of the sidebar."""
        if action == "vote":
            await self._vote(user, int(values["number"]))

    def draw(self) -> Component:
        """Draw the running poll: what is asked, a button for each answer, the votes so far."""
        ballot = self.ballot
        if ballot is None:
            return Text("No poll is running. Ask with: !poll Tea? | yes | no")
        buttons = [Button(answer, "vote", (("number", number),)) for number, answer in enumerate(ballot.answers, 1)]
        votes = Chart(ballot.answers, tuple(map(float, ballot.counts())))
        return List((Text(ballot.question), *buttons, votes))

    async def _vote(self, user: str, number: int) -> str:
        """Count a vote and return the sentence that tells its voter."""
        if self.ballot is None:
            return "no poll is running"
        try:
            ballot = self.ballot.vote(user, number)
        except BallotError as problem:
            return str(problem)
        await self._change(ballot)
        return f"{user} voted. {ballot.result()}"

    async def _change(self, ballot: Ballot | None) -> None:
        """Make this the running poll, store it, and have the sidebar drawn again."""
        # Memory first, without a wait between reading and writing it: of two votes at once, both count.
        self.ballot = ballot
        await self.context.storage.set("running", ballot.to_mapping() if ballot else None)
        self.context.ui.refresh(COMPONENT)

    async def _post(self, source: Source, ballot: Ballot, text: str) -> None:
        """Write in the room of the poll, or answer the source where there is no room."""
        if ballot.room:
            await self.context.api.messages.send(ballot.room, text)
        else:
            await source.reply(text)
