"""The words of resolution: what is asked, what is offered, what comes out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from packaging.specifiers import SpecifierSet
from packaging.version import Version as ReleaseVersion

from jackfield.manifest import File, Manifest, Pin, Requirement, Version

Place = tuple[str, str]
"""The distribution of the plugin whose own libraries are meant, empty for what all share; and a distribution's name."""

_NAMES_PRERELEASE = re.compile(r"\d-[0-9A-Za-z]")


@dataclass(frozen=True, slots=True)
class Offer:
    """All that one source has of a distribution.

    Args:
        source: the marketplace's URL, or `file`.
        files: its files, in any order; only wheels are looked at.
        last: sha256 of those that are tried only after all others, however new.
        waiting: files that may not be taken yet; they only tell what they refuse, so that nothing older steps in.
    """

    source: str
    files: tuple[File, ...]
    last: frozenset[str] = frozenset()
    waiting: tuple[File, ...] = ()


class Catalog(Protocol):
    """Where offers come from; several calls run at once. Answers are trusted to be checked by hash already."""

    async def offer(self, distribution: str) -> Offer | None:
        """What is offered of a distribution, None if nobody has it."""
        ...

    async def metadata(self, offer: Offer, file: File) -> bytes:
        """The METADATA of a wheel."""
        ...

    async def manifest(self, offer: Offer, file: File) -> Manifest | None:
        """The manifest of a wheel, None for a library."""
        ...

    async def distribution(self, plugin: str) -> str | None:
        """The distribution of a plugin's canonical id, None if nobody offers it."""
        ...


@dataclass(frozen=True, slots=True)
class Want:
    """What the user asks for.

    Args:
        distribution: the normalised name.
        plugin: the id as the user wrote it.
        requirement: which versions will do; None for any.
        pre: whether pre-releases may be chosen.
        pinned: whether the requirement is one that the user holds it to, and not of this moment.
    """

    distribution: str
    plugin: str
    requirement: Requirement | None = None
    pre: bool = False
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """One requirement within a resolution: on a distribution's version, in either grammar.

    Args:
        name: the normalised name of the distribution.
        extras: the extras wanted of it.
        specifier: PEP 440's grammar, from Requires-Dist.
        requirement: the manifest's grammar, from `[requires]` or the user.
        pre: whether pre-releases may be chosen.
        plugin: the plugin's id, where one is meant.
        exact: this very version, for the extras of one distribution.
        within: the distribution of the plugin whose own libraries are meant; empty for what all share.
        pinned: whether it is what the user holds a plugin to.
    """

    name: str
    extras: frozenset[str] = frozenset()
    specifier: SpecifierSet | None = None
    requirement: Requirement | None = None
    pre: bool = False
    plugin: str | None = None
    exact: ReleaseVersion | None = None
    within: str = ""
    pinned: bool = False
    _accepted: dict[ReleaseVersion, bool] = field(default_factory=dict, compare=False, repr=False)

    @property
    def place(self) -> Place:
        """What it asks of."""
        return self.within, self.name

    def accepts(self, version: ReleaseVersion) -> bool:
        """Whether this requirement alone holds for a version; worked out once, a search asks often."""
        answer = self._accepted.get(version)
        if answer is None:
            self._accepted[version] = answer = self._accepts(version)
        return answer

    def _accepts(self, version: ReleaseVersion) -> bool:
        if self.exact is not None and version != self.exact:
            return False
        if self.specifier is not None and not self.specifier.contains(version, prereleases=True):
            return False
        return self.requirement is None or self.requirement.accepts(plugin_version(version))

    def admits_prereleases(self) -> bool:
        """Whether it says so, or names one itself (PEP 440 does it the same way)."""
        named = self.requirement is not None and _NAMES_PRERELEASE.search(self.requirement.text) is not None
        return self.pre or self.exact is not None or named or bool(self.specifier and self.specifier.prereleases)

    def names(self, version: ReleaseVersion) -> bool:
        """Whether it asks for exactly this version: only then may a yanked file be used (PEP 592)."""
        if self.specifier is not None and any(
            (part.operator == "==" and "*" not in part.version and ReleaseVersion(part.version) == version)
            or (part.operator == "===" and part.contains(version, prereleases=True))
            for part in self.specifier
        ):
            return True
        text = self.requirement.text.strip() if self.requirement is not None else ""
        return text.startswith(tuple("=0123456789")) and "*" not in text and self.accepts(version)

    def words(self) -> str:
        """What it asks for, e.g. `geocoder ^1.2`."""
        what = self.plugin or self.name
        limit = str(self.requirement or self.specifier or (self.exact and f"=={self.exact}") or "")
        return f"{what} {limit}".strip()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One version that may be chosen; `file` is None for a distribution of the host's environment.

    `within` names the plugin among whose own libraries it would be; empty for what all share.
    """

    name: str
    version: ReleaseVersion
    extras: frozenset[str] = frozenset()
    offer: Offer | None = None
    file: File | None = None
    within: str = ""

    @property
    def place(self) -> Place:
        """Where it would be."""
        return self.within, self.name


@dataclass(frozen=True, slots=True, order=True)
class UnknownExtra:
    """An extra that one distribution asks of another, which has none of that name: nothing comes with it.

    Args:
        asker: who asks.
        place: of whom.
        extra: its normalised name.
    """

    asker: Place
    place: Place
    extra: str


@dataclass(frozen=True, slots=True)
class Solution:
    """A set in which every requirement holds.

    Args:
        pins: what the application's process holds: its plugins and the libraries that they share, by name; nothing of
            the host's environment.
        workers: canonical id -> the plugin itself, then its own libraries by name, of each that has a process of its
            own.
        manifests: distribution -> manifest, of the plugins.
        brought_by: distribution -> the distributions that asked for it; empty for what the user wanted.
        host_used: the distributions of the host's environment that the set relies on, with their versions.
        passed_over: distribution -> the newest version that fits what was asked and could not be had, and why, as the
            end of a sentence; of plugins, None for one that has its newest.
        unknown_extras: what was asked for in vain.
    """

    pins: tuple[Pin, ...]
    workers: Mapping[str, tuple[Pin, ...]] = field(default_factory=dict)
    manifests: Mapping[str, Manifest] = field(default_factory=dict)
    brought_by: Mapping[str, Sequence[str]] = field(default_factory=dict)
    host_used: Mapping[str, str] = field(default_factory=dict)
    passed_over: Mapping[str, tuple[str, str] | None] = field(default_factory=dict)
    unknown_extras: tuple[UnknownExtra, ...] = ()


def ask_of(want: Want) -> Ask:
    """What a user asks for, as a requirement of the resolution."""
    return Ask(want.distribution, requirement=want.requirement, pre=want.pre, plugin=want.plugin, pinned=want.pinned)


@lru_cache(4096)
def plugin_version(version: ReleaseVersion) -> Version:
    """A distribution's version in the manifest's order."""
    return Version.from_pep440(str(version), published=False)


@lru_cache(16_384)
def release_version(text: str) -> ReleaseVersion:
    """A version in PEP 440's order; a set is full of equal ones, and a second resolution of the same.

    Raises:
        InvalidVersion: it is none.
    """
    return ReleaseVersion(text)
