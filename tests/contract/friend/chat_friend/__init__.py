"""Speaks when it is told to; whoever requires it may hear it."""

import json
from dataclasses import dataclass
from typing import Protocol

from jackfield import Context, command


@command("friend speak")
async def speak(context: Context, source, data: str = "{}") -> None:
    await context.events.emit("spoke", json.loads(data))
    await source.reply("spoke")


class Greeter:
    """Greets, in its own name."""

    async def greet(self, name: str, times: int = 1) -> list[str]:
        return [f"hello {name}"] * times


@dataclass
class Spoken:
    text: str
    times: int = 1


class Answering(Protocol):
    async def answer(self, said: Spoken) -> Spoken: ...


class Answers:
    """Answers what was said, in the type of its own."""

    async def answer(self, said: Spoken) -> Spoken:
        return Spoken(f"{said.text} yourself", said.times + 1)


def on_enable(context: Context) -> None:
    context.services.provide("greeter", Greeter())
    context.services.provide(Answering, Answers())
