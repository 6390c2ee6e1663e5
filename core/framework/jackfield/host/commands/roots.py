"""The roots of the tree: whose each one is, and the branches that it is made of (U13)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from jackfield.errors import PluginError
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


class Roots:
    """All branches, joined into one tree.

    Attributes:
        tree: the node above all roots.
    """

    def __init__(self) -> None:
        self.tree = Node("")
        self._branches: dict[str, list[Branch]] = {}

    def owner(self, text: str) -> str | None:
        """Return whose the root is with which `text` begins; empty: the application's; None: nobody's."""
        first = text.split(maxsplit=1)
        found = self._branches.get(first[0]) if first else None
        return found[0].plugin if found else None

    def waiting(self, root: str) -> Load | None:
        """Return what makes a root real that is only declared, or held; None where it is real, or not there."""
        found = self._branches.get(root, [])
        held = next((branch.load for branch in found if branch.held), None)
        if held is not None:
            return held
        return found[0].load if found and all(branch.load is not None for branch in found) else None

    def hang(self, branches: list[Branch]) -> Callable[[], None]:
        """Add branches, all or none of them, and return what takes them away again.

        Raises:
            PluginError: a root belongs to another plugin, or two commands end at one place.
        """
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

    def hold(self, plugin: str, wait: Load) -> None:
        """Keep what a plugin has added for its next code, which takes the place of it; `release` ends that.

        Args:
            plugin: whose code is being replaced.
            wait: is awaited by who uses one of its commands meanwhile.
        """
        self._exchange(
            {
                root: [
                    replace(one, load=wait, held=True) if one.plugin == plugin and one.load is None else one
                    for one in branches
                ]
                for root, branches in self._branches.items()
                if branches[0].plugin == plugin
            }
        )

    def release(self, plugin: str) -> None:
        """Forget what was kept of a plugin's code before."""
        self._exchange(
            {
                root: [one for one in branches if not one.held]
                for root, branches in self._branches.items()
                if branches[0].plugin == plugin
            }
        )

    def _exchange(self, changed: Mapping[str, list[Branch]]) -> None:
        joined = {root: _joined(root, branches) for root, branches in changed.items() if branches}
        for root, branches in changed.items():  # nothing is changed before all of it could be joined
            if branches:
                self._branches[root], self.tree.literals[root] = branches, joined[root]
            else:
                self._branches.pop(root, None)
                self.tree.literals.pop(root, None)


def _joined(name: str, branches: list[Branch]) -> Node:
    """One root of several branches; what a manifest declares is there only while the plugin has nothing of it."""
    root = Node(name, alias=all(branch.node.alias for branch in branches))
    for branch in [branch for branch in branches if branch.load is None] or branches:
        root.add(branch.node)
    return root
