"""The command tree of scripts: nodes, the context of one reading, and how a command finds its callback (U13)."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from chat_console.calls import call
from chat_console.command_errors import (
    CommandError,
    CommandSyntaxError,
    IllegalNodeOperation,
    LiteralNotMatch,
    RequirementNotMet,
    UnknownArgument,
    UnknownCommand,
    UnknownRootArgument,
)

DIVIDER = " "


class ParseResult(NamedTuple):
    """What a node made of the beginning of a text.

    Args:
        value: the value, None for a word that only matches.
        char_read: how many characters it took.
    """

    value: Any
    char_read: int


class CommandContext(dict[str, Any]):
    """The values of one command by the names of their nodes, and how far it was read."""

    def __init__(self, source: Any, command: str) -> None:
        super().__init__()
        self.source = source
        self.command = command
        self.cursor = 0
        self.node_path: list[AbstractNode] = []

    @property
    def command_read(self) -> str:
        """What was read."""
        return self.command[: self.cursor]

    @property
    def command_remaining(self) -> str:
        """What was not."""
        return self.command[self.cursor :]

    def copy(self) -> "CommandContext":
        """Return an independent copy."""
        made = CommandContext(self.source, self.command)
        made.update(self)
        made.cursor, made.node_path = self.cursor, list(self.node_path)
        return made


class AbstractNode:
    """A node: reads the beginning of a text, and hands the rest to its children."""

    def __init__(self) -> None:
        self._literals: dict[str, list[Literal]] = {}
        self._arguments: list[AbstractNode] = []
        self._callback: Callable[..., Any] | None = None
        self._requirements: list[tuple[Callable[..., Any], Callable[..., Any] | None]] = []
        self._preconditions: list[Callable[..., Any]] = []
        self._redirect: AbstractNode | None = None
        self._suggest: Callable[..., Any] | None = None
        self._error_handlers: list[tuple[type[CommandError], Callable[..., Any], bool]] = []
        self._child_error_handlers: list[tuple[type[CommandError], Callable[..., Any], bool]] = []

    def then(self, node: "AbstractNode") -> "AbstractNode":
        """Add a child."""
        if self._redirect is not None:
            raise IllegalNodeOperation("a redirected node has no children")
        if isinstance(node, Literal):
            for word in sorted(node.literals):
                self._literals.setdefault(word, []).append(node)
        else:
            self._arguments.append(node)
        return self

    def runs(self, func: Callable[..., Any]) -> "AbstractNode":
        """Set what is called when the command ends here: with source and context, as many as it takes."""
        self._callback = func
        return self

    def requires(
        self, requirement: Callable[..., Any], failure_message_getter: Callable[..., Any] | None = None
    ) -> "AbstractNode":
        """Refuse whoever does not fulfil it, with the message if one is given."""
        self._requirements.append((requirement, failure_message_getter))
        return self

    def precondition(self, precondition: Callable[..., Any]) -> "AbstractNode":
        """Do as if the node were not there where it does not hold."""
        self._preconditions.append(precondition)
        return self

    def redirects(self, redirect_node: "AbstractNode") -> "AbstractNode":
        """Go on with the children and the callback of another node."""
        if self.has_children():
            raise IllegalNodeOperation("a node with children cannot be redirected")
        self._redirect = redirect_node
        return self

    def suggests(self, suggestion: Callable[..., Any]) -> "AbstractNode":
        """Set what completes its argument."""
        self._suggest = suggestion
        return self

    def on_error(
        self, error_type: type[CommandError], handler: Callable[..., Any], *, handled: bool = False
    ) -> "AbstractNode":
        """Have errors at this node told to a handler: source, error, context."""
        self._error_handlers.append((error_type, handler, handled))
        return self

    def on_child_error(
        self, error_type: type[CommandError], handler: Callable[..., Any], *, handled: bool = False
    ) -> "AbstractNode":
        """Have errors below this node told to a handler."""
        self._child_error_handlers.append((error_type, handler, handled))
        return self

    def has_children(self) -> bool:
        """Say whether anything can follow."""
        return bool(self._literals or self._arguments)

    def get_children(self) -> list["AbstractNode"]:
        """Return the children, each once."""
        words = [node for nodes in self._literals.values() for node in nodes]
        return list({id(node): node for node in [*words, *self._arguments]}.values())

    def parse(self, text: str) -> ParseResult:
        """Read the beginning of a text that is not empty; a subclass says how.

        Raises:
            CommandSyntaxError: it is no such thing.
        """
        raise NotImplementedError

    def print_tree(self, line_writer: Callable[[str], Any] = print) -> None:
        """Write the tree, a line for each node."""
        for line in self._lines():
            line_writer(line)

    def _lines(self, indent: str = "") -> Iterable[str]:
        yield f"{indent}{self}"
        for child in self.get_children():
            yield from child._lines(indent + "  ")

    def _visited(self, context: CommandContext, result: ParseResult) -> None:
        """Keep what was read."""

    def execute(self, context: CommandContext) -> Any:
        """Read on from the context's cursor, and call what the command ends at.

        Raises:
            CommandError: it cannot be; handlers on the way were told.
        """
        try:
            self._enter(context)
            node = self._redirect or self
            rest = context.command_remaining
            if not rest.strip(DIVIDER):
                callback = self._callback or node._callback
                if callback is None:
                    raise UnknownCommand(context.command_read, context.command_read)
            else:
                context.cursor += len(rest) - len(rest.lstrip(DIVIDER))
        except CommandError as error:
            _tell(self._error_handlers, error, context)
            raise
        if not rest.strip(DIVIDER):
            return call(callback, context.source, context)
        return self._descend(node, context)

    def _enter(self, context: CommandContext) -> None:
        text = context.command_remaining
        try:
            result = self.parse(text)
        except CommandSyntaxError as error:
            error.set_parsed_command(context.command_read)
            error.set_failed_command(context.command_read + text[: error.char_read])
            raise
        context.cursor += result.char_read
        context.node_path.append(self)
        self._visited(context, result)
        for requirement, message in self._requirements:
            if not call(requirement, context.source, context):
                reason = call(message, context.source, context) if message is not None else None
                before = context.command[: context.cursor - result.char_read]
                raise RequirementNotMet(before, context.command_read, reason)

    def _descend(self, node: "AbstractNode", context: CommandContext) -> Any:
        word = context.command_remaining.partition(DIVIDER)[0]
        literals = [one for one in node._literals.get(word, ()) if one._is_there(context)]
        candidates: list[AbstractNode] = [*literals] or [one for one in node._arguments if one._is_there(context)]
        if not candidates:
            kind = UnknownRootArgument if len(context.node_path) == 1 else UnknownArgument
            error: CommandError = kind(context.command_read.rstrip(DIVIDER), context.command_read + word)
            _tell(self._error_handlers, error, context)
            raise error
        for last, child in ((one is candidates[-1], one) for one in candidates):
            attempt = context.copy()
            try:
                return child.execute(attempt)
            except CommandError as failed:
                if not last and isinstance(failed, CommandSyntaxError | UnknownArgument | UnknownCommand):
                    continue
                _tell(self._child_error_handlers, failed, attempt)
                raise
        return None

    def _is_there(self, context: CommandContext) -> bool:
        return all(call(one, context.source, context) for one in self._preconditions)

    def complete(self, context: CommandContext) -> list[str]:
        """Return what could stand in place of the last word of the command."""
        try:
            self._enter(context)
        except CommandError:
            return []
        rest = context.command_remaining
        if not rest.startswith(DIVIDER):
            return []
        context.cursor += len(rest) - len(rest.lstrip(DIVIDER))
        node, begun = self._redirect or self, context.command_remaining
        found: list[str] = []
        if DIVIDER not in begun:
            found += [word for word in node._literals if word.startswith(begun)]
            for one in node._arguments:
                found += [each for each in one._suggestions(context) if each.startswith(begun)]
        word = begun.partition(DIVIDER)[0]
        for child in node._literals.get(word, []) or node._arguments:
            found += child.complete(context.copy())
        return list(dict.fromkeys(found))

    def _suggestions(self, context: CommandContext) -> list[str]:
        return [str(one) for one in call(self._suggest, context.source, context)] if self._suggest is not None else []


def _tell(
    handlers: Iterable[tuple[type[CommandError], Callable[..., Any], bool]],
    error: CommandError,
    context: CommandContext,
) -> None:
    for kind, handler, handled in handlers:
        if isinstance(error, kind):
            if handled:
                error.set_handled()
            call(handler, context.source, error, context)


class Literal(AbstractNode):
    """A word, or one of several that mean the same."""

    def __init__(self, literal: str | Iterable[str]) -> None:
        super().__init__()
        self.literals = {literal} if isinstance(literal, str) else set(literal)
        wrong = [word for word in self.literals if not isinstance(word, str) or DIVIDER in word or not word]
        if wrong or not self.literals:
            raise TypeError(f"a literal is a word without spaces, not {literal!r}")

    def parse(self, text: str) -> ParseResult:
        """Take the word."""
        word = text.partition(DIVIDER)[0]
        if word not in self.literals:
            raise LiteralNotMatch("Literal not match", len(word))
        return ParseResult(None, len(word))

    def __str__(self) -> str:
        return f"Literal({'|'.join(sorted(self.literals))})"


class ArgumentNode(AbstractNode):
    """A value under a name.

    Args:
        name: its key in the context.
        accumulate: keep every value in a list, where the node can be passed several times.
        metavar: how a usage names it.
    """

    def __init__(self, name: str, *, accumulate: bool = False, metavar: str | None = None) -> None:
        super().__init__()
        self._name = name
        self._accumulate = accumulate
        self._metavar = metavar

    def get_name(self) -> str:
        """Return its key in the context."""
        return self._name

    def _visited(self, context: CommandContext, result: ParseResult) -> None:
        if self._accumulate:
            context.setdefault(self._name, []).append(result.value)
        else:
            context[self._name] = result.value

    def __str__(self) -> str:
        return f"{type(self).__name__}(<{self._metavar or self._name}>)"


class CountingLiteral(Literal):
    """A word that counts how often it was passed.

    Args:
        literal: the word.
        counter_key: the key of the count in the context.
    """

    def __init__(self, literal: str | Iterable[str], counter_key: str) -> None:
        super().__init__(literal)
        self.counter_key = counter_key

    def _visited(self, context: CommandContext, result: ParseResult) -> None:
        context[self.counter_key] = context.get(self.counter_key, 0) + 1
