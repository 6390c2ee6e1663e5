"""Where the packages of installed distributions lie, by their top-level names: what a worker sees of its host (K42).

Several distributions may share a folder without `__init__` (a namespace package, PEP 420). Of such a one a distribution
has the parts that it brought, under their paths: `acme/weather`.
"""

import importlib.machinery
import importlib.util
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath
from typing import Final, Optional

from jackfield.errors import SandboxError

ALWAYS: Final = ("jackfield", "pluggy", "msgspec")
"""What every worker is made of, and may be imported by every plugin."""

_MOST_PARTS: Final = 20
"""Of a path; what a distribution says to have deeper than that is not looked at."""

#: What a distribution brought, by name: the same for a folder, None for a file.
_Tree = dict[str, Optional["_Tree"]]

_MODULES: Final = tuple(importlib.machinery.all_suffixes())
_NOT_IMPORTED: Final = (".dist-info", ".data", ".pth", "__pycache__")


@dataclass(frozen=True, slots=True)
class Packages:
    """Packages of some distributions.

    Args:
        named: top-level name to the folder or file that holds it; of a namespace that others share, the path of a part.
        metadata: the distributions' `.dist-info` folders.
    """

    named: Mapping[str, str]
    metadata: tuple[str, ...]


def packages_of(distributions: Iterable[str] = ALWAYS) -> Packages:
    """Find the packages of installed distributions; nothing is imported.

    Args:
        distributions: their names, e.g. `jackfield-chat-api`.

    Raises:
        SandboxError: one is not installed, or it cannot be told where it lies.
    """
    named: dict[str, str] = {}
    metadata: list[str] = []
    for name in distributions:
        try:
            found = distribution(name)
        except PackageNotFoundError:
            raise SandboxError(f"{name} is not installed, and workers are to import it") from None
        packages = _recorded(found) or _editable(name)
        if not packages:
            raise SandboxError(f"where the packages of {name} lie cannot be told, and workers are to import it")
        named |= packages
        metadata += _metadata(found)
    return Packages(named, tuple(metadata))


def _recorded(found: Distribution) -> dict[str, str]:
    """The top level of what RECORD lists, and of a namespace that is shared the parts that it lists."""
    tree: _Tree = {}
    for file in found.files or ():
        if not _lies_within(file) or len(file.parts) > _MOST_PARTS or file.parts[0].endswith(_NOT_IMPORTED):
            continue
        below = tree
        for part in file.parts[:-1]:
            inner = below.get(part)
            if inner is None:  # not there yet, or said to be a file as well
                inner = below[part] = {}
            below = inner
        below.setdefault(file.name, None)
    packages: dict[str, str] = {}
    for top, brought in tree.items():
        packages |= _named(top, Path(str(found.locate_file(top))), brought)
    return packages


def _named(name: str, place: Path, brought: _Tree | None) -> dict[str, str]:
    """The parts of what a distribution brought to a place, which nobody else brought a part of."""
    if brought is None:
        above, _, file = name.rpartition("/")
        module = file.partition(".")[0] if file.endswith(_MODULES) or not above else file
        return {f"{above}/{module}" if above else module: str(place.resolve())}
    if _is_whole(place, brought):
        return {name: str(place.resolve())}
    parts: dict[str, str] = {}
    for one, below in brought.items():
        parts |= _named(f"{name}/{one}", place / one, below)
    return parts


def _is_whole(place: Path, brought: _Tree) -> bool:
    """Whether a folder is one distribution's alone: it has an `__init__`, or nothing that others brought."""
    if any(name.partition(".")[0] == "__init__" for name, below in brought.items() if below is None):
        return True
    try:
        lies_there = set(os.listdir(place))  # noqa: PTH208 (names alone)
    except OSError:
        return True
    if lies_there - set(brought) - {"__pycache__"}:
        return False
    return all(_is_whole(place / name, below) for name, below in brought.items() if below is not None)


def _editable(name: str) -> dict[str, str]:
    """An editable install lists no code: the package is found as an import finds it, by the distribution's name."""
    top = name.replace("-", "_")
    spec = importlib.util.find_spec(top)
    if spec is None:
        return {}
    if spec.origin is None and len(tuple(spec.submodule_search_locations or ())) > 1:
        return {}  # a namespace, and nobody says which part of it is this one's
    if spec.submodule_search_locations:
        return {top: str(Path(next(iter(spec.submodule_search_locations))).resolve())}
    return {top: str(Path(spec.origin).resolve())} if spec.origin else {}


def _metadata(found: Distribution) -> list[str]:
    files = (file for file in found.files or () if file.name == "METADATA" and _lies_within(file))
    folders = (file for file in files if file.parts[0].endswith(".dist-info"))
    return [str(Path(str(found.locate_file(file))).resolve().parent) for file in folders]


def _lies_within(file: PurePosixPath) -> bool:
    """Whether what RECORD says lies in the environment: a worker reads what it names, and a wheel may say `/`."""
    return bool(file.parts) and not file.is_absolute() and ".." not in file.parts
