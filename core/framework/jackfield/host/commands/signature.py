"""From what a plugin wrote to nodes: a function's annotated parameters, or a tree (U13, U26)."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from jackfield.api import ArgumentSource, CommandNode, Greedy, Quoted
from jackfield.errors import PluginError
from jackfield.host.commands.bounds import LONGEST_LINE, LONGEST_TEXT
from jackfield.host.commands.nodes import Check, Command, Node, Parameter, Requirement
from jackfield.host.commands.reading import FromHost, Kind, takes_rest
from jackfield.runtime import evaluated, read_annotation

#: What a host finds for its users, by the type that plugins annotate with.
Sources = Mapping[type, ArgumentSource]


@dataclass(frozen=True, slots=True)
class Owner:
    """On whose behalf commands are made.

    Args:
        plugin: its id; empty: the application itself.
        sources: the host's things that an argument may be.
        check: asks for the plugin's own permissions; None: it may.
    """

    plugin: str
    sources: Sources
    check: Check | None = None


def parameters_of(handler: Callable[..., Any], name: str, owner: Owner) -> tuple[Parameter, ...]:
    """Return what a function takes after its source.

    Raises:
        PluginError: it takes no source, or one of its parameters cannot be an argument; the sentence says which.
    """
    try:
        _, *found = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):
        raise _wrong(owner, name, "its function must take the source first") from None
    for one in found:
        if one.kind is inspect.Parameter.KEYWORD_ONLY and one.default is inspect.Parameter.empty:
            raise _wrong(owner, name, f"nothing can be written for its parameter {one.name}")
    written = [one for one in found if one.kind not in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)]
    parameters: list[Parameter] = []
    for index, one in enumerate(written):
        repeated = one.kind is inspect.Parameter.VAR_POSITIONAL
        last = not repeated and index == len(written) - 1
        kind = kind_of(evaluated(one.annotation, handler), last=last, owner=owner, where=(name, one.name))
        required = not repeated and one.default is inspect.Parameter.empty
        parameters.append(Parameter(one.name, kind, required, repeated))
    for parameter in parameters[:-1]:
        if takes_rest(parameter.kind):
            raise _wrong(owner, name, f"{parameter.name} takes the rest of the line, so nothing can follow it")
    return tuple(parameters)


def kind_of(annotation: Any, *, last: bool, owner: Owner, where: tuple[str, str]) -> Kind:
    """Return how an argument of an annotation is read.

    Args:
        annotation: the annotation, or a type of `jackfield.api` by itself.
        last: whether plain text takes the rest of the line.
        owner: on whose behalf.
        where: the command's and the argument's name, for the sentence.

    Raises:
        PluginError: no argument can be of that type.
    """
    for one in getattr(annotation, "__metadata__", ()):
        if isinstance(one, FromHost):  # the application's own commands alone say so
            return one
    annotation = read_annotation(annotation, owner.sources)
    kind = _simple(annotation, last=last, owner=owner)
    if kind is None:
        command, argument = where
        shown = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", repr(annotation))
        known = ", ".join(sorted(one.__name__ for one in owner.sources))
        hint = "write int, float, bool, str, timedelta, Literal, an enum, Annotated with a type of jackfield.api"
        hint += f", or one of {known}; not under TYPE_CHECKING" if known else "; not under TYPE_CHECKING"
        raise _wrong(owner, command, f"{argument} cannot be an argument of the type {shown}", hint=hint)
    return kind


def _simple(annotation: Any, *, last: bool, owner: Owner) -> Kind | None:
    if isinstance(annotation, Kind):
        return annotation
    if annotation is str:
        return Greedy() if last else Quoted()
    if isinstance(annotation, type) and annotation in owner.sources:
        return FromHost(owner.sources[annotation])
    return None


def of_function(command: Command, names: tuple[str, ...]) -> list[Node]:
    """Return a root for each name of a command: its literals, then an argument for each parameter.

    Args:
        command: what runs.
        names: its name and its aliases.
    """
    roots = []
    for index, name in enumerate(names):
        chain = [Node(word, alias=index > 0) for word in name.split()]
        for upper, lower in pairwise(chain):
            upper.literals[lower.name] = lower
        end = chain[-1]
        for parameter in command.parameters:
            if not parameter.required:
                end.command = command
            following = Node(parameter.name, parameter)
            end.arguments.append(following)
            end = following
        end.command = command
        roots.append(chain[0])
    return roots


def of_tree(tree: CommandNode, owner: Owner) -> list[Node]:
    """Return a root for each name of a tree's root.

    Raises:
        PluginError: it does not begin with a literal, an argument cannot be of its type, a handler does not take the
            arguments that lead to it, or something follows what takes the rest of the line.
    """
    if tree.type is not None:
        raise _wrong(owner, tree.name, "a tree begins with a literal")
    return _level(tree, owner, (), (), Requirement())


def _level(
    tree: CommandNode, owner: Owner, words: tuple[str, ...], before: tuple[Parameter, ...], inherited: Requirement
) -> list[Node]:
    requirement = inherited.and_also(Requirement(tree.level, (tree.needs,) if tree.needs else ()))
    if tree.type is None:
        words = (*words, tree.name)
        made = Node(tree.name)
    else:
        kind = kind_of(tree.type, last=not tree.children, owner=owner, where=(" ".join(words), tree.name))
        made = Node(tree.name, Parameter(tree.name, kind))
        if takes_rest(kind) and tree.children:
            raise _wrong(owner, " ".join(words), f"{tree.name} takes the rest of the line, so nothing can follow it")
        before = (*before, made.parameter)  # type: ignore[arg-type]  # it was set in the line above
        words = (*words, f"<{tree.name}>")
    if tree.handler is not None:
        made.command = _command(tree, owner, words, before, requirement)
    if tree.handler is None and not tree.children:
        raise _wrong(owner, " ".join(words), "nothing runs at its end; write .runs(…)")
    for child in tree.children:
        for node in _level(child, owner, words, before, requirement):
            holder = Node("")
            (holder.arguments.append(node) if node.parameter else holder.literals.__setitem__(node.name, node))
            made.add(holder)
    return [made, *(replace(made, name=alias, alias=True) for alias in tree.aliases)]


def _command(
    tree: CommandNode, owner: Owner, words: tuple[str, ...], before: tuple[Parameter, ...], requirement: Requirement
) -> Command:
    handler = tree.handler
    assert handler is not None  # noqa: S101 (the caller looked)
    name = " ".join(word for word in words if not word.startswith("<"))
    try:
        inspect.signature(handler).bind(None, **{parameter.name: None for parameter in before})
    except (TypeError, ValueError) as error:
        taken = ", ".join(["the source", *(parameter.name for parameter in before)])
        raise _wrong(owner, name, f"its function must take {taken}: {error}") from None
    text = (inspect.getdoc(handler) or "")[:LONGEST_TEXT]
    return Command(
        owner.plugin,
        name,
        (tree.help or summary(text))[:LONGEST_LINE],
        " ".join(words)[:LONGEST_LINE],
        handler,
        before,
        by_name=True,
        requirement=requirement.of(owner.plugin, name),
        check=owner.check,
        text=text,
    )


def summary(text: str) -> str:
    """Return the first line of a documentation, without its full stop."""
    return text.partition("\n")[0].removesuffix(".")


def _wrong(owner: Owner, command: str, problem: str, *, hint: str | None = None) -> PluginError:
    return PluginError(f"the command {command} of {owner.plugin}: {problem}", plugin=owner.plugin or None, hint=hint)
