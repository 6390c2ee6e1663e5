"""Which code is in the process: the finder's trees, modules that are dropped, and machine code that cannot be."""

import contextlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType

from jackfield.host.finder import GenerationFinder, drop_modules, extension_modules, modules_below
from jackfield.host.plugins import Record
from jackfield.host.scripts import forget_script
from jackfield.host.switch import Switch
from jackfield.manifest import Candidate

_EXTENSIONS = tuple(importlib.machinery.EXTENSION_SUFFIXES)


class Aside:
    """Modules out of the way of newer ones, and the way back.

    Args:
        places: where their code lies.
        modules: by name.
    """

    def __init__(self, places: Collection[Path], modules: Mapping[str, ModuleType]) -> None:
        self._places = places
        self._modules = modules

    def put_back(self) -> None:
        """Forget what was imported since, and let the modules be found again."""
        drop_modules(self._places)
        sys.modules.update(self._modules)
        for name, module in self._modules.items():
            parent, _, child = name.rpartition(".")
            if parent in sys.modules:
                setattr(sys.modules[parent], child, module)


class Code:
    """Exchanges the code of plugins in a running process."""

    def __init__(self) -> None:
        self._finder = GenerationFinder()
        self._held: tuple[Path, ...] = ()
        self._machine_code: dict[str, str] = {}
        """Extension modules that were dropped from `sys.modules`, with their files: they stay in the process."""
        self._files: dict[str, Mapping[str, tuple[int, int]]] = {}
        """By canonical id, the source files of plugins of the environment when they were imported."""

    def open(self) -> None:
        """Begin to find plugins' modules."""
        self._finder.install()

    def close(self) -> None:
        """Forget every module of the store, and find none any more."""
        self._drop(self._finder.trees)
        self._finder.remove()
        self._finder.replace(())
        self._held = ()

    def loaded_machine_code(self, trees: Iterable[Path]) -> list[str]:
        """Return the names of the loaded extension modules of some trees."""
        return extension_modules(modules_below(trees).values())

    def exchange(self, trees: Sequence[Path], switch: Switch, records: Mapping[str, Record]) -> None:
        """Find modules in the new generation's trees, and forget those that nobody runs any more.

        Args:
            trees: of the plugins that shall run in this process.
            switch: what was stopped and what is held.
            records: every plugin that was known before; those that stopped are not loaded any more.
        """
        before = set(self._finder.trees)
        # What is held comes first: for a name that both generations have, the old code goes on being imported.
        self._held = tuple(sorted(switch.keep_trees & before))
        self._finder.install()
        self.look_into(trees, records)
        self.drop_unused(records, also=before - set(self._finder.trees))

    def look_into(self, trees: Sequence[Path], records: Mapping[str, Record]) -> None:
        """Find modules in these trees, in those of plugins that are held, and of those that run, from now on.

        Args:
            trees: of the plugins that shall run in this process.
            records: every plugin: one that came up by a change within this one is not among those that shall.
        """
        running = sorted(_used(records) - {*self._held, *trees})
        # Also where they are the same: what was damaged in one of them may have been mended.
        self._finder.replace([*self._held, *(path for path in (*trees, *running) if path.is_dir())])

    def drop_unused(self, records: Mapping[str, Record], *, also: Collection[Path] = ()) -> None:
        """Forget the modules of plugins that do not run, so that they are imported anew.

        Args:
            records: every plugin.
            also: further folders that nobody runs from.
        """
        inside = [record for record in records.values() if not record.footing.own_process]
        used = _used(records)
        stale = set(also)
        for record in inside:
            if not record.life.state.runs_code:
                stale |= record.footing.trees
                if record.own_folder is not None:
                    stale.add(record.own_folder)
                if record.candidate.origin == "script":
                    forget_script(record.candidate)
        self._drop(stale - used)

    def places(self, record: Record) -> frozenset[Path]:
        """Return the files and folders of a plugin's own code; none where somebody else imported it, too."""
        candidate = record.candidate
        place = record.own_folder
        if candidate.origin == "script":
            place = candidate.file
        elif candidate.origin == "store":
            place = candidate.folder.parent if candidate.folder is not None else None
        return frozenset({place}) if place is not None else frozenset()

    def set_aside(self, records: Iterable[Record]) -> "Aside":
        """Take the modules of loaded plugins out of the way, so that their next import runs what is on disk now."""
        records = tuple(records)
        places = frozenset(place for record in records for place in self.places(record))
        aside = Aside(places, drop_modules(places))
        for record in records:
            if record.candidate.origin != "store":  # there nobody edits code, and a file less is damage
                for place in self.places(record):
                    _forget_bytecode(place)
        return aside

    def note_files(self, record: Record) -> None:
        """Remember the files of a plugin of the environment, as they are when it is imported."""
        if record.own_folder is not None:
            self._files[record.candidate.canonical_id] = _files_below(record.own_folder)

    def changed_on_disk(self, record: Record) -> bool:
        """Say whether a file of a plugin of the environment is another one than when it was imported."""
        known = self._files.get(record.candidate.canonical_id)
        return record.own_folder is not None and known is not None and known != _files_below(record.own_folder)

    def note_owner(self, record: Record) -> None:
        """Remember, before its import, whether a plugin of the environment is imported for us alone.

        A package that someone else imported, the host itself perhaps, is never dropped: a change of it waits for a
        restart.
        """
        candidate = record.candidate
        if candidate.origin in ("store", "script"):
            return
        if top_level(candidate) not in sys.modules:
            record.own_folder = candidate.folder
        elif record.own_folder is None:
            record.footing = record.footing.for_restart()

    def stuck(self, trees: Iterable[Path]) -> str:
        """Say which machine code of these trees cannot be loaded because an earlier version of it is in the process."""
        if not self._machine_code:
            return ""
        for tree in trees:
            for file in sorted(tree.rglob("*")):
                name = ".".join(file.relative_to(tree).with_name(file.name.partition(".")[0]).parts)
                if file.name.endswith(_EXTENSIONS) and self._machine_code.get(name, str(file)) != str(file):
                    return name
        return ""

    def _drop(self, trees: Iterable[Path]) -> None:
        for name, module in drop_modules(trees).items():
            if extension_modules([module]):
                self._machine_code[name] = str(module.__file__)


def _used(records: Mapping[str, Record]) -> set[Path]:
    """The trees from which code runs in this process."""
    inside = [one for one in records.values() if one.life.state.runs_code and not one.footing.own_process]
    return {tree for record in inside for tree in record.footing.trees}


def _files_below(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of each source file, by path."""
    found = {}
    for file in sorted((*folder.rglob("*.py"), *folder.rglob("*.toml"))):
        with contextlib.suppress(OSError):  # it went between the two looks
            status = file.stat()
            found[str(file)] = (status.st_mtime_ns, status.st_size)
    return found


def _forget_bytecode(place: Path) -> None:
    """Remove compiled files: they tell a source by whole seconds and its size, and an author saves more often."""
    for file in place.rglob("*.py") if place.is_dir() else ():
        with contextlib.suppress(OSError, NotImplementedError):
            Path(importlib.util.cache_from_source(str(file))).unlink(missing_ok=True)


def top_level(candidate: Candidate) -> str:
    """Return the first segment of the module that a plugin's entry point names."""
    return candidate.entry_point.partition(":")[0].partition(".")[0].strip()
