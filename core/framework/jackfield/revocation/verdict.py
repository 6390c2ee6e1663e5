"""Whether a list means a plugin or a library: a pure function of both.

A name is one marketplace's own: what it revokes by name counts for what came from it, and for what says of itself no
marketplace at all (a file, pip, a program that connects). Bytes are the same wherever they came from and whatever they
are called: a revoked file does not pass by the door of another marketplace.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jackfield.manifest import SEVERITIES, Pin, Revocation
from jackfield.revocation.kept import KeptList

DIGITS = 32
"""Hexadecimal digits of what an entry says that belong to its key."""

_NO_MARKETPLACE = ("file", "environment", "external")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is held against the lists.

    Args:
        plugin: its id in any spelling; None for a library.
        distribution: its name; may be empty.
        version: its version.
        sha256: of its wheel; empty where nobody knows.
        source: the marketplace's address, `file`, `environment` or `external`.
        contents: the fingerprint of what the wheel holds; empty where it was not looked at.
    """

    plugin: str | None
    distribution: str
    version: str
    sha256: str = ""
    source: str = "file"
    contents: str = ""

    @classmethod
    def of(cls, pin: Pin, contents: str = "") -> Subject:
        """What is, or would be, installed."""
        return cls(pin.id, pin.distribution, pin.version, pin.file.sha256, pin.file.upstream or pin.source, contents)


@dataclass(frozen=True, slots=True)
class Hit:
    """That a marketplace has revoked something.

    Args:
        kept: the list that says so.
        revocation: its entry.
        library: the library that is meant, `paintlib 1.0`, where it is not the plugin itself.
    """

    kept: KeptList
    revocation: Revocation
    library: str = ""

    @property
    def key(self) -> str:
        """Names the entry among those of all marketplaces, and what it says: the same number may say more tomorrow."""
        return f"{self.kept.marketplace}#{self.revocation.number}:{self.revocation.digest[:DIGITS]}"

    @property
    def problem(self) -> str:
        """What is told of it, as the end of a sentence that begins with the plugin.

        `was revoked by https://plugins.example.org (critical): it reads your mail. Change your passwords. Appeals:
        appeals@example.org`
        """
        one, kept = self.revocation, self.kept
        what = f"needs the library {self.library}, which was revoked" if self.library else "was revoked"
        dated = f", by its list of {kept.checked[:10]}" if kept.dated else ""
        told = [f"{what} by {kept.marketplace} ({one.severity}{dated}): {one.reason.rstrip('.')}"]
        told += [words.rstrip(".") for words in (one.advice,) if words]
        told += [f"Appeals: {kept.list.appeal}"] if kept.list.appeal else []
        return ". ".join(told)


def hits(lists: Iterable[KeptList], subject: Subject) -> tuple[Hit, ...]:
    """Every entry that means it, the worst first."""
    found = [
        Hit(kept, one)
        for kept in lists
        if kept.met or subject.source == kept.marketplace
        for one in kept.list.about(subject.plugin, subject.distribution, subject.sha256, subject.contents)
        if _is_meant(kept.marketplace, one, subject)
    ]
    return tuple(sorted(found, key=lambda hit: SEVERITIES.index(hit.revocation.severity)))


def stopping(found: Iterable[Hit]) -> tuple[Hit, ...]:
    """Those for which it may not run."""
    return tuple(hit for hit in found if hit.revocation.stops)


def sentence(subject: Subject, found: Sequence[Hit]) -> str:
    """What is told of something that is not installed because of them: `weather 1.0.0 was revoked by …`."""
    return f"{subject.plugin or subject.distribution} {subject.version} {found[0].problem}"


def _is_meant(marketplace: str, one: Revocation, subject: Subject) -> bool:
    own = subject.source == marketplace or subject.source in _NO_MARKETPLACE
    named = one.names(subject.plugin, subject.distribution, subject.version)
    if own and named:
        return True
    # What a mended version still holds of the revoked one is its own: only under another name is that a re-upload.
    mended = own and _is_namesake(one, subject)
    return one.holds(subject.sha256, subject.contents if one.stops and not mended else "")


def _is_namesake(one: Revocation, subject: Subject) -> bool:
    """Whether it is another version of what is revoked."""
    return Revocation(0, one.plugin, one.distribution).names(subject.plugin, subject.distribution, "0")
