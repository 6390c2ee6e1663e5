"""Whether the distributions of the host's environment that a set was solved beside are still the same (design §8).

A change writes their versions into the state; an upgrade of the host may exchange them. A start compares a few
versions, and looks at what plugins require only where one of them is another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from jackfield.manifest import Pin
from jackfield.store.closures import with_libraries
from jackfield.store.generations import Generation

if TYPE_CHECKING:  # loaded only where something was exchanged
    from packaging.requirements import Requirement

SURROUNDINGS = "surroundings"
"""The key of the state: normalised name -> version."""


def exchanged(used: object) -> dict[str, str | None]:
    """The distributions that are in another version now, with it; None for those that are gone.

    Args:
        used: what the state says.
    """
    if not isinstance(used, dict):
        return {}
    now = {str(name): _present(str(name)) for name in used}
    return {name: version for name, version in now.items() if version != used[name]}


def unmet(generation: Generation, used: object) -> dict[str, str]:
    """Canonical id -> why a plugin, or a library of it, cannot run beside what is in the environment now.

    Args:
        generation: the set.
        used: what the state says that it was solved beside.
    """
    others = exchanged(used)
    if not others:
        return {}
    found: dict[str, str] = {}
    for cid, pins in with_libraries(generation):
        problem = next(_problems(generation, pins, others), None)
        if problem is not None:
            found[cid] = problem
    return found


def _problems(generation: Generation, pins: tuple[Pin, ...], others: Mapping[str, str | None]) -> Iterator[str]:
    from packaging.utils import canonicalize_name

    own = {pin.distribution for pin in pins}
    for pin in pins:
        who = "" if pin is pins[0] else f"{pin.distribution} "
        for requirement in _required(generation.tree(pin)):
            name = canonicalize_name(requirement.name)
            if name not in others or name in own or (requirement.marker and not requirement.marker.evaluate()):
                continue
            present = others[name]
            if present is None:
                yield f"{who}needs {requirement.name}, which this application has no more"
            elif not requirement.specifier.contains(present, prereleases=True):
                wanted = f"{requirement.name} {requirement.specifier}"
                yield f"{who}needs {wanted}, and this application has {requirement.name} {present} since"


@cache  # what a process has imported of it does not change while it runs
def _present(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


@lru_cache(4096)
def _required(tree: Path) -> tuple[Requirement, ...]:
    """What a wheel requires; a line that nobody can read was passed over when it was installed, too."""
    from packaging.requirements import Requirement

    found = []
    for metadata in sorted(tree.glob("*.dist-info/METADATA")):
        head = metadata.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
        for line in head.splitlines():
            if line.lower().startswith("requires-dist:"):
                with suppress(ValueError, KeyError):
                    read = Requirement(line.partition(":")[2].strip())
                    if read.marker is not None:
                        read.marker.evaluate()  # raises for one that means nothing
                    read.specifier.contains("0")  # and for a version of more digits than Python reads
                    found.append(read)
    return tuple(found)
