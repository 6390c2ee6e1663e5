"""Command trees as data: each node with its type and the function that runs there, described and made again (U13)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from jackfield.api import CommandNode, Level
from jackfield.errors import UsageError
from jackfield.runtime.signatures import (
    Arguments,
    Call,
    FunctionData,
    Keep,
    Reader,
    Restoring,
    TypeData,
    describe,
    describe_type,
)

MOST_NODES = 1000
DEEPEST = 32

#: Keeps a function that runs, with what reads its arguments, and returns its number.
KeepRunning = Callable[[Callable[..., Any], Arguments], int]


class NodeData(Struct, frozen=True, omit_defaults=True):
    """One node of a tree; see `jackfield.api.CommandNode`.

    Args:
        name: the word of a literal, or the name of an argument.
        type: of an argument; None: a literal.
        aliases, help, level, needs: as in the API; the level by its rank, 0 to 4.
        handler: the number of what runs when the line ends here; None: more must follow.
        function: its signature.
        children: what can follow.
    """

    name: str
    type: TypeData | None = None
    aliases: tuple[str, ...] = ()
    help: str = ""
    level: int = 0
    needs: str = ""
    handler: int | None = None
    function: FunctionData | None = None
    children: tuple[NodeData, ...] = ()


def describe_tree(tree: CommandNode, keep: KeepRunning, keep_completing: Keep) -> NodeData:
    """Return a tree as data.

    Args:
        tree: its root.
        keep: keeps a function; called for each place at which it runs, since the types on the way there differ.
        keep_completing: keeps the functions that complete arguments.
    """
    return _described(tree, {}, keep, keep_completing)


def _described(node: CommandNode, before: Mapping[str, Reader], keep: KeepRunning, keep_completing: Keep) -> NodeData:
    kind = None
    if node.type is not None:
        kind, reader = describe_type(node.type, keep_completing)
        before = {**before, node.name: reader}
    number = function = None
    if node.handler is not None:
        function, _ = describe(node.handler, keep_completing)
        number = keep(node.handler, Arguments((), None, before))
    children = tuple(_described(child, before, keep, keep_completing) for child in node.children)
    return NodeData(node.name, kind, node.aliases, node.help, int(node.level), node.needs, number, function, children)


def restore_tree(data: NodeData, restoring: Restoring, call: Callable[[int], Call]) -> CommandNode:
    """Return the tree that was described.

    Args:
        data: its root.
        restoring: knows the host's things.
        call: gives for a handler's number what runs it.

    Raises:
        UsageError: it is no tree, or a larger one than anyone needs.
    """
    _bound(data)
    return _restored(data, restoring, call)


def _restored(data: NodeData, restoring: Restoring, call: Callable[[int], Call]) -> CommandNode:
    handler = None
    if data.handler is not None:
        handler = restoring.function(data.function or FunctionData(), call(data.handler))
    try:
        level = Level(data.level)
    except ValueError:
        raise UsageError(f"there is no level {data.level}: they are 0 to {max(Level):d}") from None
    return CommandNode(
        data.name,
        restoring.annotation(data.type) if data.type is not None else None,
        data.aliases,
        data.help,
        level,
        data.needs,
        handler,
        tuple(_restored(child, restoring, call) for child in data.children),
    )


def _bound(root: NodeData) -> None:
    level, nodes, depth = [root], 0, 0
    while level:
        nodes, depth = nodes + len(level), depth + 1
        if nodes > MOST_NODES or depth > DEEPEST:
            raise UsageError(f"a tree of commands has at most {MOST_NODES} nodes, {DEEPEST} deep")
        level = [child for node in level for child in node.children]
