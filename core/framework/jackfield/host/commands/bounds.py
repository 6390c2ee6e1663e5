"""How large what a plugin adds to the tree of commands may be, told before any of it is made.

Each alias of a node has all that hangs below the node once more: a chain of thirty nodes with one alias each would be a
thousand million places.
"""

from __future__ import annotations

from collections.abc import Sequence

from jackfield.api import CommandNode
from jackfield.errors import PluginError

MOST_PLACES = 20_000
"""Words and arguments of one plugin in the tree, each alias with all that can follow it."""

DEEPEST = 64
"""Words and arguments of one command: the tree is walked down for help and for what somebody types."""

LONGEST_LINE = 500
"""Characters of a usage, or of one line of help, that are kept: they stand among those of all plugins."""

LONGEST_TEXT = 20_000
"""Characters of the help of one command alone."""


def places_of_names(plugin: str, names: Sequence[str], arguments: int) -> int:
    """Return how many places a command has, by all its names.

    Args:
        plugin: whose it is.
        names: its own and its aliases.
        arguments: how many it takes.

    Raises:
        PluginError: it is too long, or one of its names is empty.
    """
    if not all(names):
        raise PluginError(f"{plugin or 'the application'} adds a command without a name", plugin=plugin or None)
    lengths = [len(name.split()) + arguments for name in names]
    _require_depth(plugin, names[0], max(lengths))
    return sum(lengths)


def places_of_tree(plugin: str, tree: CommandNode, depth: int = 1) -> int:
    """Return how many places a tree has once each alias stands in it.

    Args:
        plugin: whose it is.
        tree: the tree.
        depth: that of its root.

    Raises:
        PluginError: it is too deep, or a word in it is none.
    """
    _require_depth(plugin, tree.name, depth)
    for word in (tree.name, *tree.aliases):
        if word.split() != [word]:
            raise PluginError(f"{plugin} adds {word!r}, which is no word of a command", plugin=plugin or None)
    below = sum(places_of_tree(plugin, child, depth + 1) for child in tree.children)
    return (1 + below) * (1 + len(tree.aliases))


def _require_depth(plugin: str, name: str, depth: int) -> None:
    if depth > DEEPEST:
        raise PluginError(
            f"the command {name} of {plugin} has more than {DEEPEST} words and arguments", plugin=plugin or None
        )
