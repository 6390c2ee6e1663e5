"""An older version is no way out of a newer one's refusal, unless its author has thought of this host too.

A plugin's newest version may say that it is not for a host, or a Python, as new as this one. An older version often has
a range without an upper end, because nobody knew then what would come; to take it would run what is known not to fit.
So it is passed over, and the sentence says why. Taken all the same is what is named exactly (`poll==1.2`), what is
installed, and an older version that vouches for this host (`[host]` with an upper end, or `[tested]`).
"""

from __future__ import annotations

from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import Version as ReleaseVersion

from jackfield.manifest import Manifest, Version, outgrown_by, vouches_for
from jackfield.resolution.target import Target

_PYTHON = "Python"
_UPPER = {"<", "<=", "==", "~=", "==="}


@dataclass(frozen=True, slots=True)
class Outgrown:
    """A version of a plugin that refuses what is here as too new.

    Args:
        version: which.
        host: what it refuses: an application, `jackfield`, or `Python`.
        present: the version that is here.
    """

    version: ReleaseVersion
    host: str
    present: Version | str


def outgrown(
    version: ReleaseVersion, manifest: Manifest | None, requires_python: str | None, target: Target
) -> Outgrown | None:
    """Whether a version of a plugin refuses the target because that is newer than what it was made for.

    Args:
        version: the version.
        manifest: its manifest; None for a library, whose author promises nothing about a host.
        requires_python: of its file.
        target: what the set is solved for.
    """
    if manifest is None:
        return None
    if target.app is not None:
        found = outgrown_by(manifest, target.app, target.api_version, target.framework)
        if found is not None:
            return Outgrown(version, *found)
    if requires_python and python_is_beyond(requires_python, target.python):
        return Outgrown(version, _PYTHON, target.python)
    return None


def older_problem(newer: Outgrown, manifest: Manifest | None, requires_python: str | None) -> str | None:
    """Why an older version cannot stand in for one that refuses the target, as the end of a sentence; None if it can.

    Args:
        newer: the one that refuses.
        manifest: of the older one; None for a library.
        requires_python: of the older one's file.
    """
    if manifest is None:
        return None
    if isinstance(newer.present, Version):
        vouched = vouches_for(manifest, newer.host, newer.present)
    else:
        vouched = bool(requires_python) and has_upper_end(requires_python or "")
    if vouched:
        return None
    return f"is older than {newer.version}, which is not for {newer.host} {newer.present}, and does not say that it is"


def python_is_beyond(requires_python: str, python: str) -> bool:
    """Whether a Python is refused as too new (core metadata, Requires-Python; PEP 440).

    Args:
        requires_python: the specifiers.
        python: the full version that runs.
    """
    try:
        present = ReleaseVersion(python)
        return any(_is_upper(one) and not one.contains(present, prereleases=True) and present > _bound(one)
                   for one in SpecifierSet(requires_python))  # fmt: skip
    except ValueError:  # no specifier, no version, or a number of more digits than Python reads
        return False


def has_upper_end(requires_python: str) -> bool:
    """Whether specifiers name the newest Python that will do."""
    try:
        return any(map(_is_upper, SpecifierSet(requires_python)))
    except InvalidSpecifier:
        return False


def _is_upper(one: Specifier) -> bool:
    return one.operator in _UPPER


def _bound(one: Specifier) -> ReleaseVersion:
    """What a specifier counts from; one Python below it is too old for it, one above it too new."""
    text = one.version.removesuffix(".*")
    # `<3.13` refuses 3.13 itself for being too new, and `==3.12.*` takes 3.12.1.
    return ReleaseVersion(f"{text}.dev0" if one.operator == "<" else text)
