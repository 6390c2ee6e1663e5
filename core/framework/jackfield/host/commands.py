"""Commands of plugins: literals and what follows them; help, usage, and a failure told in one line (M43, M44).

The full command tree (typed nodes, sub-commands, suggestions) grows from here; this much is stable: a root belongs to
one plugin, the longest literal wins, and whoever gave a command always gets an answer.
"""

import inspect
import shlex
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from jackfield.api import CommandSource
from jackfield.errors import JackfieldError, PluginError, UsageError

Handler = Callable[..., Awaitable[None] | None]
#: Runs a handler for a plugin, bounded, with failures counted: (plugin, what, handler, *arguments).
Run = Callable[..., Awaitable[Any]]
#: Makes a plugin's declared commands real: called before the first of them is used.
Load = Callable[[], Awaitable[None]]


def _truth(text: str) -> bool:
    if text.lower() in ("yes", "true", "on", "1"):
        return True
    if text.lower() in ("no", "false", "off", "0"):
        return False
    raise ValueError(text)


_CONVERTERS: dict[Any, tuple[Callable[[str], object], str]] = {
    int: (int, "a whole number"),
    "int": (int, "a whole number"),
    float: (float, "a number"),
    "float": (float, "a number"),
    bool: (_truth, "yes or no"),
    "bool": (_truth, "yes or no"),
}


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a plugin that is enabled.

    Args:
        plugin: whose it is.
        name: the literals, one space between.
        help: one line; may be empty.
        usage: how it is called, without the host's prefix.
    """

    plugin: str
    name: str
    help: str
    usage: str
    handler: Handler


class CommandRegistry:
    """Every command of the enabled plugins.

    Args:
        run: calls a handler on behalf of a plugin; what it raises was counted already.
        prefix: what people write before a command, `!`; it stands in what they are told of its usage.
    """

    def __init__(self, run: Run, *, prefix: str = "") -> None:
        self._run = run
        self._prefix = prefix
        self._commands: dict[tuple[str, ...], Command] = {}
        self._roots: dict[str, str] = {}
        self._declared: dict[str, tuple[Command, Load]] = {}

    def add(
        self,
        plugin: str,
        name: str,
        handler: Handler,
        *,
        aliases: tuple[str, ...] = (),
        help: str = "",  # noqa: A002 (the word of the manifest)
        usage: str = "",
    ) -> Callable[[], None]:
        """Add a command and return what takes it away again.

        Raises:
            PluginError: the root belongs to another plugin, or the plugin has a command of that name.
        """
        names = [tuple(text.split()) for text in (name, *aliases)]
        for words in names:
            holder = self._roots.get(words[0], plugin)
            if holder != plugin:
                raise PluginError(f"the command {words[0]} of {plugin} is taken by {holder}", plugin=plugin)
            if words in self._commands:
                raise PluginError(f"{plugin} adds the command {' '.join(words)} twice", plugin=plugin)
        documentation = inspect.getdoc(handler) or ""
        command = Command(
            plugin,
            " ".join(names[0]),
            help or documentation.partition("\n")[0].removesuffix("."),
            usage or _usage(" ".join(names[0]), handler),
            handler,
        )
        for words in names:
            self._commands[words] = command
            self._roots[words[0]] = plugin

        def take_away() -> None:
            for words in names:
                self._commands.pop(words, None)
            for root in {words[0] for words in names}:
                if not any(key[0] == root for key in self._commands):
                    self._roots.pop(root, None)

        return take_away

    def declare(self, plugin: str, name: str, load: Load, *, help: str = "", usage: str = "") -> Callable[[], None]:  # noqa: A002 (the word of the manifest)
        """Show a command of a plugin whose code does not run yet, and return what takes it away again.

        When it is first used, `load` is awaited, then the line is read again with what the plugin has added.

        Raises:
            PluginError: the root belongs to another plugin.
        """
        root = name.split(maxsplit=1)[0]
        holder = self._roots.get(root, plugin)
        if holder != plugin or (root in self._declared and self._declared[root][0].plugin != plugin):
            raise PluginError(f"the command {root} of {plugin} is taken by {holder}", plugin=plugin)
        self._declared[root] = (Command(plugin, name, help, usage or name, load), load)

        def take_away() -> None:
            self._declared.pop(root, None)

        return take_away

    def all(self) -> list[Command]:
        """Return the commands, each once, by name."""
        declared = {command for root, (command, _) in self._declared.items() if root not in self._roots}
        return sorted({*self._commands.values(), *declared}, key=lambda command: command.name)

    def help(self, prefix: str | None = None) -> str:
        """Return one line for each command: usage and help; `prefix` stands in place of the registry's own."""
        shown = self._prefix if prefix is None else prefix
        return "\n".join(
            f"{shown}{command.usage}" + (f" — {command.help}" if command.help else "") for command in self.all()
        )

    def has(self, text: str) -> bool:
        """Say whether `text` begins with the root of some plugin's command."""
        return self.owner(text) is not None

    def owner(self, text: str) -> str | None:
        """Return the id of the plugin whose command `text` begins with, or None."""
        first = text.split(maxsplit=1)
        declared = self._declared.get(first[0]) if first else None
        return self._roots.get(first[0], declared[0].plugin if declared else None) if first else None

    async def dispatch(self, text: str, source: CommandSource) -> bool:
        """Run the command that `text` (without the host's prefix) names; False when no plugin has it.

        Whoever gave it is always answered: wrong arguments with the usage, a plugin's failure with one line. Nothing is
        raised for what a plugin did.
        """
        words = text.split()
        if words and words[0] in self._declared and words[0] not in self._roots:
            await self._declared[words[0]][1]()
            if words[0] not in self._roots:
                await source.reply(f"{words[0]} could not be started")
                return True
        for length in range(len(words), 0, -1):
            command = self._commands.get(tuple(words[:length]))
            if command is not None:
                rest = text.split(maxsplit=length)
                await self._invoke(command, rest[length] if len(rest) > length else "", source)
                return True
        if words and words[0] in self._roots:
            below = [command for command in self.all() if command.name.split()[0] == words[0]]
            await source.reply("usage: " + "; ".join(self._prefix + command.usage for command in below))
            return True
        return False

    async def _invoke(self, command: Command, rest: str, source: CommandSource) -> None:
        try:
            arguments = bind(command.handler, rest)
        except UsageError as error:
            await source.reply(f"{error}. usage: {self._prefix}{command.usage}")
            return
        try:
            await self._run(command.plugin, f"command {command.name}", command.handler, source, *arguments)
        except UsageError as error:
            await source.reply(f"{error}. usage: {self._prefix}{command.usage}")
        except JackfieldError as error:
            await source.reply(f"{command.name}: {error}")
        except Exception as error:  # noqa: BLE001  # a plugin's failure of any kind ends at its command
            await source.reply(f"{command.name} failed: {type(error).__name__}: {error}")


