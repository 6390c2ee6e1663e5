"""The wheels of an offer: which version, how well each fits here, and why it does not where it does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from packaging.specifiers import SpecifierSet
from packaging.tags import Tag
from packaging.utils import parse_wheel_filename
from packaging.version import Version as ReleaseVersion

from jackfield.manifest import File
from jackfield.resolution.model import Offer, Place
from jackfield.resolution.target import Target

_LONGEST_SPECIFIER = 1000  # characters; a Requires-Python has some dozens


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel of an offer: its version, how well its tags fit (0 is best), and why it cannot be used if it cannot.

    `build` is its build tag as it is compared: the number, then the rest; empty for none, which is before any.
    """

    file: File
    version: ReleaseVersion
    rank: int
    problem: str | None
    build: tuple[int, str] | tuple[()] = ()


Held = tuple[Offer, tuple[Wheel, ...]]
"""What is installed in a place, as the one offer for it, and the wheels in that."""


def held_wheels(offers: Mapping[Place, Offer], target: Target) -> dict[Place, Held]:
    """What is installed, with the wheels of each offer."""
    return {place: (offer, wheels_of(place[1], offer.files, target)) for place, offer in offers.items()}


def wheels_of(name: str, files: Iterable[File], target: Target) -> tuple[Wheel, ...]:
    """The wheels among files, newest version first, best fit first; what is named otherwise is left out.

    Among wheels that are alike in all that, the highest build comes first (binary distribution format: build tag).

    Args:
        name: the distribution, normalised.
        files: of the offer.
        target: what they must fit.
    """
    found = []
    for file in files:
        if not file.is_wheel:
            continue
        try:
            project, version, build, tags = wheel_name(file.filename)
        except ValueError:  # no wheel's name, no version, or a number of more digits than Python reads
            continue
        if project != name:
            continue
        ranks = [target.tags[tag] for tag in tags if tag in target.tags]
        rank = min(ranks, default=len(target.tags))
        found.append(Wheel(file, version, rank, _problem(file, ranks, target), build))
    found.sort(key=lambda wheel: (wheel.version, -wheel.rank, wheel.build, wheel.file.filename), reverse=True)
    return tuple(found)


@lru_cache(16_384)
def wheel_name(filename: str) -> tuple[str, ReleaseVersion, tuple[int, str] | tuple[()], frozenset[Tag]]:
    """Project, version, build and tags in a wheel's name; those of a marketplace's wheels come again with each plan.

    Raises:
        ValueError: it is no such name.
    """
    return parse_wheel_filename(filename)


def _problem(file: File, ranks: list[int], target: Target) -> str | None:
    if not ranks:
        platform = file.filename.removesuffix(".whl").rsplit("-", 3)[1:]
        return f"is built for {'-'.join(platform)}, not for this Python and platform"
    if file.requires_python:
        if len(file.requires_python) > _LONGEST_SPECIFIER:
            return f"asks for a Python that nobody can read: {file.requires_python[:80]}"
        try:
            if not _runs_on(file.requires_python, target.python):
                return f"needs Python {file.requires_python}, this is {target.python}"
        except ValueError:  # no specifier, or a number of more digits than Python reads
            return f"asks for a Python that nobody can read: {file.requires_python[:80]}"
    return None


@lru_cache(1024)
def _runs_on(requires_python: str, python: str) -> bool:
    return SpecifierSet(requires_python).contains(python, prereleases=True)
