"""What an application on pluggy gains on disk: wishes that last, plugins of the store, a name for the command line.

The services are imported when they are first needed: the application that changes one import should hardly feel it.
"""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from jackfield.places import name_problem, profile_folder

if TYPE_CHECKING:
    import logging
    from importlib.metadata import Distribution
    from pathlib import Path

    from jackfield.hooks import HookCounters
    from jackfield.host import GenerationFinder
    from jackfield.storage import State
    from jackfield.store import Generation, Layout

_REVOKED_FILES = ("revoked.json", "revoked.copy.json")  # of `jackfield.revocation`, which takes longer to load
_NOTHING_REVOKED = '\\"revocations\\":[]'  # in a list that is kept as the text of a JSON document
_NOTHING_FAILED = '"failures": {}'  # in the record of starts; within a sentence there its quotes would be escaped

GROUPS_FILE = "groups.json"
"""In the profile's folder: `{"schema": 1, "groups": [...]}`, the entry-point groups an adopted application loads."""


class Adoption:
    """The state of one application. Reading never fails the application; a folder that cannot be used holds nothing.

    Args:
        project: the pluggy project's name, which is the app's name on the command line.
        layout: where state lies, if not where the project's name says.
        remember: False: nothing is read and nothing written.
    """

    def __init__(self, project: str, *, layout: "Layout | None" = None, remember: bool = True) -> None:
        self._project = project
        self._given_layout = layout
        self._remember = remember
        self._keeps_usage = False
        self._finder: GenerationFinder | None = None
        self._generation: Generation | None = None
        self._sources: Mapping[str | None, str] = {}  # distribution of the store -> where it came from

    @cached_property
    def _root(self) -> str | None:
        """The profile's folder, as text: most starts see that there is nothing in it, and need no `Layout`."""
        if not self._remember:
            return None
        if self._given_layout is not None:
            return str(self._given_layout.root)
        problem = name_problem(self._project, None, os.environ)
        if problem is not None:  # a project's name may hold anything, a folder's may not
            logger().debug("nothing is remembered for the project %r: %s", self._project, problem)
            return None
        return profile_folder(self._project, None, os.environ)

    @cached_property
    def _layout(self) -> "Layout | None":
        if self._root is None:
            return None
        from pathlib import Path

        from jackfield.store import Layout

        return self._given_layout or Layout(Path(self._root))

    def _holds(self, name: str) -> bool:
        """Say whether a file or folder lies directly in the profile's folder."""
        return self._root is not None and os.path.exists(f"{self._root}{os.sep}{name}")  # noqa: PTH110 (see _root)

    @cached_property
    def _state(self) -> "State | None":
        if self._layout is None:
            return None
        from jackfield.storage import State

        return State(self._layout.state)

    def record(self, groups: Sequence[str]) -> None:
        """Write the groups down where the command line finds them, if that changes anything and can be done."""
        if self._root is None or all(f'"{group}"' in _text(f"{self._root}{os.sep}{GROUPS_FILE}") for group in groups):
            return
        self._record_anew(groups)

    def _record_anew(self, groups: Sequence[str]) -> None:
        import json  # once in the life of an environment

        if self._layout is None:
            return
        file = self._layout.root / GROUPS_FILE
        try:
            known = _recorded(file)
            if not set(groups) <= set(known):
                self._layout.make_root()
                _replace(file, json.dumps({"schema": 1, "groups": sorted({*known, *groups})}))
        except OSError as error:
            logger().debug("the entry-point groups of %s were not recorded: %s", self._project, error)

    def keep_usage(self, counters: "HookCounters") -> None:
        """Have what was counted added to the profile's numbers when the process ends."""
        if self._layout is None or self._keeps_usage:
            return
        import atexit  # most applications do not count

        self._keeps_usage = True
        atexit.register(_add_usage, counters, self._layout.usage)
        if hasattr(os, "register_at_fork"):  # what was counted until then is its parent's to tell
            os.register_at_fork(after_in_child=counters.reset)

    # Wishes

    def wishes(self) -> Mapping[str, bool]:
        """Return what the user wishes: canonical id -> enabled."""
        if not self._holds("state") or self._state is None:
            return {}
        from jackfield.errors import StoreError

        try:
            found = self._state.items("wish/")
        except (StoreError, OSError) as error:
            logger().warning("the state of %s cannot be read, so nothing is switched off: %s", self._project, error)
            return {}
        return {key.removeprefix("wish/"): bool(value) for key, value in found.items()}

    def wish(self, name: str, enabled: bool, *, by: str) -> None:
        """Keep a wish for every later start.

        Raises:
            UsageError: the name is no plugin id, or nothing is remembered.
            StoreError: the state cannot be written; nothing was changed.
        """
        from jackfield.errors import UsageError

        cid = comparable(name)
        if cid is None:
            raise UsageError(f"{name!r} is no plugin id, so no state can be kept for it", hint="rename its entry point")
        if self._state is None:
            raise UsageError(f"the plugin manager of {self._project!r} remembers nothing")
        self._state.change({f"wish/{cid}": enabled}, by=by, why=f"{'enable' if enabled else 'disable'} {name}")

    # Plugins that jackfield installed

    def serve_store(self) -> None:
        """Let the plugins of the active generation be known, once and if there are any.

        Their code is found only once it is opened: else that of one which is switched off, or was revoked, would be run
        by whatever tries an import that may fail, or loads the entry points of another group.
        """
        if self._finder is not None or not self._holds("current") or self._layout is None:
            return
        from jackfield.errors import StoreError
        from jackfield.host import GenerationFinder
        from jackfield.store import Store

        try:
            generation = Store(self._layout).active()
            trees = [tree for tree in generation.paths if tree.is_dir()]
        except (StoreError, OSError) as error:
            logger().warning("installed plugins of %s cannot be found: %s", self._project, error)
            return
        if trees:
            self._sources = {comparable(pin.distribution): pin.source for pin in generation.pins}
            self._finder = GenerationFinder()
            self._finder.replace((), known=trees)
            self._finder.install()
            self._generation = generation

    def is_stored(self, distribution: "Distribution") -> bool:
        """Say whether jackfield installed a distribution; else pip or another tool did."""
        if self._finder is None:
            return False
        return _tree_of(distribution) in self._finder.known

    def open(self, distributions: "Sequence[Distribution]") -> None:
        """Let the code of plugins of the store be found, with their libraries'.

        Args:
            distributions: those of the plugins, each of which may be loaded.
        """
        if self._finder is None or self._generation is None or not distributions:
            return
        from jackfield.store import trees_with_libraries

        self._finder.open(trees_with_libraries(self._generation, [_tree_of(one) for one in distributions]))

    def allows(self, name: str, resource: str, action: str) -> bool:
        """Say whether the user granted a permission to a plugin of the store."""
        from jackfield.errors import JackfieldError
        from jackfield.permissions import Grant

        if self._state is None:
            return False
        try:
            kept = self._state.get(f"grants/{comparable(name)}")
            return kept is not None and Grant.from_mapping(kept).allows(resource, action)
        except (JackfieldError, OSError) as error:
            logger().warning("the grant of %s cannot be read, so it counts as none: %s", name, error)
            return False

    @property
    def layout(self) -> "Layout | None":
        """The profile; None where nothing is remembered."""
        return self._layout

    @property
    def trees(self) -> "Sequence[Path]":
        """Where the plugins lie that jackfield installed, once they are served."""
        return self._finder.known if self._finder is not None else ()

    def knows_of_revocations(self) -> bool:
        """Say whether a list is not empty, from its text alone: most applications never met a marketplace."""
        if not self._holds("trust"):
            return False
        try:
            folders = [one.path for one in os.scandir(f"{self._root}{os.sep}trust") if one.is_dir()]
        except OSError:
            return True  # it is there, and who reads it in earnest tells what is wrong
        files = [f"{folder}{os.sep}{name}" for folder in folders for name in _REVOKED_FILES]
        there = [file for file in files if os.path.exists(file)]  # noqa: PTH110 (see _root)
        return any(_NOTHING_REVOKED not in _text(file) for file in there)

    def knows_of_failures(self) -> bool:
        """Say whether it is kept that plugins failed, from the text alone: most starts find that there is no file."""
        kept = _text(f"{self._root}{os.sep}run{os.sep}starts.json") if self._root is not None else ""
        return kept != "" and _NOTHING_FAILED not in kept

    def require_loadable(self, name: str, groups: Sequence[str]) -> None:
        """Hold a plugin of the store to its manifest before its code runs in this process.

        Raises:
            ConsentRequired: the user has not said yes to it, as it is and from where it came.
            JackfieldError: its manifest cannot be read, or asks for a process of its own.
        """
        from jackfield.discovery import discover
        from jackfield.errors import ConsentRequired, PluginError
        from jackfield.host import consent_problem
        from jackfield.permissions import Grant

        cid = comparable(name)
        found = next((one for one in discover(groups, path=self.trees) if one.canonical_id == cid), None)
        if found is None:
            return
        if found.problem is not None:
            raise found.problem
        if found.manifest is not None and found.manifest.isolation == "worker":
            raise PluginError(
                f"{name} asks to run in a process of its own, and {self._project} runs plugins in its own",
                plugin=name,
            )
        if self._state is None:
            return
        kept = self._state.get(f"grants/{cid}")
        problem = consent_problem(
            found,
            self._sources.get(comparable(found.distribution), "file"),
            Grant.from_mapping(kept) if kept is not None else None,
            command=f"jackfield --app {self._project}",
        )
        if problem:
            raise ConsentRequired(f"{name} {problem}", plugin=name)


