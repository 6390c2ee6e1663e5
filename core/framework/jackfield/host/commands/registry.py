"""`CommandRegistry`: the commands of all enabled plugins in one tree (M43, M44, U13, U17, U26).

A root belongs to one plugin. Whoever gave a command always gets an answer, and a mistake is told in one line, with its
place, and the usage below it. What someone may not use they neither see in help nor are offered, and are refused in one
sentence.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from inspect import getdoc, isawaitable
from itertools import islice
from typing import Any

from jackfield.api import ArgumentSource, CommandNode, CommandSource, Greedy, Level
from jackfield.host.commands.bounds import LONGEST_LINE, LONGEST_TEXT, places_of_names, places_of_tree
from jackfield.host.commands.completion import (
    MOST_COMPLETIONS,
    Completion,
    Place,
    completed,
    custom,
    offers,
    places,
    wanted,
)
from jackfield.host.commands.completion import words as literal_completions
from jackfield.host.commands.dispatching import Dispatcher, Run, Wording
from jackfield.host.commands.help import HelpPage, help_page, nearest, tree_lines
from jackfield.host.commands.nodes import Check, Command, Handler, Parameter, Requirement
from jackfield.host.commands.roots import Branch, Load, Roots
from jackfield.host.commands.signature import Owner, of_function, of_tree, parameters_of, summary

MOST_USAGES = 3
MOST_OFFERED = 1000
"""By a plugin's own type of argument for one place; what it offers beyond is not looked at."""
MOST_WORDS = 200
"""Of a line that is completed; looking for the places in it goes one deeper with each."""

_OFFER_SECONDS = 1.0  # what comes later is of no use to whoever writes


