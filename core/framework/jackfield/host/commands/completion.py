"""What can stand at a place of a line: words of the tree, and what arguments offer (M43)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jackfield.api import Choice, CommandSource, Custom, Duration, Integer, YesNo
from jackfield.host.commands.nodes import Command, Node
from jackfield.host.commands.reading import (
    FromHost,
    KindFailed,
    Unreadable,
    is_open_quote,
    quoted,
    read,
    skip_spaces,
    takes_rest,
    word_end,
)

MOST_COMPLETIONS = 50
_MOST_NUMBERS = 20


@dataclass(frozen=True, slots=True)
class Completion:
    """One thing that can stand at a place of a line.

    Args:
        text: what to put there.
        start, end: what it takes the place of.
        help: what it is: a command's help, or the argument's name.
    """

    text: str
    start: int
    end: int
    help: str = ""

    def applied(self, line: str) -> str:
        """Return the line with it."""
        return line[: self.start] + self.text + line[self.end :]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stops, and what is known of it.

    Args:
        node: what was read already.
        start: where what is being written begins.
        written: what is written of it, as far as the cursor.
        quote: whether it began with a quote.
    """

    node: Node
    start: int
    written: str
    quote: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """An argument that can stand at a place.

    Args:
        node: the argument.
        command: the first command below it that may be used.
        place: where.
    """

    node: Node
    command: Command
    place: Place


def places(node: Node, line: str, position: int, source: CommandSource) -> list[Place]:
    """Return every place at which a line, read from a node on, can stop and be completed.

    Args:
        node: what was read already.
        line: the text up to the cursor.
        position: where to read on.
        source: who writes; decides what may be used.
    """
    start = skip_spaces(line, position)
    if start == len(line):
        return [Place(node, start, "")]
    end = word_end(line, start)
    if is_open_quote(line, start):
        return [Place(node, start, line[start + 1 :], quote=True)]
    found = [Place(node, start, line[start:])] if end == len(line) else []
    if not found and line[start:end] in node.literals:
        return places(node.literals[line[start:end]], line, end, source)
    for child in node.arguments:
        found += [place for place in _within(node, child, line, start, source) if place not in found]
    return found


def _within(node: Node, child: Node, line: str, start: int, source: CommandSource) -> list[Place]:
    """The places that there are if an argument begins at `start`."""
    parameter = child.parameter
    if parameter is None or not child.open_to(source):
        return []
    if takes_rest(parameter.kind):
        return [Place(node, start, line[start:])]
    try:
        _, end = read(parameter.kind, line, start, source)
    except (Unreadable, KindFailed):
        return []
    if end == len(line):
        return []  # still being written: the place is the one before it
    following = Node(child.name, arguments=[child]) if parameter.repeated else child
    return places(following, line, end, source)


def words(place: Place, source: CommandSource) -> Iterator[Completion]:
    """Yield the words of the tree that can stand at a place; another word for the same only when it is meant."""
    if place.quote:
        return
    end = place.start + len(place.written)
    for word, child in sorted(place.node.literals.items()):
        if not word.startswith(place.written) or (child.alias and not place.written) or not child.open_to(source):
            continue
        yield Completion(word, place.start, end, _told(child, source))


def _told(node: Node, source: CommandSource) -> str:
    """What a word is: the help of the command that it stands for, else the words that can follow it."""
    reached = [node]
    for one in reached:  # grows while it is walked: arguments below, but no further words
        if one.command is not None and one.command.help and one.command.requirement.met_by(source):
            return one.command.help
        reached += one.arguments
    return ", ".join(word for word, child in sorted(node.literals.items()) if not child.alias and child.open_to(source))


def wanted(place: Place, source: CommandSource) -> Iterator[Wanted]:
    """Yield the arguments that can stand at a place."""
    for child in place.node.arguments:
        for command in child.commands():
            if command.requirement.met_by(source):
                yield Wanted(child, command, place)
                break


def offers(want: Wanted, source: CommandSource) -> Iterable[str]:
    """Return what an argument offers by itself; a plugin's own type is asked elsewhere, under guard."""
    assert want.node.parameter is not None  # noqa: S101 (an argument has one)
    kind, prefix = want.node.parameter.kind, want.place.written
    match kind:
        case Choice():
            return kind.words
        case YesNo():
            return ("yes", "no")
        case Integer(int(minimum), int(maximum)) if maximum - minimum < _MOST_NUMBERS:
            return [str(number) for number in range(minimum, maximum + 1)]
        case Duration() if prefix.isdecimal() and prefix.isascii() and len(prefix) < 7:
            return [span for unit in ("s", "m", "h", "d") if _fits(kind, span := prefix + unit, source)]
        case FromHost():
            return kind.source.complete(prefix, source)
        case _:
            return ()


def _fits(kind: Duration, text: str, source: CommandSource) -> bool:
    try:
        read(kind, text, 0, source)
    except Unreadable:
        return False
    return True


def custom(want: Wanted) -> Custom | None:
    """Return the plugin's own type that has to be asked what it offers, or None."""
    kind = want.node.parameter.kind if want.node.parameter is not None else None
    return kind if isinstance(kind, Custom) and kind.complete is not None else None


def completed(want: Wanted, offered: Iterable[str], line: str) -> Iterator[Completion]:
    """Yield what was offered and fits what is written, put in quotes where it must be."""
    assert want.node.parameter is not None  # noqa: S101 (an argument has one)
    name, kind = want.node.parameter.name, want.node.parameter.kind
    for text in offered:
        if text.casefold().startswith(want.place.written.casefold()):
            yield Completion(text if takes_rest(kind) else quoted(text), want.place.start, len(line), name)
