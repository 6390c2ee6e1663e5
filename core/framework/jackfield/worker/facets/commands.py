"""`context.commands` in a worker: signatures go to the host as data, arguments come back as plain values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from jackfield.api import CommandNode, Level, Subscription
from jackfield.runtime import Arguments, describe_tree
from jackfield.worker.commands import CommandHandlers
from jackfield.worker.facets.asking import Asking


class RemoteCommands:
    """See `jackfield.api.Commands`.

    Args:
        asking: leads to the host.
        commands: keeps and runs their functions.
    """

    def __init__(self, asking: Asking, commands: CommandHandlers) -> None:
        self._asking = asking
        self._commands = commands

    def add(
        self,
        name: str,
        handler: Callable[..., Awaitable[None] | None],
        *,
        aliases: tuple[str, ...] = (),
        help: str = "",  # noqa: A002 (the word of the manifest)
        usage: str = "",
        level: Level | str = Level.GUEST,
        needs: str = "",
    ) -> Subscription:
        """Add a command until the plugin is disabled."""
        level = Level.parse(level)
        number, function = self._commands.keep(handler)
        told = {
            "name": name,
            "handler": number,
            "function": function,
            "aliases": list(aliases),
            "help": help,
            "usage": usage,
            "level": int(level),
            "needs": needs,
        }
        return self._asking.begun("commands.add", told, number)

    def add_tree(self, tree: CommandNode) -> Subscription:
        """Add a tree of commands until the plugin is disabled."""
        numbers: list[int] = []

        def keep(function: Callable[..., Any]) -> int:
            numbers.append(self._asking.handlers.keep(function))
            return numbers[-1]

        def keep_running(function: Callable[..., Any], arguments: Arguments) -> int:
            numbers.append(self._commands.keep_running(function, arguments))
            return numbers[-1]

        data = describe_tree(tree, keep_running, keep)
        return self._asking.begun("commands.add_tree", {"tree": data}, *numbers)
