"""Speaks when it is told to, and looks into its own storage."""

import json

from jackfield import Context, command


@command("peer speak")
async def speak(context: Context, source) -> None:
    await context.events.emit("spoke", {"loud": True})
    await source.reply("spoke")


@command("peer look")
async def look(context: Context, source, key: str) -> None:
    await source.reply(json.dumps(await context.storage.get(key)))


class Shouter:
    """Shouts."""

    async def greet(self, name: str, times: int = 1) -> list[str]:
        return [f"HELLO {name.upper()}"] * times


def on_enable(context: Context) -> None:
    context.services.provide("shouter", Shouter())
