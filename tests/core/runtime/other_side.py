"""The process of a plugin, as far as its commands go: everything passes through bytes."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from jackfield.api import (
    ArgumentSource,
    CommandSource,
)
from jackfield.host.commands import CommandRegistry
from jackfield.runtime import (
    Arguments,
    FunctionData,
    Restoring,
    describe,
    things_by_name,
)

from tests.support.speakers import People, Person, Speaker, run


class Colour(enum.Enum):
    RED = "red"
    BLUE = 2


@dataclass(frozen=True)
class Visit:
    """A thing of the host's that holds more than texts."""

    name: str
    at: datetime


class Visits:
    """Finds visits."""

    label = "a visit"
    permission = ""

    def resolve(self, text: str, source: CommandSource) -> Visit:
        return Visit(text, datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC))

    def complete(self, prefix: str, source: CommandSource) -> list[str]:
        return []


SOURCES: dict[type, ArgumentSource] = {Person: People(), Visit: Visits()}


class OtherSide:
    """The process of a plugin, as far as its commands go: everything passes through bytes."""

    def __init__(self) -> None:
        self.kept: list[tuple[Callable[..., Any], Arguments | None]] = []
        self.restoring = Restoring(things_by_name(SOURCES), self.complete)

    def keep(self, function: Callable[..., Any], arguments: Arguments | None = None) -> int:
        self.kept.append((function, arguments))
        return len(self.kept) - 1

    async def complete(self, number: int, prefix: str) -> list[str]:
        offered = self.kept[number][0](prefix)
        return list(await offered if inspect.isawaitable(offered) else offered)

    def call(self, number: int) -> Callable[[Any, list[Any], dict[str, Any]], Any]:
        async def call(source: Any, arguments: list[Any], keywords: dict[str, Any]) -> None:
            sent = msgspec.msgpack.decode(msgspec.msgpack.encode([arguments, keywords]))
            function, reading = self.kept[number]
            assert reading is not None
            values, named = reading(*sent)
            result = function(source, *values, **named)
            if inspect.isawaitable(result):
                await result

        return call

    def function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        data, reading = describe(function, self.keep)
        number = self.keep(function, reading)
        data = msgspec.msgpack.decode(msgspec.msgpack.encode(data), type=FunctionData)
        return self.restoring.function(data, self.call(number))


async def answers(handler: Callable[..., Any], *lines: str) -> list[str]:
    """What a host answers to lines, for the function itself or for the one that was made of its description."""
    registry = CommandRegistry(run, sources=SOURCES)
    registry.add("dicer", "it", handler)
    told = [registry.help()]
    for line in lines:
        speaker = Speaker()
        await registry.dispatch(line, speaker)
        told += speaker.answers
    return told
