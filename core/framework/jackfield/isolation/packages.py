"""Where the packages of installed distributions lie, by their top-level names: what a worker sees of its host (K42)."""

import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath
from typing import Final

from jackfield.errors import SandboxError

ALWAYS: Final = ("jackfield", "pluggy", "msgspec")
"""What every worker is made of, and may be imported by every plugin."""

_NOT_IMPORTED: Final = (".dist-info", ".data", ".pth", "__pycache__")


@dataclass(frozen=True, slots=True)
class Packages:
    """Packages of some distributions.

    Args:
        named: top-level name to the folder or file that holds it.
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
    """The top level of what RECORD lists."""
    packages: dict[str, str] = {}
    for file in found.files or ():
        if not _lies_within(file):
            continue
        top = file.parts[0]
        if top.endswith(_NOT_IMPORTED):
            continue
        name = top if len(file.parts) > 1 else top.partition(".")[0]
        packages[name] = str(Path(str(found.locate_file(top))).resolve())
    return packages


def _editable(name: str) -> dict[str, str]:
    """An editable install lists no code: the package is found as an import finds it, by the distribution's name."""
    top = name.replace("-", "_")
    spec = importlib.util.find_spec(top)
    if spec is None:
        return {}
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
