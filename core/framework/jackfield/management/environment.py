"""The host's own environment: what pip or uv put there is fixed, wins over the store, and is never changed by us."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from importlib.machinery import FileFinder, PathFinder
from pkgutil import get_importer
from typing import TYPE_CHECKING, Self

from jackfield.discovery import MANIFEST, discover, requirements_of, unique_distributions
from jackfield.errors import StoreError
from jackfield.manifest import Candidate
from jackfield.store import Glance, StoredFile

if TYPE_CHECKING:
    from jackfield.resolution import Installed

METADATA = ("METADATA", "PKG-INFO", "entry_points.txt", "requires.txt", "RECORD")
"""What is read of a distribution."""

SETTLED_NS = 1_000_000_000
"""How old a file must be for its times to tell it from the next version, on file systems that count coarsely."""


class Environment:
    """What is importable in the process that runs now, read without importing any of it.

    Args:
        groups: the entry-point groups of the application's plugins.
        path: the folders that imports search; `sys.path` by default.
    """

    def __init__(self, groups: Collection[str], *, path: Sequence[str] | None = None) -> None:
        self._groups = groups
        self._own = path is None
        self._path = list(sys.path if path is None else path)
        self._begun_ns = 0
        self._glance: Glance | None = None
        self._published: dict[str, frozenset[str]] = {}

    def stands(self) -> bool:
        """Whether nothing was installed, removed or edited since `watch`; costs one `stat` for each file."""
        if self._glance is None or (self._own and self._path != sys.path):
            return False
        # What a manifest's stamp was before it was read is not known: one that was just written may be another by now.
        old = all(stamp[-1] < self._begun_ns - SETTLED_NS for stamp in self._manifests.stamps)
        return old and self._glance.holds() and self._manifests.holds()

    def published(self, app: str, find: Callable[[str], frozenset[str]]) -> frozenset[str]:
        """What an application publishes for its plugins, found once for as long as this environment stands.

        Args:
            app: its name.
            find: looks for it.
        """
        if app not in self._published:
            self._published[app] = find(app)
        return self._published[app]

    def telling(self) -> list[str]:
        """Every file and folder that tells which plugins are here: whatever changes in one of them may change that."""
        return [*_telling(self._path), *self._manifests.paths]

    def watch(self) -> Self:
        """Take down how everything looks before it is read, so that `stands` can tell."""
        self._begun_ns = time.time_ns()
        glance = Glance.at(_telling(self._path), settled_ns=self._begun_ns - SETTLED_NS)
        self._glance = glance.without(_told_elsewhere(glance.paths))
        return self

    @cached_property
    def _manifests(self) -> Glance:
        """The manifests of the plugins, which may lie anywhere: an editable install has them in its source folder."""
        folders = [one.folder for one in self.candidates.values() if one.folder is not None]
        return Glance.at(str(folder / MANIFEST) for folder in folders)

    @cached_property
    def candidates(self) -> dict[str, Candidate]:
        """Canonical id -> plugin that pip or uv installed; the first of each id."""
        found: dict[str, Candidate] = {}
        for candidate in discover(self._groups):
            found.setdefault(candidate.canonical_id, candidate)
        return found

    @cached_property
    def installed(self) -> Mapping[str, Installed]:
        """Normalised name -> distribution; all of them fixed for the resolver."""
        from packaging.utils import canonicalize_name

        from jackfield.resolution import Installed

        plugins: dict[str, str] = {canonicalize_name(one.distribution): cid for cid, one in self.candidates.items()}
        found: dict[str, Installed] = {}
        for distribution, headers in unique_distributions(self._path):
            key = canonicalize_name(headers.name)
            found[key] = Installed(headers.version, requirements_of(distribution, headers), plugins.get(key))
        return found

    def refuse_shadowing(self, table: Mapping[str, StoredFile]) -> None:
        """Look at a new generation's files: none may have a top-level name that the host has.

        Its finder comes last, so such a file would never be imported, and two packages would be taken for one.
        Folders without `__init__` (PEP 420) may be shared.

        Raises:
            StoreError: a name is taken; the message says by what.
        """
        names = top_level_names(table)
        if not names:
            return  # as where every plugin has a process of its own
        listed, unlisted = self._importable()
        for name, regular in names.items():
            if not (name in listed or name in sys.stdlib_module_names or PathFinder.find_spec(name, unlisted)):
                continue
            taken = self._taken(name, regular=regular)
            if taken is not None:
                raise StoreError(
                    f"the package {name} would hide behind {taken} of the application's own environment",
                    hint="remove one of the two: what the application imports itself always wins",
                )

    def _importable(self) -> tuple[set[str], list[str]]:
        """Every name that the path's folders may hold, and those places that cannot be listed and have to be asked.

        To look for each of a hundred packages in each folder costs far more than to list the folders once.
        """
        listed: set[str] = set()
        unlisted: list[str] = []
        for place in self._path:
            folder = place or os.getcwd()  # noqa: PTH109 - as the import system reads an empty entry
            finder = get_importer(folder)
            if finder is None:
                continue  # nothing can be imported from there
            try:
                names = os.listdir(folder) if type(finder) is FileFinder else None  # noqa: PTH208 - names alone
            except OSError:
                names = None
            if names is None:
                unlisted.append(folder)
            else:
                listed.update(name.partition(".")[0] for name in names)
        return listed, unlisted

    def _taken(self, name: str, *, regular: bool) -> str | None:
        if name in sys.stdlib_module_names:
            return "Python's own module"
        spec = PathFinder.find_spec(name, self._path)
        if spec is None or (spec.origin is None and not regular):
            return None
        return str(spec.origin or f"a folder {name}")


def top_level_names(table: Mapping[str, StoredFile]) -> dict[str, bool]:
    """Return top-level import names -> whether they are a module or a package with `__init__`."""
    names: dict[str, bool] = {}
    for path in table:
        first, _, rest = path.partition("/")
        if first.endswith((".dist-info", ".data")):
            continue
        if not rest:
            if first.endswith((".py", ".so", ".pyd")):
                names[first.partition(".")[0]] = True
            continue
        regular = rest.partition(".")[0] == "__init__"
        names[first] = names.get(first, False) or regular
    return names


def _told_elsewhere(paths: Collection[str]) -> set[str]:
    """What among these paths can be left unlooked at: a hundred distributions are looked at with each plan.

    A `.dist-info` folder tells what comes into it, and only METADATA and entry points count: nothing that comes counts
    where both are there. What RECORD says counts for distributions with entry points alone.
    """
    there, found = frozenset(paths), set()
    for folder in (path for path in paths if path.endswith(".dist-info")):
        if f"{folder}/entry_points.txt" not in there:
            found.add(f"{folder}/RECORD")
        elif f"{folder}/METADATA" in there:
            found.add(folder)
    return found


def _telling(path: Sequence[str]) -> list[str]:
    """Everything on a path that tells of its distributions: the folders, their metadata folders and those files."""
    paths = []
    for place in dict.fromkeys(os.path.abspath(place) for place in path):  # noqa: PTH100 - an empty entry is here
        paths.append(place)
        try:
            names = os.listdir(place)  # noqa: PTH208 - names alone
        except OSError:
            continue  # not there, or a zip file
        for name in names:
            if name.lower().endswith((".dist-info", ".egg-info", ".egg")) or name.lower() == "egg-info":
                paths += [f"{place}/{name}", *(f"{place}/{name}/{file}" for file in METADATA)]
                paths += [f"{place}/{name}/EGG-INFO/{file}" for file in METADATA if name.endswith(".egg")]
    return paths
