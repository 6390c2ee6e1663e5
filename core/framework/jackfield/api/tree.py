"""A command tree written out, for what `@command` cannot say: `context.commands.add_tree(literal("poll").then(…))`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from jackfield.api.sources import Level
from jackfield.errors import UsageError

CommandHandler: TypeAlias = Callable[..., Awaitable[None] | None]


@dataclass(frozen=True, slots=True)
class CommandNode:
    """One node of a command tree, with what can follow it; made by `literal` and `argument`, never changed (U13).

    Every method returns a new node, so that parts can be shared between trees.

    Args:
        name: the word of a literal; the name under which an argument is handed to the function.
        type: None for a literal; for an argument what a parameter's annotation may be.
        aliases: other words for a literal.
        help: one line, where something runs here.
        level: who may use this node and all below it.
        needs: the permission that a user must have for it, `messages:send`; empty: none.
        handler: what runs when the line ends here; None: more must follow.
        children: what can follow; literals before arguments, arguments in the order of their adding.
    """

    name: str
    type: Any = None
    aliases: tuple[str, ...] = ()
    help: str = ""
    level: Level = Level.GUEST
    needs: str = ""
    handler: CommandHandler | None = None
    children: tuple["CommandNode", ...] = ()

    def then(self, *children: "CommandNode") -> "CommandNode":
        """Return this node with more that can follow it."""
        return replace(self, children=(*self.children, *children))

    def runs(self, handler: CommandHandler, *, help: str = "") -> "CommandNode":  # noqa: A002 (the manifest's word)
        """Return this node with what runs when the line ends here.

        Args:
            handler: `def` or `async def`; gets the source, and each argument on the way here by its name.
            help: one line; empty: the first line of the handler's docstring.
        """
        return replace(self, handler=handler, help=help or self.help)

    def requires(self, level: Level | str = Level.GUEST, *, needs: str = "") -> "CommandNode":
        """Return this node for users of a level, or with a permission, only; the same holds for all below it.

        Raises:
            UsageError: there is no such level.
        """
        return replace(self, level=Level.parse(level), needs=needs)


def literal(word: str, *aliases: str) -> CommandNode:
    """Return a node that stands for a fixed word.

    Args:
        word: what is written.
        aliases: other words for the same.

    Raises:
        UsageError: a word is empty or has a space in it.
    """
    for one in (word, *aliases):
        if len(one.split()) != 1 or one != one.strip():
            raise UsageError(f"{one!r} is no word of a command")
    return CommandNode(word, aliases=aliases)


def argument(name: str, type: Any = str) -> CommandNode:  # noqa: A002 (what an annotation is called)
    """Return a node that stands for a value.

    Args:
        name: the parameter of the handler that gets it.
        type: what a parameter's annotation may be (`int`, `Member`), or an `ArgumentType` by itself.

    Raises:
        UsageError: the name is none of a parameter.
    """
    if not name.isidentifier():
        raise UsageError(f"{name!r} cannot be the name of an argument: a parameter of the handler has it")
    return CommandNode(name, type=type)