class CommandRegistry:
    """Every command of the enabled plugins.

    Args:
        run: calls a handler on behalf of a plugin; what it raises was counted already.
        prefix: what people write before a command, `!`; it stands in what they are told of its usage.
        sources: the host's things that can be named in commands, by the type that plugins annotate with.

    Attributes:
        sources: as given.
    """

    def __init__(self, run: Run, *, prefix: str = "", sources: Mapping[type, ArgumentSource] | None = None) -> None:
        self._run = run
        self.prefix = prefix
        self.sources: Mapping[type, ArgumentSource] = dict(sources or {})
        self._roots = Roots()
        self._dispatcher = Dispatcher(self._roots, run, prefix)

    def word(self, wording: Wording) -> None:
        """Have what the framework advises in answers to commands said in the words of the application.

        What plugins answer is theirs, and stays as they say it.

        Args:
            wording: makes of a sentence of the framework's one of the application's: of `jackfield list` what its
                users type for it.
        """
        self._dispatcher.wording = wording

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
            PluginError: the root belongs to another plugin, the plugin has a command of that name, a parameter cannot
                be an argument, or it is too much.
        """
        names = tuple(" ".join(text.split()) for text in (name, *aliases))
        parameters = parameters_of(handler, names[0], Owner(plugin, self.sources, check))
        count = places_of_names(plugin, names, len(parameters))
        self._roots.require_room(plugin, count)
        text = (getdoc(handler) or "")[:LONGEST_TEXT]
        command = Command(
            plugin,
            names[0],
            (help or summary(text))[:LONGEST_LINE],
            (usage or " ".join([names[0], *(parameter.usage for parameter in parameters)]))[:LONGEST_LINE],
            handler,
            parameters,
            aliases=names[1:],
            requirement=Requirement(level, (needs,) if needs else ()).of(plugin, names[0]),
            check=check,
            text=text,
        )
        return self._roots.hang([Branch(plugin, root) for root in of_function(command, names)], count)

    def add_tree(self, plugin: str, tree: CommandNode, *, check: Check | None = None) -> Callable[[], None]:
        """Add a tree and return what takes it away again.

        Raises:
            PluginError: its root belongs to another plugin, two commands end at one place, it cannot be one, or it is
                too much.
        """
        count = places_of_tree(plugin, tree)
        self._roots.require_room(plugin, count)
        owner = Owner(plugin, self.sources, check)
        return self._roots.hang([Branch(plugin, root) for root in of_tree(tree, owner)], count)

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

        It stands in help and is completed like any other. Whenever it is used, `load` is awaited, then the line is
        read again with what the plugin has added; once the plugin is up, this is to be taken away.

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
            requirement=Requirement(level).of(plugin, names[0]),
        )
        count = places_of_names(plugin, names, 1)
        self._roots.require_room(plugin, count)
        return self._roots.hang([Branch(plugin, root, load) for root in of_function(command, names)], count)

    def hold(self, plugin: str, wait: Load) -> None:
        """Let whoever uses a command of a plugin wait while its code is replaced, until `release`.

        Args:
            plugin: its id.
            wait: returns when its next code is there; what it raises is told to who gave the command.
        """
        self._roots.hold(plugin, wait)

    def release(self, plugin: str) -> None:
        """Let the commands of a plugin be those of its next code, or none."""
        self._roots.release(plugin)

    @property
    def kept(self) -> Mapping[str, str]:
        """The roots that are kept for plugins, as `keep` was told."""
        return self._roots.kept

    def keep(self, roots: Mapping[str, str]) -> None:
        """Keep roots for plugins that do not have them yet, or are coming up again: no other plugin can have them.

        Args:
            roots: root -> id of its plugin; in place of those that were kept before.
        """
        self._roots.kept = dict(roots)

    def owners(self) -> dict[str, str]:
        """Return the id of the plugin that has each root; the application's own roots are not among them."""
        return self._roots.owners()

    def all(self, source: CommandSource | None = None) -> list[Command]:
        """Return the commands, each once, by name; for a `source` those that it may use."""
        found = dict.fromkeys(self._roots.tree.commands())
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

    def nearest(self, text: str, source: CommandSource) -> str | None:
        """Return the root, among those that `source` may use, that the first word of `text` was perhaps meant to be."""
        roots = ((one.plugin, name.split()[0]) for one in self.all(source) for name in (one.name, *one.aliases))
        return nearest(text.split(maxsplit=1)[0].lower() if text.split() else "", roots)

    def has(self, text: str) -> bool:
        """Say whether `text` begins with the root of some plugin's command."""
        return self.owner(text) is not None

    def owner(self, text: str) -> str | None:
        """Return the id of the plugin whose command `text` begins with; empty: the application's; None: nobody's."""
        return self._roots.owner(text)

    async def dispatch(self, text: str, source: CommandSource, *, on_run: Callable[[], None] = lambda: None) -> bool:
        """Run the command that `text` (without the host's prefix) names; False when no plugin has it.

        Whoever gave it is always answered: a mistake with its place and the usage, a plugin's failure with one line.
        Nothing is raised for what a plugin did.

        Args:
            text: the line.
            source: who gave it; gets the answers.
            on_run: called when the line is understood and allowed, right before the command runs: what was answered
                before is about the line itself, what is answered after comes from the command.
        """
        return await self._dispatcher.dispatch(text, source, on_run)

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
        for place in self._places(line, source):
            found.update(dict.fromkeys(islice(literal_completions(place, source), MOST_COMPLETIONS)))
            for want in wanted(place, source):
                asked = custom(want)
                offered: Iterable[str] = offers(want, source)
                if asked is not None and asked.complete is not None:
                    offered = await self._offered(want.command, asked.complete, place.written)
                found.update(dict.fromkeys(islice(completed(want, offered, line), MOST_COMPLETIONS)))
        return list(found)[:MOST_COMPLETIONS]

    def usages(self, text: str, cursor: int, source: CommandSource) -> list[str]:
        """Return how the commands are called that a line can still become, once its root is written; at most 3.

        Args:
            text: the line without the host's prefix.
            cursor: the place, in characters from the start of `text`.
            source: who writes.
        """
        found: dict[str, None] = {}
        for place in self._places(text[: max(0, cursor)], source):
            if place.node is not self._roots.tree:
                open_ones = (one for one in place.node.commands() if one.requirement.met_by(source))
                found.update(dict.fromkeys(self.prefix + one.usage for one in open_ones))
        return list(found)[:MOST_USAGES]

    def _places(self, line: str, source: CommandSource) -> list[Place]:
        return places(self._roots.tree, line, 0, source) if len(line.split()) <= MOST_WORDS else []

    async def _offered(self, command: Command, complete: Callable[[str], Any], prefix: str) -> list[str]:
        async def ask() -> list[str]:
            offered = complete(prefix)
            return [str(one) for one in islice(await offered if isawaitable(offered) else offered, MOST_OFFERED)]

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
        return "\n".join(tree_lines(self._roots.tree, text.split(), self.prefix)) or "no commands"
