"""`CommandRegistry`: the commands of all enabled plugins in one tree (M43, M44, U13, U17, U26).

A root belongs to one plugin. Whoever gave a command always gets an answer, and a mistake is told in one line, with its
place, and the usage below it. What someone may not use they neither see in help nor are offered, and are refused in one
sentence.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from inspect import getdoc, isawaitable
from typing import Any

from jackfield.api import ArgumentSource, CommandNode, CommandSource, Greedy, Level
from jackfield.errors import JackfieldError, PluginError, UsageError
from jackfield.host.commands.completion import MOST_COMPLETIONS, Completion, completed, custom, offers, places, wanted
from jackfield.host.commands.completion import words as literal_completions
from jackfield.host.commands.help import HelpPage, help_page, tree_lines
from jackfield.host.commands.nodes import Check, Command, Handler, Node, Parameter, Requirement
from jackfield.host.commands.parsing import Mistake, marked, parse
from jackfield.host.commands.signature import Owner, of_function, of_tree, parameters_of, summary

#: Runs a handler for a plugin, bounded, with failures counted: (plugin, what, handler, *arguments).
Run = Callable[..., Awaitable[Any]]
#: Makes a plugin's declared commands real: called before the first of them is used.
Load = Callable[[], Awaitable[None]]
_MOST_USAGES = 4
_OFFER_SECONDS = 1.0  # what comes later is of no use to whoever writes


@dataclass(frozen=True, slots=True, eq=False)
class _Branch:
    """What one call added below one root; `load` where it only stands for what the plugin will add."""

    plugin: str
    node: Node
    load: Load | None = None


class CommandRegistry:
    """Every command of the enabled plugins.

    Args:
        run: calls a handler on behalf of a plugin; what it raises was counted already.
        prefix: what people write before a command, `!`; it stands in what they are told of its usage.
        sources: the host's things that can be named in commands, by the type that plugins annotate with.
    """

    def __init__(self, run: Run, *, prefix: str = "", sources: Mapping[type, ArgumentSource] | None = None) -> None:
        self._run = run
        self.prefix = prefix
        self._sources = dict(sources or {})
        self._branches: dict[str, list[_Branch]] = {}
        self._root = Node("")

    def add(
        self,
        plugin: str,
        name: str,
        handler: Handler,
        *,
        aliases: tuple[str, ...] = (),
        help: str = "",  # noqa: A002 (the word of the manifest)
        usage: str = "",
        level: Level = Level.GUEST,
        needs: str = "",
        check: Check | None = None,
    ) -> Callable[[], None]:
        """Add a command and return what takes it away again.

        Args:
            plugin: whose it is; empty: the application's own.
            name: the literals, one space between.
            handler: what runs; its parameters after the source are the arguments.
            aliases: other names for the whole of `name`.
            help: one line; empty: the first line of the handler's docstring.
            usage: how it is called; empty: made from the parameters.
            level: the lowest level of users that may use it.
            needs: the permission that a user must have besides; empty: none.
            check: asks for what the plugin itself must have been granted.

        Raises:
            PluginError: the root belongs to another plugin, the plugin has a command of that name, or a parameter
                cannot be an argument.
        """
        names = tuple(" ".join(text.split()) for text in (name, *aliases))
        parameters = parameters_of(handler, names[0], Owner(plugin, self._sources, check))
        text = getdoc(handler) or ""
        command = Command(
            plugin,
            names[0],
            help or summary(text),
            usage or " ".join([names[0], *(parameter.usage for parameter in parameters)]),
            handler,
            parameters,
            aliases=names[1:],
            requirement=Requirement(level, (needs,) if needs else ()),
            check=check,
            text=text,
        )
        return self._hang([_Branch(plugin, root) for root in of_function(command, names)])

    def add_tree(self, plugin: str, tree: CommandNode, *, check: Check | None = None) -> Callable[[], None]:
        """Add a tree and return what takes it away again.

        Raises:
            PluginError: its root belongs to another plugin, two commands end at one place, or it cannot be one.
        """
        return self._hang([_Branch(plugin, root) for root in of_tree(tree, Owner(plugin, self._sources, check))])

    def declare(
        self,
        plugin: str,
        name: str,
        load: Load,
        *,
        aliases: tuple[str, ...] = (),
        help: str = "",  # noqa: A002 (the word of the manifest)
        usage: str = "",
        level: Level = Level.GUEST,
    ) -> Callable[[], None]:
        """Show a command of a plugin whose code does not run yet, and return what takes it away again.

        It stands in help and is completed like any other. When it is first used, `load` is awaited, then the line is
        read again with what the plugin has added; from then on the plugin's own command of that root stands for it.

        Raises:
            PluginError: the root belongs to another plugin.
        """
        names = tuple(" ".join(text.split()) for text in (name, *aliases))
        command = Command(
            plugin,
            names[0],
            help,
            usage or names[0],
            load,  # never called as a handler: the line is read again when this has made the real one
            (Parameter("rest", Greedy(), required=False),),
            aliases=names[1:],
            requirement=Requirement(level),
        )
        return self._hang([_Branch(plugin, root, load) for root in of_function(command, names)])

    def _hang(self, branches: list[_Branch]) -> Callable[[], None]:
        for branch in branches:
            holder = self.owner(branch.node.name)
            if holder is not None and holder != branch.plugin:
                by = holder or "the application"
                raise PluginError(
                    f"the command {branch.node.name} of {branch.plugin} is taken by {by}", plugin=branch.plugin
                )
        names = dict.fromkeys(branch.node.name for branch in branches)
        self._exchange(
            {
                root: [*self._branches.get(root, ()), *(one for one in branches if one.node.name == root)]
                for root in names
            }
        )

        def take_away() -> None:
            self._exchange(
                {root: [one for one in self._branches.get(root, ()) if one not in branches] for root in names}
            )

        return take_away

    def _exchange(self, changed: Mapping[str, list[_Branch]]) -> None:
        joined = {root: _joined(root, branches) for root, branches in changed.items() if branches}
        for root, branches in changed.items():  # nothing is changed before all of it could be joined
            if branches:
                self._branches[root], self._root.literals[root] = branches, joined[root]
            else:
                self._branches.pop(root, None)
                self._root.literals.pop(root, None)

    def all(self, source: CommandSource | None = None) -> list[Command]:
        """Return the commands, each once, by name; for a `source` those that it may use."""
        found = dict.fromkeys(self._root.commands())
        return sorted(
            (command for command in found if source is None or command.requirement.met_by(source)),
            key=lambda command: (command.name, len(command.parameters)),
        )

    def help(self, prefix: str | None = None) -> str:
        """Return one line for each command: usage and help; `prefix` stands in place of the registry's own."""
        shown = self.prefix if prefix is None else prefix
        return "\n".join(
            f"{shown}{command.usage}" + (f" — {command.help}" if command.help else "") for command in self.all()
        )

    def help_page(self, topic: str, source: CommandSource | None = None) -> HelpPage:
        """Return what `help TOPIC` shows to a source (M44).

        Args:
            topic: nothing, a page's number, commands (`poll close`), a plugin's id; with a number after it.
            source: who asks; None: everything is shown.

        Raises:
            UsageError: there is no such command or page.
        """
        return help_page(self.all(source), topic, prefix=self.prefix)

    def has(self, text: str) -> bool:
        """Say whether `text` begins with the root of some plugin's command."""
        return self.owner(text) is not None

    def owner(self, text: str) -> str | None:
        """Return the id of the plugin whose command `text` begins with; empty: the application's; None: nobody's."""
        first = text.split(maxsplit=1)
        found = self._branches.get(first[0]) if first else None
        return found[0].plugin if found else None

    async def dispatch(self, text: str, source: CommandSource) -> bool:
        """Run the command that `text` (without the host's prefix) names; False when no plugin has it.

        Whoever gave it is always answered: a mistake with its place and the usage, a plugin's failure with one line.
        Nothing is raised for what a plugin did.
        """
        text = text.strip()
        if not self.has(text):
            return False
        with suppress(_Answered):
            root = text.split(maxsplit=1)[0]
            await self._made_real(root, source)
            found = parse(self._root.literals[root], text, len(root), source)
            if isinstance(found, Mistake):
                await self._tell(found, text, source)
            else:
                command = found.command
                await self._invoke(command, lambda: self._call(command, found.values, source), source)
        return True

    async def _made_real(self, root: str, source: CommandSource) -> None:
        branches = self._branches[root]
        load = next((branch.load for branch in branches if branch.load is not None), None)
        if load is None or any(branch.load is None for branch in branches):
            return
        if not self._root.literals[root].open_to(source):
            return  # it will be refused: nobody has a plugin loaded whose command they may not use
        try:
            await load()
        except Exception as error:  # whatever the plugin's start does ends here
            told = str(error) if isinstance(error, JackfieldError) else f"{type(error).__name__}: {error}"
            await source.reply(f"{branches[0].plugin} could not be started: {told}")
            raise _Answered from error
        if all(branch.load is not None for branch in self._branches.get(root, ())):
            plugin = branches[0].plugin
            await source.reply(f"{self.prefix}{root} cannot be used now: {plugin} did not start, or does not have it")
            raise _Answered

    async def _call(self, command: Command, values: dict[str, Any], source: CommandSource) -> None:
        for parameter in command.parameters:
            permission = getattr(getattr(parameter.kind, "source", None), "permission", "")
            if permission and command.check is not None and parameter.name in values:
                command.check(*permission.split(":", 1))
        if command.by_name:
            await self._run(command.plugin, f"command {command.name}", partial(command.handler, **values), source)
        else:
            arguments = command.arguments(values)
            await self._run(command.plugin, f"command {command.name}", command.handler, source, *arguments)

    async def _invoke(self, command: Command, call: Callable[[], Awaitable[None]], source: CommandSource) -> None:
        try:
            await call()
        except UsageError as error:
            await source.reply(f"{error}\nusage: {self.prefix}{command.usage}")
        except JackfieldError as error:
            await source.reply(f"{command.name}: {error}")
        except Exception as error:  # noqa: BLE001  # a plugin's failure of any kind ends at its command
            await source.reply(f"{command.name} failed: {type(error).__name__}: {error}")

    async def _tell(self, mistake: Mistake, text: str, source: CommandSource) -> None:
        if mistake.failed is not None:
            command, error = mistake.failed
            await self._invoke(command, lambda: self._run(command.plugin, "an argument", _raise, error), source)
            return
        if mistake.refused:
            await source.reply(f"{self.prefix}{text[: mistake.start].strip()} {mistake.message}")
            return
        usages = [self.prefix + one.usage for one in dict.fromkeys(mistake.node.commands())
                  if one.requirement.met_by(source)]  # fmt: skip
        more = " …" if len(usages) > _MOST_USAGES else ""
        shown = marked(text, mistake, prefix=self.prefix)
        await source.reply(f"{mistake.message}: {shown}\nusage: {'; '.join(usages[:_MOST_USAGES])}{more}")

    async def complete(self, text: str, cursor: int, source: CommandSource) -> list[Completion]:
        """Return what can stand at a place of a line, words of the tree first; at most 50.

        A plugin's own type of argument is asked on its behalf; if it fails, it offers nothing and the failure is its.

        Args:
            text: the line without the host's prefix.
            cursor: the place, in characters from the start of `text`.
            source: who writes.
        """
        line = text[: max(0, cursor)]
        found: dict[Completion, None] = {}
        for place in places(self._root, line, 0, source):
            found.update(dict.fromkeys(literal_completions(place, source)))
            for want in wanted(place, source):
                asked = custom(want)
                offered: Iterable[str] = offers(want, source)
                if asked is not None and asked.complete is not None:
                    offered = await self._offered(want.command, asked.complete, place.written)
                found.update(dict.fromkeys(completed(want, offered, line)))
        return list(found)[:MOST_COMPLETIONS]

    async def _offered(self, command: Command, complete: Callable[[str], Any], prefix: str) -> list[str]:
        async def ask() -> list[str]:
            offered = complete(prefix)
            return [str(one) for one in (await offered if isawaitable(offered) else offered)]

        try:
            async with asyncio.timeout(_OFFER_SECONDS):
                return list(await self._run(command.plugin, f"completion of {command.name}", ask))
        except Exception:  # noqa: BLE001  # counted by run; whoever types waits for no plugin's mistake
            return []

    def dump(self, text: str = "") -> str:
        """Return the tree, or the part of it that `text` names, a node a line (U19).

        Raises:
            UsageError: there is no such part.
        """
        return "\n".join(tree_lines(self._root, text.split(), self.prefix)) or "no commands"


def _joined(name: str, branches: list[_Branch]) -> Node:
    """One root of several branches; what a manifest declares is there only while the plugin has nothing of it."""
    root = Node(name, alias=all(branch.node.alias for branch in branches))
    for branch in [branch for branch in branches if branch.load is None] or branches:
        root.add(branch.node)
    return root


def _raise(error: Exception) -> None:
    raise error


class _Answered(Exception):
    """Ends a dispatch whose source has its answer."""
