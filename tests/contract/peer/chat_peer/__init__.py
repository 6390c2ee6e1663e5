"""Speaks when it is told to, and looks into its own storage."""

import asyncio
import json

from jackfield import Context, command


@command("peer speak")
async def speak(context: Context, source) -> None:
    await context.events.emit("spoke", {"loud": True})
    await source.reply("spoke")


@command("peer look")
async def look(context: Context, source, key: str) -> None:
    await source.reply(json.dumps(await context.storage.get(key)))


class Unfit(Exception):
    """One that nobody else knows."""


class Shouter:
    """Shouts."""

    async def greet(self, name: str, times: int = 1) -> list[str]:
        return [f"HELLO {name.upper()}"] * times


FAILURES: dict[str, BaseException] = {
    "import": ModuleNotFoundError("there is no module abacus"),
    "deep": RecursionError("too deep"),
    "pipe": BrokenPipeError(32, "Broken pipe"),
    "cancelled": asyncio.CancelledError(),
    "own": Unfit("it does not fit"),
}


class Fickle:
    """Fails as it is told to, and returns what it is told to."""

    async def fail(self, how: str) -> None:
        raise FAILURES[how]

    async def give(self, size: int) -> str:
        return "x" * size

    async def thing(self) -> object:
        return object()


def on_enable(context: Context) -> None:
    context.services.provide("shouter", Shouter())
    context.services.provide("fickle", Fickle())
