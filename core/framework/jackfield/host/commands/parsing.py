"""From a line to a command and its arguments, or to the place where the line goes wrong (U13).

A literal wins over an argument of the same place, and there is no way back from it: `poll close tea` is a `poll close`
with too much, never a poll about `close tea`. So what is told of a mistake is about the command that was meant. Of
several arguments at one place the first that reads on to the end wins; if none does, the mistake that lies farthest to
the right is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from jackfield.api import CommandSource
from jackfield.host.commands.nodes import Command, Node
from jackfield.host.commands.reading import KindFailed, Unreadable, alternatives, read, skip_spaces, word_end


@dataclass(frozen=True, slots=True)
class Mistake:
    """A line that cannot run.

    Args:
        message: what is wrong, a sentence without its full stop.
        start, end: where, as places in the line; the same place: something is missing there.
        node: how far it was understood.
        missing: what would have to stand there, where something is missing.
        refused: whether nothing is wrong but who gave it.
        failed: the error of the plugin's own type of argument, which is not the user's mistake.
    """

    message: str
    start: int
    end: int
    node: Node
    missing: str = ""
    refused: bool = False
    failed: tuple[Command, Exception] | None = None


class Places(NamedTuple):
    """Where an argument stands.

    Args:
        node: the argument.
        spans: where in the line, from and to; a repeated one stands in several places.
    """

    node: Node
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A line that can run.

    Args:
        command: what it calls.
        values: the arguments that were written, by name; a repeated one has a list.
        places: where they stand.
    """

    command: Command
    values: dict[str, Any]
    places: dict[str, Places]

    def mistake(self, argument: str, message: str) -> Mistake | None:
        """Return the mistake of an argument that only the command itself could read; None where there is no such one.

        Args:
            argument: its place in what the command was called with, or its name.
            message: what is wrong with it.
        """
        written = [self.places[one.name] for one in self.command.parameters if one.name in self.places]
        spans = [(places.node, span) for places in written for span in places.spans]
        if argument in self.places:
            spans = [(self.places[argument].node, self.places[argument].spans[0])]
            argument = "0"
        number = int(argument) if argument.isascii() and argument.isdigit() and len(argument) < 6 else len(spans)
        if number >= len(spans):
            return None
        node, (start, end) = spans[number]
        return Mistake(message, start, end, node)


def parse(node: Node, text: str, position: int, source: CommandSource) -> Parsed | Mistake:
    """Read a line on from a node.

    Args:
        node: what was read already.
        text: the whole line.
        position: where to read on.
        source: who gave it; decides what may be used, and what the host's things are.
    """
    return _follow(node, text, position, source, _Read({}, {}))


class _Read(NamedTuple):
    """What was read so far: the values by name, and where they stand."""

    values: dict[str, Any]
    places: dict[str, Places]


def _follow(node: Node, text: str, position: int, source: CommandSource, so_far: _Read) -> Parsed | Mistake:
    if not node.open_to(source):
        return _refusal(node, position)
    start = skip_spaces(text, position)
    if start == len(text):
        return _end(node, text, source, so_far)
    word = text[start : word_end(text, start)]
    if word in node.literals:
        return _follow(node.literals[word], text, start + len(word), source, so_far)
    mistakes = []
    for child in (child for child in node.arguments if child.open_to(source)):
        found = _argument(child, text, start, source, so_far)
        if isinstance(found, Parsed):
            return found
        mistakes.append(found)
    if mistakes:
        return max(mistakes, key=lambda mistake: (mistake.failed is not None, mistake.start))
    words = _words(node, source)
    if words:
        end = start + len(word)
        return Mistake(f"there is no {word} here, but {alternatives(words)}", start, end, node)
    if node.arguments:
        return _refusal(node.arguments[0], start)
    end = len(text.rstrip())
    return Mistake(f"{_shortened(text[start:end])} is too much", start, end, node)


def _end(node: Node, text: str, source: CommandSource, so_far: _Read) -> Parsed | Mistake:
    if node.command is not None and node.command.requirement.met_by(source):
        return Parsed(node.command, so_far.values, so_far.places)
    here = len(text.rstrip())
    names = [child.name for child in node.arguments if child.open_to(source)]
    if names:
        return Mistake(f"{alternatives(names)} is missing", here, here, node, missing=alternatives(names))
    words = _words(node, source)
    if words:
        return Mistake(f"{alternatives(words)} must follow", here, here, node, missing="…")
    return _refusal(node, here)


def _argument(node: Node, text: str, start: int, source: CommandSource, so_far: _Read) -> Parsed | Mistake:
    parameter = node.parameter
    assert parameter is not None  # noqa: S101 (an argument has one)
    try:
        value, end = read(parameter.kind, text, start, source)
        spans = [(start, end)]
        if parameter.repeated:
            value = [value]
            while (start := skip_spaces(text, end)) < len(text):
                more, end = read(parameter.kind, text, start, source)
                value.append(more)
                spans.append((start, end))
    except Unreadable as unreadable:
        message = unreadable.problem if unreadable.whole else f"{parameter.name} {unreadable.problem}"
        return Mistake(message, unreadable.start, unreadable.end, node)
    except KindFailed as failure:
        command = next(node.commands())
        error = failure.__cause__
        assert isinstance(error, Exception)  # noqa: S101 (see KindFailed)
        return Mistake(str(error), start, word_end(text, start), node, failed=(command, error))
    values = {**so_far.values, parameter.name: value}
    places = {**so_far.places, parameter.name: Places(node, tuple(spans))}
    return _follow(node, text, end, source, _Read(values, places))


def _words(node: Node, source: CommandSource) -> list[str]:
    return [word for word, child in node.literals.items() if not child.alias and child.open_to(source)]


def _refusal(node: Node, position: int) -> Mistake:
    # The easiest to meet of what lies below: that is what whoever asks lacks first.
    command = min(node.commands(), key=lambda one: (one.requirement.level, one.requirement.needs))
    return Mistake(f"is {command.requirement}", position, position, node, refused=True)


def _shortened(text: str, longest: int = 40) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def marked(text: str, mistake: Mistake, *, prefix: str = "", around: int = 40) -> str:
    """Return the line with the place of the mistake between ‹ and ›; what is far from it is left out (U13).

    Args:
        text: the line.
        mistake: what is wrong.
        prefix: what stands before the line.
        around: how many characters to show on each side.
    """
    before, after = prefix + text[: mistake.start], text[mistake.end :].rstrip()
    if len(before) > around:
        before = "…" + before[len(before) - around + 1 :]
    if len(after) > around:
        after = after[: around - 1] + "…"
    if mistake.missing:
        return f"{before.rstrip()} ‹{mistake.missing}›{after}"
    return f"{before}‹{_shortened(text[mistake.start : mistake.end], around)}›{after}"
