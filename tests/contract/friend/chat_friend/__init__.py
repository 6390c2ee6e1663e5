"""Speaks when it is told to; whoever requires it may hear it."""

import json

from jackfield import Context, command


@command("friend speak")
async def speak(context: Context, source, data: str = "{}") -> None:
    await context.events.emit("spoke", json.loads(data))
    await source.reply("spoke")


class Greeter:
    """Greets, in its own name."""

    async def greet(self, name: str, times: int = 1) -> list[str]:
        return [f"hello {name}"] * times


def on_enable(context: Context) -> None:
    context.services.provide("greeter", Greeter())