def logger() -> "logging.Logger":
    """The host's logger; a program that does not log should not pay for `logging` at its start."""
    import logging

    return logging.getLogger("jackfield.host")


def comparable(name: str) -> str | None:
    """Return the canonical id of an entry point's name; None for a name that cannot be an id."""
    from jackfield.errors import JackfieldError
    from jackfield.manifest import canonical_id

    try:
        return canonical_id(name)
    except JackfieldError:
        return None


def _add_usage(counters: "HookCounters", file: "Path") -> None:
    from jackfield.analytics import UsageFile, UseStats
    from jackfield.errors import JackfieldError

    try:
        UsageFile(file).merge(UseStats.of(count, "hook") for count in counters if count.calls or count.errors)
    except JackfieldError as error:
        logger().debug("what plugins did was not kept: %s", error)


def _tree_of(distribution: "Distribution") -> "Path":
    """The folder from which a distribution of the store is imported."""
    from pathlib import Path

    return Path(str(distribution.locate_file("")))


def _text(file: str) -> str:
    """What a file says; nothing where it cannot be read."""
    try:
        with open(file, encoding="utf-8") as stream:  # noqa: PTH123 (pathlib takes 3 ms to load)
            return stream.read()
    except (OSError, ValueError):
        return ""


def _recorded(file: "Path") -> list[str]:
    import json

    try:
        groups = json.loads(file.read_text(encoding="utf-8"))["groups"]
        return [group for group in groups if isinstance(group, str)]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return []  # absent, or not ours: written anew


def _replace(file: "Path", text: str) -> None:
    import tempfile
    from pathlib import Path

    descriptor, temporary = tempfile.mkstemp(prefix=file.name, dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).replace(file)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
