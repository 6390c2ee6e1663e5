"""Help made from the commands themselves: a list by the page, or one command in full (M44, K48)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from jackfield.api import Level
from jackfield.errors import UsageError
from jackfield.host.commands.nodes import Command, Node
from jackfield.host.commands.reading import described

LINES_A_PAGE = 10

LONGEST_COMPARED = 40
MOST_COMPARED = 100
"""Names of one plugin that are compared with what somebody mistyped, and characters of each: to compare thousands, each
as long as a line, takes a minute, and nobody else has a turn meanwhile."""


@dataclass(frozen=True, slots=True)
class HelpLine:
    """One line of a help page.

    Args:
        usage: how a command is called, with the host's prefix; or an argument; or a word such as `aliases`.
        help: what it does or is.
        plugin: whose command it is; empty: the application's, or no command.
    """

    usage: str
    help: str = ""
    plugin: str = ""

    def __str__(self) -> str:
        """Return it as one line of text."""
        return f"{self.usage} — {self.help}" if self.help else self.usage


@dataclass(frozen=True, slots=True)
class HelpPage:
    """One page of help; a terminal and a page show the same.

    Args:
        title: what it is about.
        lines: at most ten of them.
        page, pages: which one of how many, counted from 1.
        following: what to write for the next page; empty on the last.
    """

    title: str
    lines: tuple[HelpLine, ...]
    page: int = 1
    pages: int = 1
    following: str = ""

    def __str__(self) -> str:
        """Return it as text."""
        more = [f"more: {self.following}"] if self.following else []
        return "\n".join([self.title, *map(str, self.lines), *more])


def help_page(commands: Sequence[Command], topic: str, *, prefix: str) -> HelpPage:
    """Return what `help TOPIC` shows.

    Args:
        commands: those that whoever asks may use.
        topic: nothing; a number of a page; the begin of commands (`poll`, `poll close`), or a plugin's id; and a number
            after it.
        prefix: what people write before a command.

    Raises:
        UsageError: there is no such command or page; the sentence names what comes nearest.
    """
    words = topic.split()
    page = 1
    if words and words[-1].isdecimal() and words[-1].isascii() and len(words[-1]) < 7:
        page = int(words.pop())
    found = _about(commands, words)
    if not found:
        raise _unknown(commands, words, prefix)
    if len(found) == 1 and words and page == 1:
        return _one(found[0], prefix)
    pages = -(-len(found) // LINES_A_PAGE)
    if not 1 <= page <= pages:
        raise UsageError(f"there is no page {page}, the last is {pages}")
    about = " ".join(words)
    title = f"Commands of {about}" if about else "Commands"
    if pages > 1:
        title += f", page {page} of {pages}"
    following = " ".join([f"{prefix}help", *words, str(page + 1)]) if page < pages else ""
    shown = found[(page - 1) * LINES_A_PAGE : page * LINES_A_PAGE]
    lines = tuple(HelpLine(prefix + command.usage, command.help, command.plugin) for command in shown)
    return HelpPage(title, lines, page, pages, following)


def nearest(text: str, names: Iterable[tuple[str, str]]) -> str | None:
    """Return the name that a text was perhaps meant to be; None where there is none.

    Args:
        text: what somebody wrote.
        names: each with the plugin whose it is before it.
    """
    if len(text) > LONGEST_COMPARED:
        return None
    compared: set[str] = set()
    of_one: Counter[str] = Counter()
    for plugin, name in names:
        if len(name) <= LONGEST_COMPARED and of_one[plugin] < MOST_COMPARED and name not in compared:
            of_one[plugin] += 1
            compared.add(name)
    found = get_close_matches(text, sorted(compared), n=1)
    return found[0] if found else None


def _about(commands: Sequence[Command], words: list[str]) -> list[Command]:
    if not words:
        return list(commands)
    exact = [one for one in commands if any(name.split() == words for name in (one.name, *one.aliases))]
    below = [one for one in commands if any(_begins(name.split(), words) for name in (one.name, *one.aliases))]
    if len(exact) == 1 and (len(words) > 1 or len(below) == 1):
        return exact
    return below or [one for one in commands if [one.plugin] == words]


def _begins(name: list[str], words: list[str]) -> bool:
    return name[: len(words)] == words


def _unknown(commands: Sequence[Command], words: list[str], prefix: str) -> UsageError:
    if not words:
        return UsageError("there are no commands that you may use")
    near = nearest(" ".join(words), ((one.plugin, one.name) for one in commands))
    hint = f"did you mean {prefix}{near}?" if near else f"{prefix}help lists those there are"
    return UsageError(f"there is no command {prefix}{' '.join(words)}", hint=hint)


def _one(command: Command, prefix: str) -> HelpPage:
    lines = []
    text = command.text or command.help
    lines += [HelpLine(line.strip()) for line in text.splitlines() if line.strip()]
    for parameter in command.parameters:
        told = described(parameter.kind)
        if parameter.repeated:
            told += ", as often as wanted"
        elif not parameter.required:
            told += "; may be left out"
        lines.append(HelpLine(parameter.usage, told))
    if command.aliases:
        lines.append(HelpLine("also", ", ".join(prefix + alias for alias in command.aliases)))
    if command.requirement.asks:
        other = f", or who may {command.requirement.own}" if command.requirement.level > Level.GUEST else ""
        lines.append(HelpLine("only", str(command.requirement) + (other if command.requirement.own else "")))
    if command.plugin:
        lines.append(HelpLine("by", command.plugin, command.plugin))
    return HelpPage(prefix + command.usage, tuple(lines))


def tree_lines(node: Node, words: Sequence[str], prefix: str) -> Iterator[str]:
    """Yield the tree below a node, or the part of it that `words` name, a node a line (U19).

    Raises:
        UsageError: there is no such part.
    """
    for number, word in enumerate(words, 1):
        if word not in node.literals:
            raise UsageError(f"there is no command {prefix}{' '.join(words[:number])}")
        node = node.literals[word]
    yield from _below(node, 0)


def _below(node: Node, depth: int) -> Iterator[str]:
    for child in sorted(node.children, key=lambda one: (one.parameter is not None, one.name)):
        line = child.name if child.parameter is None else f"<{child.name}: {described(child.parameter.kind)}>"
        if child.command is not None:
            line += f" → {child.command.plugin or 'the application'}"
            if child.command.requirement.asks:
                line += f", {child.command.requirement}"
        yield "  " * depth + line
        yield from _below(child, depth + 1)
