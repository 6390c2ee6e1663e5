"""What a process that stays has read of a profile and its surroundings, for as long as the files look the same.

Nothing here is believed for its age: another process may change anything at any time. What lies in files is looked at
anew before it is used, by one `stat` each; what is named by its own hash cannot change.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jackfield.discovery import MANIFEST, discover
from jackfield.management.environment import Environment
from jackfield.manifest import Candidate
from jackfield.store import Glance

if TYPE_CHECKING:  # whoever only looks needs no resolver
    from jackfield.resolution import Remembered, Settled

METADATA = ("METADATA", "entry_points.txt", "RECORD")
"""The files of a `.dist-info` folder that discovery reads."""

MOST_SETS = 4
"""How many sets of them: the active one, and those that a change leads to and back from."""

MOST_TREES = 4096
"""How many unpacked wheels are remembered at most."""

Whole = Sequence[Glance | None]
"""How each of some trees looked when the store found it whole last; None for one that was not."""


@dataclass(slots=True)
class _Tree:
    """What was read of an unpacked wheel.

    Args:
        glance: how what was read looked before.
        found: the plugins in it.
        whole: how the whole tree looked when it was found to be as it was unpacked, and what was read with it.
    """

    glance: Glance
    found: list[Candidate]
    whole: Glance | None = None

    def standing(self, whole: Glance | None) -> list[Candidate] | None:
        """The plugins, where the tree is still what was read.

        Args:
            whole: how it looked when the store found it whole last: nothing of it is looked at again then.
        """
        if whole is None or not (self.whole is whole or whole.covers(self.glance)):
            return self.found if self.glance.holds() else None
        self.whole = whole
        return self.found


@dataclass(slots=True)
class Memory:
    """What is remembered from one look at a profile to the next.

    Args:
        details: what wheels said of themselves, by their hashes.
        distributions: canonical id -> the distribution that a marketplace named for it; asked for again each time, this
            only tells what to ask for beside.
        settled: what the last resolutions found, the newest first: the next may be a small change of one of them.
    """

    details: Remembered = field(default_factory=dict)
    distributions: dict[str, str] = field(default_factory=dict)
    settled: list[Settled] = field(default_factory=list)
    _trees: dict[str, _Tree] = field(default_factory=dict)
    _sets: list[tuple[Sequence[Path], Glance, list[Candidate]]] = field(default_factory=list)
    _environment: Environment | None = None
    _looks: int = 0

    def environment(self, groups: Collection[str]) -> Environment:
        """The process's own environment: the one of the last look, where nothing has changed in it since."""
        self._looks += 1
        if self._looks == 1:
            return Environment(groups)  # a command looks once, and watches for nothing
        standing = self.standing_environment()
        if standing is None:
            self._environment = standing = Environment(groups).watch()
        return standing

    def standing_environment(self) -> Environment | None:
        """The environment of the last look where nothing has changed in it; None where it has to be read."""
        return self._environment if self._environment is not None and self._environment.stands() else None

    def settle(self, found: Settled) -> None:
        """Remember what a resolution found."""
        self.settled = [found, *self.settled[: MOST_SETS - 1]]

    def stored(self, groups: Collection[str], trees: Sequence[Path], whole: Whole = ()) -> list[Candidate]:
        """The plugins in the unpacked wheels of one generation, in their order; only what changed is read.

        Args:
            groups: the entry-point groups of the application's plugins.
            trees: the import roots; those that are not there hold none.
            whole: as for `standing_set`.
        """
        if self._looks <= 1:
            there = [tree for tree in trees if os.path.isdir(tree)]  # noqa: PTH112 - of a hundred
            return discover(groups, path=there) if there else []
        standing = self.standing_set(trees) if not whole else None
        if standing is not None:
            return standing
        if len(self._trees) > MOST_TREES:
            self._trees.clear()
        looks = whole or [None] * len(trees)
        found = [
            candidate
            for tree, look in zip(trees, looks, strict=True)
            for candidate in self._in_tree(groups, tree, trees, look)
        ]
        glances = [known.glance for tree in trees if (known := self._trees.get(str(tree))) is not None]
        if len(glances) == len(trees):
            self._sets = [(trees, Glance.joined(glances), found), *(one for one in self._sets if one[0] != trees)]
            del self._sets[MOST_SETS:]
        return found

    def standing_set(self, trees: Sequence[Path], whole: Whole = ()) -> list[Candidate] | None:
        """The plugins in these trees, where they look as when they were read; None where something is to be read.

        Args:
            trees: the import roots.
            whole: how each looked when the store found it whole last. What was read of it then is taken to be there:
                for a plan, since the change itself looks at every file before anything of it is seen.
        """
        if not whole:
            known = next((one for one in self._sets if one[0] == trees), None)
            return known[2] if known is not None and known[1].holds() else None
        found: list[Candidate] = []
        for tree, look in zip(trees, whole, strict=True):
            known_tree = self._trees.get(str(tree))
            standing = known_tree.standing(look) if known_tree is not None else None
            if standing is None:
                return None
            found += standing
        return found

    def _in_tree(
        self, groups: Collection[str], tree: Path, trees: Sequence[Path], whole: Glance | None
    ) -> list[Candidate]:
        root = str(tree)
        known = self._trees.get(root)
        standing = known.standing(whole) if known is not None else None
        if standing is not None:
            return standing
        try:
            before = Glance.at(_telling(root))
        except (FileNotFoundError, NotADirectoryError):
            return []
        found = discover(groups, path=[tree], beside=trees)
        if all(one.folder is not None and one.folder.parent == tree for one in found):
            self._trees[root] = _Tree(before, found)
        # else what lies in the other trees has a say in it
        return found


def _telling(root: str) -> list[str]:
    """Everything in an unpacked wheel that tells of its plugins: its metadata, its packages and their manifests."""
    paths = [root]
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.is_dir():
                named = METADATA if entry.name.endswith(".dist-info") else (MANIFEST,)
                there = [path for name in named if os.path.exists(path := f"{entry.path}/{name}")]  # noqa: PTH110 - of each tree
                # A folder tells when a file comes that is not there; of those that are, each tells itself.
                paths += there if len(there) == len(named) else [entry.path, *there]
    return paths
