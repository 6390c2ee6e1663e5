"""Whoever gives commands in a test, with what they were answered, and people that commands can name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from jackfield.api import CommandSource, Level


@dataclass
class Speaker:
    """A command source that keeps its answers."""

    user: str = "alice"
    room: str | None = "lobby"
    level: Level = Level.USER
    permissions: tuple[str, ...] = ()
    answers: list[str] = field(default_factory=list)

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    async def reply(self, text: str) -> None:
        self.answers.append(text)


async def run(_plugin: str, _what: str, handler: Callable[..., Any], *arguments: object) -> Any:
    """Call a handler as a host does, without its limits."""
    result = handler(*arguments)
    return await result if isinstance(result, Awaitable) else result


@dataclass(frozen=True)
class Person:
    """A thing of the host's."""

    name: str


class People:
    """Finds people."""

    label = "someone who is here"
    permission = "people:read"

    def resolve(self, text: str, source: CommandSource) -> Person:
        if text not in ("ada", "bob", "Big Ben"):
            raise ValueError(f"nobody here is called {text}")
        return Person(text)

    def complete(self, prefix: str, source: CommandSource) -> Iterable[str]:
        return ["ada", "bob", "Big Ben"]
