"""Imports by name: single packages out of folders whose other packages cannot be imported (K42).

A host's site-packages holds all that the host needs; of that a worker sees what was named, and `importlib.metadata` and
`importlib.resources` answer for exactly that. Nothing runs a `.pth`: `site` is never imported. This module is the first
of jackfield that a zygote loads, and loads nothing but the standard library.
"""

import importlib.machinery
import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from importlib.metadata import Distribution

_SUFFIXES: Final = (
    *importlib.machinery.EXTENSION_SUFFIXES,
    *importlib.machinery.SOURCE_SUFFIXES,
    *importlib.machinery.BYTECODE_SUFFIXES,
)
_STANDARD_LIBRARY: Final = os.path.dirname(os.__file__)  # noqa: PTH120 (pathlib is not loaded yet)


class NamedPackages:
    """A finder of `sys.meta_path` for packages and modules by their top-level names.

    A name that is named is taken from there and from nowhere else, also where a plugin brings one of that name: what
    the host publishes is a fixed pin of every plugin's solution, so it would be the same version, and twice.

    Args:
        places: top-level name to the folder or file that holds it; of a namespace that others share, the path of a part
            to its place: `acme/weather`. A place whose name cannot be imported, such as `numpy.libs`, is merely there
            to be read.
        metadata: `.dist-info` folders that `importlib.metadata` finds.
    """

    def __init__(self, places: Mapping[str, str], metadata: Sequence[str]) -> None:
        self.places = dict(places)
        self._shared = {
            key[:end] for key in places for end in range(len(key)) if key[end] == "/" and key[:end] not in places
        }
        self._metadata = tuple(metadata)

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """Return how to load a top-level name, or a part of a namespace.

        Other submodules of a package are found by its `__path__`. That of a shared namespace is empty: what lies beside
        the parts that are named is others'.
        """
        key = name.replace(".", "/")
        if key in self._shared:
            return _namespace(name, [])
        place = self.places.get(key) if path is None or "/" in key else None
        if place is None:
            return None
        if os.path.isfile(place):  # noqa: PTH113  # pathlib is slow to load
            return importlib.util.spec_from_file_location(name, place)
        # By each name that it could have, and not by Python's own finder, which lists the folder above: without a
        # private root that is refused.
        for suffix in importlib.machinery.all_suffixes():
            initial = f"{place}/__init__{suffix}"
            if os.path.isfile(initial):  # noqa: PTH113  # pathlib is slow to load
                return importlib.util.spec_from_file_location(name, initial, submodule_search_locations=[place])
        return _namespace(name, [place])

    def find_distributions(self, context: Any = None) -> Iterable["Distribution"]:
        """Return the named distributions that a `DistributionFinder.Context` asks for."""
        from importlib.metadata import Distribution  # slow to import, and few plugins ask
        from pathlib import Path

        wanted = None if context is None or context.name is None else _normalized(context.name)
        for folder in self._metadata:
            found = Distribution.at(Path(folder))
            if wanted is None or _normalized(found.name) == wanted:
                yield found

    def invalidate_caches(self) -> None:
        """Nothing is remembered."""


class UnlistedFolder(importlib.machinery.FileFinder):
    """A finder of modules in a folder of the standard library, which takes no listing of it.

    Python's own looks a name up in a listing, and where packages lie in that folder that nobody may see Landlock lets
    nobody list it.
    """

    def find_spec(self, fullname: str, target: Any = None) -> ModuleSpec | None:
        """Return how to load a module or package that lies in there."""
        place = f"{self.path}/{fullname.rpartition('.')[2]}"
        initial = f"{place}/__init__"
        if os.path.isdir(place):  # noqa: PTH112  # pathlib is slow to load
            for suffix in _SUFFIXES:
                if os.path.isfile(initial + suffix):  # noqa: PTH113  # pathlib is slow to load
                    return importlib.util.spec_from_file_location(
                        fullname, initial + suffix, submodule_search_locations=[place]
                    )
        for suffix in _SUFFIXES:
            if os.path.isfile(place + suffix):  # noqa: PTH113  # pathlib is slow to load
                return importlib.util.spec_from_file_location(fullname, place + suffix)
        return None

    def invalidate_caches(self) -> None:
        """Nothing is remembered."""


class _Unlisted:
    """A hook of `sys.path_hooks` for these folders."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._finders = {folder: UnlistedFolder(folder) for folder in folders}
        for folder in folders:
            sys.path_importer_cache.pop(folder, None)

    def __call__(self, path: str) -> UnlistedFolder:
        if path in self._finders:
            return self._finders[path]
        raise ImportError(path)


def _namespace(name: str, places: list[str]) -> ModuleSpec:
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = places
    return spec


def _normalized(name: str) -> str:
    """As PEP 503 has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def standard_library() -> tuple[str, ...]:
    """Return the folders of `sys.path` that hold the standard library and its extension modules."""
    return tuple(
        path
        for path in sys.path
        if path.startswith(_STANDARD_LIBRARY) and "-packages" not in path and os.path.isdir(path)  # noqa: PTH112  # pathlib is slow to load
    )


def import_only(
    paths: Sequence[str], places: Mapping[str, str], metadata: Sequence[str], library: Sequence[str]
) -> None:
    """Let this process import from these folders, these named packages and the standard library, in this order.

    A zygote could load nothing that was not named to it, so no library of the host's waits in `sys.modules` to be taken
    for a plugin's own one of that name.

    Args:
        paths: folders, as in `sys.path`.
        places: as in `NamedPackages`.
        metadata: as in `NamedPackages`.
        library: what `standard_library` said before the path was changed.
    """
    others = [finder for finder in sys.meta_path if not isinstance(finder, NamedPackages)]
    sys.meta_path[:] = [NamedPackages(places, metadata), *others]
    sys.path[:] = [*paths, *library]


def find_without_listing(library: Sequence[str]) -> None:
    """Let this process find the standard library's modules where its folders cannot be listed.

    Args:
        library: what `standard_library` said.
    """
    sys.path_hooks.insert(0, _Unlisted(library))
