"""A small room with hooks of every kind, and plugins to put into it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from jackfield.hooks import HookimplMarker, HookManager, HookspecMarker

hookspec = HookspecMarker("room")
hookimpl = HookimplMarker("room")


class Specs:
    """Every kind of hook that the tests call."""

    @hookspec
    def names(self, room: str, limit: int = 9) -> str | None: ...

    @hookspec(firstresult=True)
    def topic(self, room: str) -> str | None: ...

    @hookspec(pipeline="message")
    def sent(self, message: str, room: str) -> str | None: ...

    @hookspec(pipeline="message", on_error="skip")
    def filtered(self, message: str) -> str | None: ...

    @hookspec(historic=True)
    def opened(self, room: str) -> str | None: ...

    @hookspec
    async def fetched(self, room: str) -> str | None: ...

    @hookspec(firstresult=True)
    async def found(self, room: str) -> str | None: ...

    @hookspec(pipeline="message")
    async def received(self, message: str) -> str | None: ...

    @hookspec(on_error="skip", timeout=0.05)
    async def hurried(self) -> str | None: ...

    @hookspec(timeout=0.01)
    def measured(self) -> str | None: ...


def room(**options: Any) -> HookManager:
    """Make a manager that knows the hooks."""
    manager = HookManager("room", **options)
    manager.add_hookspecs(Specs)
    return manager


def plugin(hook: str, function: Callable[..., Any], **options: Any) -> object:
    """Make a plugin of one implementation: `function`, under the name of `hook`."""
    return type("OnePlugin", (), {hook: staticmethod(hookimpl(specname=hook, **options)(function))})()


def told(manager: HookManager) -> list[tuple[str, str, BaseException]]:
    """Return the list into which every blame goes."""
    blames: list[tuple[str, str, BaseException]] = []
    manager.add_blame_listener(lambda name, hook, error: blames.append((name, hook, error)))
    return blames


def appending(text: str) -> Callable[[str], str]:
    """Make a filter that puts `text` behind the message."""

    def append(message: str) -> str:
        return message + text

    return append


def appending_later(text: str) -> Callable[[str], Awaitable[str]]:
    """Make a filter that does so after a turn of the event loop."""

    async def append(message: str) -> str:
        await asyncio.sleep(0)
        return message + text

    return append


def nothing(message: str) -> None:
    """Leave the message as it is."""


def failing(message: str) -> str:
    """Fail."""
    raise ValueError(f"cannot read {message}")


def answer(room: str) -> str:
    """Answer at once."""
    return room


async def answer_later(room: str) -> str:
    """Answer after a turn of the event loop."""
    await asyncio.sleep(0)
    return f"{room} later"