def _parameters(handler: Handler) -> list[inspect.Parameter]:
    """The parameters after the source; bound methods and partials have lost what was bound."""
    return list(inspect.signature(handler).parameters.values())[1:]


def _usage(name: str, handler: Handler) -> str:
    parts = [name]
    for parameter in _parameters(handler):
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            parts.append(f"[{parameter.name} …]")
        elif parameter.default is inspect.Parameter.empty:
            parts.append(f"<{parameter.name}>")
        else:
            parts.append(f"[{parameter.name}]")
    return " ".join(parts)


def bind(handler: Handler, rest: str) -> list[object]:
    """Cut `rest` into the arguments that `handler` takes after the source.

    Raises:
        UsageError: an argument is missing, is one too many, or does not convert.
    """
    parameters = _parameters(handler)
    arguments: list[object] = []
    for index, parameter in enumerate(parameters):
        rest = rest.strip()
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            return [*arguments, *(_convert(parameter, word) for word in _words(rest))]
        if not rest:
            if parameter.default is inspect.Parameter.empty:
                raise UsageError(f"{parameter.name} is missing")
            break
        if index == len(parameters) - 1 and parameter.annotation in (str, "str", inspect.Parameter.empty):
            return [*arguments, _unquoted(rest)]
        word, rest = _first(rest)
        arguments.append(_convert(parameter, word))
    if rest.strip():
        raise UsageError(f"{rest.strip()!r} is too much")
    return arguments


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()  # an apostrophe in plain words is no open quote


def _unquoted(text: str) -> str:
    words = _words(text)
    return words[0] if len(words) == 1 and text[0] in "\"'" else text


def _first(text: str) -> tuple[str, str]:
    """The first word, quotes taken off, and what follows it."""
    if text[0] in "\"'":
        end = text.find(text[0], 1)
        if end > 0 and (end + 1 == len(text) or text[end + 1].isspace()):
            return text[1:end], text[end + 1 :]
    word, _, rest = text.partition(" ")
    return word, rest


def _convert(parameter: inspect.Parameter, word: str) -> object:
    converter = _CONVERTERS.get(parameter.annotation)
    if converter is None:
        return word
    try:
        return converter[0](word)
    except ValueError:
        raise UsageError(f"{parameter.name} must be {converter[1]}, not {word!r}") from None
