"""Where the code of installed plugins is found: one finder, last in `sys.meta_path`, over the active generation.

Last, so that the host's own packages win. It answers `import`, `importlib.metadata` and, because modules are loaded by
Python's own loaders, `importlib.resources`. A switch of generations replaces its table; nothing else looks at folders.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import MappingProxyType, ModuleType

_SUFFIXES = (
    *importlib.machinery.EXTENSION_SUFFIXES,
    *importlib.machinery.SOURCE_SUFFIXES,
    *importlib.machinery.BYTECODE_SUFFIXES,
)


def top_level_names(tree: Path) -> set[str]:
    """Return the names that can be imported from an unpacked wheel: its packages and modules."""
    names: set[str] = set()
    for entry in tree.iterdir():
        suffix = next((suffix for suffix in _SUFFIXES if entry.name.endswith(suffix)), None)
        name = entry.name[: -len(suffix)] if suffix else entry.name
        if name == "__pycache__":
            continue  # what Python compiled of single modules lies beside them
        if name.isidentifier() and (suffix is not None or entry.is_dir()):
            names.add(name)
    return names


class GenerationFinder(importlib.abc.MetaPathFinder):
    """Finds modules and distributions in unpacked wheels.

    Several trees may hold parts of one namespace package (PEP 420); any other name has one tree, which the store sees
    to.
    """

    def __init__(self) -> None:
        self._known: tuple[Path, ...] = ()
        self._trees: tuple[Path, ...] = ()
        self._table: MappingProxyType[str, tuple[str, ...]] = MappingProxyType({})

    @property
    def trees(self) -> tuple[Path, ...]:
        """What it looks into."""
        return self._trees

    @property
    def known(self) -> tuple[Path, ...]:
        """What it looks into, or would once somebody opens it."""
        return self._known

    def install(self) -> None:
        """Take the last place in `sys.meta_path`, also when another finder came later."""
        self.remove()
        sys.meta_path.append(self)

    def remove(self) -> None:
        """Leave `sys.meta_path`."""
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]

    def open(self, trees: Iterable[Path]) -> None:
        """Look into these trees as well from now on."""
        chosen = tuple(dict.fromkeys((*self._trees, *trees)))
        if chosen != self._trees:
            self.replace(chosen, known=self._known)

    def replace(self, trees: Iterable[Path], *, known: Iterable[Path] = ()) -> None:
        """Look into these trees from now on; modules that are loaded already stay until `drop_modules`.

        Args:
            trees: of code that may run.
            known: further ones, of which nothing is found but by `known_distributions`.
        """
        chosen = tuple(dict.fromkeys(trees))
        self._known = tuple(dict.fromkeys((*chosen, *known)))
        table: dict[str, list[str]] = {}
        for tree in chosen:
            for name in top_level_names(tree):
                table.setdefault(name, []).append(str(tree))
        self._table = MappingProxyType({name: tuple(holders) for name, holders in table.items()})
        self._trees = chosen
        importlib.invalidate_caches()
        for name in table:
            self._widen(name)

    def _widen(self, name: str) -> None:
        """Let a namespace package that is loaded already see the parts of the new trees."""
        module = sys.modules.get(name)
        place = getattr(module, "__path__", None)
        if module is not None and getattr(module, "__file__", None) is None and isinstance(place, list):
            spec = self.find_spec(name)
            if spec is not None and spec.submodule_search_locations is not None:
                place[:] = spec.submodule_search_locations

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find a top-level module; what lies below one is found through its `__path__`, as always."""
        if path is not None:
            return None
        holders = self._table.get(fullname)
        if holders is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, holders, target)
        if spec is not None and spec.loader is None and spec.submodule_search_locations is not None:
            # A namespace: Python's own path object would be computed anew from sys.path, where its parts are not.
            spec.submodule_search_locations = list(spec.submodule_search_locations)
        return spec

    def find_distributions(
        self, context: importlib.metadata.DistributionFinder.Context | None = None
    ) -> Iterable[importlib.metadata.Distribution]:
        """Find distributions for `importlib.metadata`; not when the caller names a path of its own."""
        if context is not None and "path" in vars(context):
            return iter(())
        return _distributions(self._trees, context.name if context is not None else None)

    def known_distributions(self) -> Iterable[importlib.metadata.Distribution]:
        """Find every distribution that is there, also those whose code may not run."""
        return _distributions(self._known, None)


def _distributions(trees: Iterable[Path], name: str | None) -> Iterable[importlib.metadata.Distribution]:
    wanted = importlib.metadata.DistributionFinder.Context(name=name, path=[str(tree) for tree in trees])
    return importlib.metadata.MetadataPathFinder.find_distributions(wanted)


def modules_below(folders: Iterable[Path]) -> dict[str, ModuleType]:
    """Return the loaded modules whose code lies in the folders; a namespace package, when all its parts do."""
    places = _Places(folders)
    found: dict[str, ModuleType] = {}
    for name, module in list(sys.modules.items()) if places else ():
        file = getattr(module, "__file__", None)
        origins = [file] if isinstance(file, str) else _search_path(module)
        if origins and all(origin in places for origin in origins):
            found[name] = module
    return found


class _Places:
    """Folders and files, asked for each path of many whether it is one of them or lies in one.

    Args:
        folders: the places.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._exactly = frozenset(map(str, folders))
        self._within = tuple(place.rstrip(os.sep) + os.sep for place in self._exactly)

    def __bool__(self) -> bool:
        return bool(self._exactly)

    def __contains__(self, path: str) -> bool:
        return path in self._exactly or path.startswith(self._within)


def extension_modules(modules: Iterable[ModuleType]) -> list[str]:
    """Return the names of those that are machine code, which Python cannot load anew in one process."""
    return sorted(
        module.__name__
        for module in modules
        if (getattr(module, "__file__", None) or "").endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES))
    )


def drop_modules(folders: Iterable[Path]) -> dict[str, ModuleType]:
    """Forget every loaded module below the folders, so that the next import runs what the finder finds then.

    Returns:
        dict: the modules that were forgotten, by name.
    """
    folders = tuple(folders)
    dropped = modules_below(folders)
    for name in dropped:
        sys.modules.pop(name, None)
        parent, _, child = name.rpartition(".")
        holder = sys.modules.get(parent)
        if holder is not None and vars(holder).get(child) is dropped[name]:
            delattr(holder, child)  # a namespace package that stays must not hand out the old part
    places = _Places(folders)
    for cached in list(sys.path_importer_cache):
        if cached in places:
            sys.path_importer_cache.pop(cached, None)
    importlib.invalidate_caches()
    return dropped


def _search_path(module: ModuleType) -> list[str]:
    try:
        return [str(place) for place in getattr(module, "__path__", ())]
    except Exception:  # noqa: BLE001  # a module may put anything there; it is then none of ours
        return []
