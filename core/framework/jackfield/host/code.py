"""Which code is in the process: the finder's trees, modules that are dropped, and machine code that cannot be."""

import importlib.machinery
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from jackfield.host.finder import GenerationFinder, drop_modules, extension_modules, modules_below
from jackfield.host.plugins import Record
from jackfield.host.switch import Switch
from jackfield.manifest import Candidate
from jackfield.store import Generation

_EXTENSIONS = tuple(importlib.machinery.EXTENSION_SUFFIXES)


class Code:
    """Exchanges the code of plugins in a running process."""

    def __init__(self) -> None:
        self._finder = GenerationFinder()
        self._machine_code: dict[str, str] = {}
        """Extension modules that were dropped from `sys.modules`, with their files: they stay in the process."""

    def open(self) -> None:
        """Begin to find plugins' modules."""
        self._finder.install()

    def close(self) -> None:
        """Forget every module of the store, and find none any more."""
        self._drop(self._finder.trees)
        self._finder.remove()
        self._finder.replace(())

    def loaded_machine_code(self, trees: Iterable[Path]) -> list[str]:
        """Return the names of the loaded extension modules of some trees."""
        return extension_modules(modules_below(trees).values())

    def exchange(self, generation: Generation, switch: Switch, records: Mapping[str, Record]) -> None:
        """Find modules in the new generation's trees, and forget those that nobody runs any more.

        Args:
            generation: the active one.
            switch: what was stopped and what is held.
            records: every plugin that was known before; those that stopped are not loaded any more.
        """
        before = set(self._finder.trees)
        # What is held comes first: for a name that both generations have, the old code goes on being imported.
        held = sorted(switch.keep_trees & before)
        self._finder.install()
        self._finder.replace([*held, *(path for path in generation.paths if path.is_dir())])
        self.drop_unused(records, also=before - set(self._finder.trees))

    def drop_unused(self, records: Mapping[str, Record], *, also: Collection[Path] = ()) -> None:
        """Forget the modules of plugins that do not run, so that they are imported anew.

        Args:
            records: every plugin.
            also: further folders that nobody runs from.
        """
        used = {tree for record in records.values() if record.life.state.runs_code for tree in record.footing.trees}
        stale = set(also)
        for record in records.values():
            if not record.life.state.runs_code:
                stale |= record.footing.trees
                if record.own_folder is not None:
                    stale.add(record.own_folder)
        self._drop(stale - used)

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
        places = tuple(trees)
        for name, module in modules_below(places).items():
            if extension_modules([module]):
                self._machine_code[name] = str(module.__file__)
        drop_modules(places)


def top_level(candidate: Candidate) -> str:
    """Return the first segment of the module that a plugin's entry point names."""
    return candidate.entry_point.partition(":")[0].partition(".")[0].strip()
