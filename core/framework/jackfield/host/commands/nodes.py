"""The tree that all plugins' commands make: nodes, what runs at them, and who may (M43, U13, U17)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jackfield.api import CommandSource, Level
from jackfield.errors import PluginError
from jackfield.host.commands.reading import Kind

Handler = Callable[..., Awaitable[None] | None]
#: Asks for the plugin's own permission: (resource, action); raises PermissionDenied.
Check = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a user must be for a command.

    Args:
        level: the lowest level that may use it.
        needs: permissions that the user must have besides.
        own: the permission that stands for the level: who has it may use the command at any level; empty: none (U23).
    """

    level: Level = Level.GUEST
    needs: tuple[str, ...] = ()
    own: str = ""

    def met_by(self, source: CommandSource) -> bool:
        """Say whether `source` may use it."""
        high_enough = self.level is Level.GUEST or source.level >= self.level  # nobody is below a guest
        if not high_enough and self.own:
            high_enough = source.may(self.own)
        return high_enough and all(source.may(permission) for permission in self.needs)

    def __str__(self) -> str:
        """Say for whom it is, as the end of a sentence."""
        above = "" if self.level is Level.OWNER else " and above"
        who = f"{self.level.label}s{above}" if self.level > Level.GUEST else "those"
        return f"for {who}" + (f" who may {', '.join(self.needs)}" if self.needs else "")

    def and_also(self, other: Requirement) -> Requirement:
        """Return what asks for both."""
        return Requirement(max(self.level, other.level), tuple(dict.fromkeys((*self.needs, *other.needs))))

    @property
    def asks(self) -> bool:
        """Whether there is anyone who does not meet it."""
        return self.level > Level.GUEST or bool(self.needs)

    def of(self, plugin: str, name: str) -> Requirement:
        """Return it for a command, with the permission that is that command's own: `command:<plugin>.<name>`."""
        return replace(self, own="command:" + ".".join([plugin, *name.split()]) if plugin else "")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument on the way to a command.

    Args:
        name: its name.
        kind: what can be written for it.
        required: whether it must be written.
        repeated: whether it takes all that is left, one by one.
    """

    name: str
    kind: Kind
    required: bool = True
    repeated: bool = False

    @property
    def usage(self) -> str:
        """How it stands in a usage: `<count>`, `[sides]`, `[words …]`."""
        if self.repeated:
            return f"[{self.name} …]"
        return f"<{self.name}>" if self.required else f"[{self.name}]"


@dataclass(frozen=True, slots=True, eq=False)
class Command:
    """A command of a plugin that is enabled, or that its manifest declares.

    Args:
        plugin: whose it is; empty: the application's own.
        name: the literals, one space between.
        help: one line; may be empty.
        usage: how it is called, without the host's prefix.
        handler: what runs; gets the source first.
        parameters: its arguments, in order.
        by_name: whether the handler gets its arguments by their names, else in order.
        aliases: other names for the whole of `name`.
        requirement: who may use it.
        check: asks for what the plugin must have been granted to be given the host's things; None: it may.
        text: the whole help, for the page of this command alone.
    """

    plugin: str
    name: str
    help: str
    usage: str
    handler: Handler
    parameters: tuple[Parameter, ...] = ()
    by_name: bool = False
    aliases: tuple[str, ...] = ()
    requirement: Requirement = Requirement()
    check: Check | None = None
    text: str = ""

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the values in the order of the parameters; those that were not written have their defaults."""
        ordered: list[Any] = []
        for parameter in self.parameters:
            if parameter.name in values:
                value = values[parameter.name]
                ordered.extend(value if parameter.repeated else [value])
        return ordered


@dataclass(slots=True)
class Node:
    """One node of the tree.

    Args:
        name: the word, or the argument's name.
        parameter: the argument; None: a literal.
        alias: whether this is another word for a literal beside it.
        command: what runs when the line ends here.
        literals, arguments: what can follow.
    """

    name: str
    parameter: Parameter | None = None
    alias: bool = False
    command: Command | None = None
    literals: dict[str, Node] = field(default_factory=dict)
    arguments: list[Node] = field(default_factory=list)

    @property
    def children(self) -> list[Node]:
        """All that can follow, literals first."""
        return [*self.literals.values(), *self.arguments]

    def commands(self) -> Iterator[Command]:
        """Yield what runs here or below; a command that ends at several nodes comes several times."""
        if self.command is not None:
            yield self.command
        for child in self.children:
            yield from child.commands()

    def open_to(self, source: CommandSource) -> bool:
        """Say whether `source` may use anything here or below."""
        return any(command.requirement.met_by(source) for command in self.commands())

    def require_room(self, other: Node) -> None:
        """Return if what hangs at another node of the same place can be added.

        Raises:
            PluginError: two commands end at one place.
        """
        if other.command is not None and self.command is not None:
            plugin = other.command.plugin
            raise PluginError(f"{plugin} adds the command {other.command.name} twice", plugin=plugin)
        for word, child in other.literals.items():
            if word in self.literals:
                self.literals[word].require_room(child)
        for child in other.arguments:
            for same in self.arguments:
                if same.parameter == child.parameter:
                    same.require_room(child)

    def add(self, other: Node) -> None:
        """Take in what hangs at another node of the same place.

        Raises:
            PluginError: two commands end at one place.
        """
        if other.command is not None:
            if self.command is not None:
                plugin = other.command.plugin
                raise PluginError(f"{plugin} adds the command {other.command.name} twice", plugin=plugin)
            self.command = other.command
        for word, child in other.literals.items():
            self.literals.setdefault(word, Node(child.name, alias=child.alias)).add(child)
        for child in other.arguments:
            same = next((one for one in self.arguments if one.parameter == child.parameter), None)
            if same is None:
                same = Node(child.name, child.parameter)
                self.arguments.append(same)
            same.add(child)
