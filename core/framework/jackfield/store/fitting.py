"""Which plugins of a generation cannot run on this Python, because it came after the generation was made.

A host looks at every start, so this reads names alone: the tags in a wheel's name (PEP 425) and the simple ends of
Requires-Python. What it does not understand counts as fitting: the resolver decides it exactly at the next change.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from jackfield.errors import StoreError
from jackfield.manifest import Candidate, Pin
from jackfield.store.closures import with_libraries
from jackfield.store.generations import Generation
from jackfield.store.surroundings import unmet

_SYSTEMS = {"linux": ("linux", "manylinux", "musllinux"), "darwin": ("macosx",), "win32": ("win",)}


def misfits(generation: Generation) -> dict[str, str]:
    """Canonical id -> why a plugin, or a library of its own, is not for this Python; of those that fit nothing."""
    if sys.implementation.name != "cpython":
        return {}
    told = ((cid, _first(pins)) for cid, pins in with_libraries(generation))
    return {cid: problem for cid, problem in told if problem is not None}


def with_misfits(candidates: Iterable[Candidate], generation: Generation, used: object = None) -> list[Candidate]:
    """Plugins of a generation; those that are not for this Python, or this environment, with that as their problem.

    Args:
        candidates: as discovery found them.
        generation: which.
        used: what the state says that it was solved beside; None to look at the Python alone.
    """
    problems = {**unmet(generation, used), **misfits(generation)}
    return [
        replace(one, problem=StoreError(problems[one.canonical_id], plugin=one.id, hint="jackfield sync"))
        if one.canonical_id in problems and one.problem is None
        else one
        for one in candidates
    ]


def _first(pins: Iterable[Pin]) -> str | None:
    """The first of some wheels that does not fit, as a sentence."""
    here = sys.version_info[:3]
    for pin in pins:
        problem = unfit(pin.file.filename, pin.file.requires_python or "", here, sys.platform)
        if problem is not None:
            return f"{pin.file.filename} {problem}"
    return None


@lru_cache(4096)
def unfit(filename: str, requires_python: str, here: tuple[int, int, int], platform: str) -> str | None:
    """Why one wheel is not for a Python, as the end of a sentence; None where it is, or where that is hard to tell.

    Args:
        filename: the wheel's.
        requires_python: PEP 440 specifiers; empty for any.
        here: the version of the Python.
        platform: as `sys.platform` has it.
    """
    major, minor = here[:2]
    if not filename.endswith("-none-any.whl"):
        python, abi, system = filename.removesuffix(".whl").rsplit("-", 3)[-3:]
        beginnings = _SYSTEMS.get(platform, ("",))
        if system != "any" and not any(one.startswith(beginnings) for one in system.split(".")):
            return f"is built for {system}, not for this system"
        if not any(_serves(tag, abi, major, minor) for tag in python.split(".")):
            return f"is built for {python}, not for Python {major}.{minor}"
    if any(_refuses(one.strip(), here) for one in requires_python.split(",")):
        return f"needs Python {requires_python}, this is {'.'.join(map(str, here))}"
    return None


def _serves(tag: str, abi: str, major: int, minor: int) -> bool:
    """Whether one Python tag is for this interpreter: this very one, an earlier one by the stable ABI, or any of 3."""
    name, number = tag.rstrip("0123456789"), tag[len(tag.rstrip("0123456789")) :]
    if name not in ("cp", "py") or not number.startswith(str(major)):
        return not name  # no tag that is known: the resolver knows
    made = int(number[1:] or 0)
    if name == "py" or "abi3" in abi.split("."):
        return made <= minor
    return made == minor or not number[1:]


def _refuses(specifier: str, here: tuple[int, int, int]) -> bool:
    """Whether a simple part of Requires-Python refuses this one: `>=3.11`, `<3.13`, `==3.12.*`, `!=3.12.1`."""
    for operator in (">=", "<=", "==", "!=", "<", ">"):
        if specifier.startswith(operator):
            text = specifier[len(operator) :].strip()
            break
    else:
        return False  # `~=`, or nothing
    wild = text.endswith(".*")
    numbers = text.removesuffix(".*").split(".")
    if not all(one.isascii() and one.isdecimal() for one in numbers) or len(numbers) > len(here):
        return False
    wanted = tuple(map(int, numbers))
    full = (*wanted, 0, 0)[: len(here)]
    same = here[: len(wanted)] == wanted if wild else here == full
    holds = {
        ">=": here >= full,
        "<=": here <= full,
        "<": here < full,
        ">": here > full,
        "==": same,
        "!=": not same,
    }
    return not holds[operator]
