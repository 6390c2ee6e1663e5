"""The roots of the tree: whose each one is, and the branches that it is made of (U13)."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from jackfield.errors import CommandTaken, PluginError
from jackfield.host.commands.bounds import MOST_PLACES
from jackfield.host.commands.nodes import Node

#: Makes a plugin's declared commands real: called before the first of them is used.
Load = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """What one call added below one root.

    Args:
        plugin: whose it is; empty: the application's own.
        node: the root, with all that hangs at it.
        load: where the branch only stands for what the plugin will add: what makes it add that, or waits for it.
        held: whether it is of code that is being replaced; then whoever uses its root waits until it is released.
    """

    plugin: str
    node: Node
    load: Load | None = None
    held: bool = False


@dataclass(slots=True, eq=False)
class _Root:
    """All that hangs at one root.

    Args:
        branches: what was added, in order; a set whose order counts.
        is_stale: whether something was taken away since the branches were joined.
    """

    branches: dict[Branch, None]
    is_stale: bool = False

    @property
    def plugin(self) -> str:
        return next(iter(self.branches)).plugin

    @property
    def is_real(self) -> bool:
        """Whether the plugin itself has added something; that comes after what is only declared."""
        return next(reversed(self.branches)).load is None


class Roots:
    """All branches, joined into one tree.

    To add one to a root costs what it holds, however much hangs there, and to take one away nothing until the tree is
    looked at: a plugin may have many commands of one root, and they go one by one.
    """

    def __init__(self) -> None:
        self._tree = Node("")
        self._roots: dict[str, _Root] = {}
        self._stale: dict[str, None] = {}
        self._places: dict[str, int] = {}
        """By plugin; what is held for its next code does not count."""
        self.kept: Mapping[str, str] = {}
        """Roots that nobody but these plugins can have, also while nothing hangs there."""

    @property
    def tree(self) -> Node:
        """The node above all roots."""
        for root in self._stale:
            if root in self._roots:
                self._tree.literals[root] = _joined(root, self._roots[root].branches)
                self._roots[root].is_stale = False
        self._stale.clear()
        return self._tree

    def owner(self, text: str) -> str | None:
        """Return whose the root is with which `text` begins; empty: the application's; None: nobody's."""
        first = text.split(maxsplit=1)
        found = self._roots.get(first[0]) if first else None
        return found.plugin if found else None

    def owners(self) -> dict[str, str]:
        """Return whose each root is; the application's own are not among them."""
        return {name: root.plugin for name, root in self._roots.items() if root.plugin}

    def waiting(self, root: str) -> Load | None:
        """Return what makes a root real of which something is only declared, or held; None where nothing is.

        What the plugin has added of it already is not all: it is coming up.
        """
        found = self._roots[root].branches if root in self._roots else {}
        return next((branch.load for branch in found if branch.load is not None), None)

    def is_real(self, root: str) -> bool:
        """Say whether a plugin has added something to a root itself."""
        return root in self._roots and self._roots[root].is_real

    def require_room(self, plugin: str, places: int) -> None:
        """Return if a plugin can have so many places more; asked before they are made.

        Raises:
            PluginError: it cannot.
        """
        if self._places.get(plugin, 0) + places > MOST_PLACES:
            raise PluginError(
                f"{plugin} adds more than {MOST_PLACES} words and arguments of commands",
                plugin=plugin or None,
                hint="an alias stands in the tree with all that can follow it: have fewer of them",
            )

    def hang(self, branches: list[Branch], places: int) -> Callable[[], None]:
        """Add branches of one plugin, all or none of them, and return what takes them away again.

        Args:
            branches: the branches.
            places: how many words and arguments are in them.

        Raises:
            CommandTaken: a root belongs to another plugin.
            PluginError: two commands end at one place.
        """
        for branch in branches:
            holder = self.owner(branch.node.name)
            if holder is None and branch.plugin:
                holder = self.kept.get(branch.node.name)
            if holder is not None and holder != branch.plugin:
                by = holder or "the application"
                raise CommandTaken(
                    f"the command {branch.node.name} of {branch.plugin} is taken by {by}", plugin=branch.plugin
                )
        added: dict[str, dict[Branch, None]] = {}
        for branch in branches:
            added.setdefault(branch.node.name, {})[branch] = None
        joined = {root: self._with(root, new) for root, new in added.items()}
        for root, new in added.items():  # nothing is changed before all of it could be joined
            self._roots.setdefault(root, _Root({})).branches.update(new)
            node, is_whole = joined[root]
            if is_whole:
                self._tree.literals[root] = node
                self._roots[root].is_stale = False
            else:
                there = self._tree.literals[root]
                there.alias = there.alias and node.alias
                there.add(node)
        plugin = branches[0].plugin
        self._places[plugin] = self._places.get(plugin, 0) + places

        def take_away() -> None:
            was_there = False
            for root, new in added.items():
                if root in self._roots:
                    left = self._roots[root].branches
                    for one in new:
                        was_there |= one in left
                        left.pop(one, None)
                    self._changed(root)
            if was_there:
                self._places[plugin] -= places

        return take_away

    def hold(self, plugin: str, wait: Load) -> None:
        """Keep what a plugin has added for its next code, which takes the place of it; `release` ends that.

        Args:
            plugin: whose code is being replaced.
            wait: is awaited by who uses one of its commands meanwhile.
        """
        for name, root in self._roots.items():
            if root.plugin == plugin:
                kept = (replace(one, load=wait, held=True) if one.load is None else one for one in root.branches)
                root.branches = dict.fromkeys(kept)
                self._changed(name)
        self._places.pop(plugin, None)

    def release(self, plugin: str) -> None:
        """Forget what was kept of a plugin's code before."""
        for name, root in list(self._roots.items()):
            if root.plugin == plugin:
                root.branches = dict.fromkeys(one for one in root.branches if not one.held)
                self._changed(name)

    def _with(self, root: str, new: dict[Branch, None]) -> tuple[Node, bool]:
        """Return what is to be added to a root that is joined, or the whole of it and True.

        Raises:
            PluginError: two commands end at one place.
        """
        known = self._roots.get(root)
        if known is None or known.is_stale or not known.is_real or any(one.load is not None for one in new):
            return _joined(root, {**(known.branches if known is not None else {}), **new}), True
        node = _joined(root, new)
        self._tree.literals[root].require_room(node)
        return node, False

    def _changed(self, root: str) -> None:
        """Have a root joined anew when the tree is next looked at; one at which nothing hangs is gone."""
        if self._roots[root].branches:
            self._roots[root].is_stale = True
            self._stale[root] = None
        else:
            del self._roots[root]
            self._tree.literals.pop(root, None)


def _joined(name: str, branches: Iterable[Branch]) -> Node:
    """One root of several branches; what a manifest declares is there only while the plugin has nothing of it."""
    every = list(branches)
    root = Node(name, alias=all(branch.node.alias for branch in every))
    for branch in [branch for branch in every if branch.load is None] or every:
        root.add(branch.node)
    return root
