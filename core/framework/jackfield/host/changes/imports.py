"""What an inline plugin imports of other plugins: only those that it requires, and of them what they export (K30, U27).

Read from the source before any of it runs, as linking precedes code (K31). In one process this is a rule and no wall:
`importlib.import_module` with a name made at run time is not seen. A worker has the wall: other plugins' packages are
not on its path at all.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jackfield.host.changes.code import top_level
from jackfield.manifest import Candidate

LARGEST_SOURCE_BYTES = 1024 * 1024
"""A larger source file is data more than code, and is not looked through."""


@dataclass(frozen=True)
class Packages:
    """Which top-level package belongs to which plugin.

    Args:
        owners: by the package's name; a namespace that several plugins share belongs to nobody.
    """

    owners: Mapping[str, Candidate]

    @classmethod
    def of(cls, candidates: Iterable[Candidate]) -> "Packages":
        """Take the packages of all plugins that have a manifest; scripts and plain pluggy plugins have no say."""
        owners: dict[str, Candidate] = {}
        shared: set[str] = set()
        for candidate in candidates:
            if candidate.manifest is None or candidate.folder is None or candidate.origin == "script":
                continue
            name = top_level(candidate)
            if owners.setdefault(name, candidate).canonical_id != candidate.canonical_id:
                shared.add(name)
        return cls({name: owner for name, owner in owners.items() if name not in shared})

    @cached_property
    def _names(self) -> re.Pattern[bytes]:
        return re.compile(rb"\b(?:%s)\b" % b"|".join(re.escape(name.encode()) for name in sorted(self.owners)))

    def problem(self, candidate: Candidate) -> str:
        """Say which import of a plugin breaks the rule, and what to do; empty when none does. Runs no plugin code."""
        own = top_level(candidate)
        if candidate.manifest is None or candidate.folder is None or not self.owners.keys() - {own}:
            return ""
        for file in sorted(candidate.folder.rglob("*.py")):
            source = _source_of(file)
            if not any(name != own.encode() for name in self._names.findall(source)):
                continue  # the usual case costs one search, and no parsing
            for modules, line in _imports(source):
                problem = self._told(candidate, modules)
                if problem:
                    place = file.relative_to(candidate.folder.parent).as_posix()
                    return f"{candidate.id} ({place}, line {line}) {problem}"
        return ""

    def _told(self, candidate: Candidate, modules: tuple[str, ...]) -> str:
        package = modules[0].partition(".")[0]
        owner = self.owners.get(package)
        if owner is None or owner.manifest is None or owner.canonical_id == candidate.canonical_id:
            return ""
        required = {one.canonical_id for one in candidate.manifest.requires} if candidate.manifest is not None else ()
        if owner.canonical_id not in required:
            return (
                f"imports {modules[0]} of the plugin {owner.id}, which it does not require: "
                f"name {owner.id} under [requires] in its plugin.toml"
            )
        exports = owner.manifest.exports
        if exports is None or any(_below(module, exports) for module in modules):
            return ""
        offered = ", ".join(exports) or "nothing"
        return f"imports {modules[0]}, which {owner.id} keeps to itself: it exports {offered}"


def _below(module: str, exports: Iterable[str]) -> bool:
    return any(module == export or module.startswith(f"{export}.") for export in exports)


def _source_of(file: Path) -> bytes:
    try:
        return file.read_bytes() if file.stat().st_size <= LARGEST_SOURCE_BYTES else b""
    except OSError:
        return b""  # its import will say so


def _imports(source: bytes) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield each absolute import with its line: the module, and for `from a import b` also `a.b`, which may be one."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # Python says it better when it is imported
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Import(names):
                yield from (((alias.name,), node.lineno) for alias in names)
            case ast.ImportFrom(str(module), names, 0):
                for alias in names:
                    yield (module, f"{module}.{alias.name}"), node.lineno
            case ast.If(test, _, orelse) if _for_types_alone(test):
                waiting += orelse
                continue
        waiting += ast.iter_child_nodes(node)


def _for_types_alone(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )
