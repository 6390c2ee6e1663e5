"""What plugins-contrib/echo-js does, in Python."""

from typing import Annotated

from jackfield import Plugin, command
from jackfield.api import Greedy
from jackfield_chat_api import Message, hookimpl


class Echo(Plugin):
    async def on_enable(self) -> None:
        self.heard = await self.context.storage.get("heard", 0)
        self.context.events.on("plugin:echo-js:echoed", self.echoed)

    @hookimpl
    async def message_received(self, message: Message) -> None:
        self.heard += 1
        await self.context.storage.set("heard", self.heard)

    @command("echo", help="Say it again", usage="echo <text>")
    async def echo(self, source, text: Annotated[str, Greedy()]) -> None:
        await source.reply(f"{text} ({self.heard} heard)")
        await self.context.events.emit("echoed", {"text": text})

    def echoed(self, event) -> None:
        self.context.logger.info("echoed %s", event.data["text"])
