"""Commands whose functions run here: called with plain values, which become what their annotations say."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from jackfield.api import CommandMark, Level
from jackfield.runtime import Arguments, CommandData, FunctionData, SourceData, describe
from jackfield.worker.calls import HostCalls
from jackfield.worker.handlers import Handlers


class Running(NamedTuple):
    """What runs a command.

    Args:
        function: takes the source and the arguments.
        arguments: makes the function's values of those that were sent.
    """

    function: Callable[..., Any]
    arguments: Arguments


class RemoteSource:
    """Who gave a command, as the host tells it (`jackfield.api.CommandSource`).

    Args:
        data: who it is, and by which number the host knows it while the command runs.
        calls: asks the host.
    """

    def __init__(self, data: SourceData, calls: HostCalls) -> None:
        self._data = data
        self._calls = calls

    @property
    def user(self) -> str:
        """The name of whoever gave the command."""
        return self._data.user

    @property
    def room(self) -> str | None:
        """The room it was given in, or None outside of rooms."""
        return self._data.room

    @property
    def level(self) -> Level:
        """How much whoever gave it may do."""
        return Level(self._data.level)

    def may(self, permission: str) -> bool:
        """Say whether whoever gave it may do `resource:action`."""
        asked = {"source": self._data.source, "permission": permission}
        allowed: bool = self._calls.call_now("source.may", asked, bool)
        return allowed

    async def reply(self, text: str) -> None:
        """Answer to where the command came from."""
        await self._calls.call("source.reply", {"source": self._data.source, "text": text}, None)


class CommandHandlers:
    """The functions of commands, marked ones and those that `context.commands` is given.

    Args:
        calls: asks the host.
        handlers: where they are kept and served.
    """

    def __init__(self, calls: HostCalls, handlers: Handlers) -> None:
        self._calls = calls
        self._handlers = handlers
        handlers.serve("handler.command", self._run)
        handlers.serve("handler.complete", self._complete)

    def keep(self, function: Callable[..., Any], *, lasting: bool = False) -> tuple[int, FunctionData]:
        """Keep a command's function; return its number and its signature as data."""
        described, arguments = describe(function, lambda one: self._handlers.keep(one, lasting=lasting))
        return self.keep_running(function, arguments, lasting=lasting), described

    def keep_running(self, function: Callable[..., Any], arguments: Arguments, *, lasting: bool = False) -> int:
        """Keep a function with what reads its arguments, for a tree where these differ from place to place."""
        return self._handlers.keep(Running(function, arguments), lasting=lasting)

    def marked(self, mark: CommandMark, function: Callable[..., Any]) -> CommandData:
        """Keep a function that `@command` marks, and describe it."""
        number, described = self.keep(function, lasting=True)
        return CommandData(
            mark.name, number, described, mark.aliases, mark.help, mark.usage, int(mark.level), mark.needs
        )

    def _run(self, handler: int, source: SourceData, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        running: Running = self._handlers.kept(handler)
        values, named = running.arguments(arguments, keywords)
        return _nothing(running.function(RemoteSource(source, self._calls), *values, **named))

    def _complete(self, handler: int, prefix: str) -> Any:
        offered = self._handlers.kept(handler)(prefix)
        return _texts(offered) if inspect.isawaitable(offered) else [str(one) for one in offered]


async def _texts(offered: Any) -> list[str]:
    return [str(one) for one in await offered]


def _nothing(value: object) -> Any:
    """Return nothing, after what a command returned has been awaited where it can be."""
    return _awaited(value) if inspect.isawaitable(value) else None


async def _awaited(value: Any) -> None:
    await value
