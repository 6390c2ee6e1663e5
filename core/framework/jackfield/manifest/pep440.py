"""The two spellings of a published version: the manifest's (semver's family) and the distribution's (PEP 440).

Only `N(.N)*[(a|b|rc)N]` is published, because only there the two orders agree: PEP 440 sorts dev before alpha and
post after the release, semver knows neither; a milestone or a numeric pre-release has no place in PEP 440 at all.
Source: features.md, decision 3 and the PEP 440 clash.
"""

import re
from typing import TYPE_CHECKING

from jackfield.errors import VersionError

if TYPE_CHECKING:
    from packaging.version import Version as PackagingVersion

_PUBLISHED = re.compile(r"(\d+(?:\.\d+)*)(?:(a|b|rc)(\d+))?", re.ASCII)
_PRERELEASE = re.compile(r"([A-Za-z]+)[.-]?(\d*)", re.ASCII)
_TO_PEP440 = {"alpha": "a", "a": "a", "beta": "b", "b": "b", "pre": "rc", "preview": "rc", "c": "rc", "rc": "rc"}
_FROM_PEP440 = {"a": "alpha", "b": "beta", "rc": "rc"}
_HINT = "published versions are written 1.2.3, 1.2.3-alpha.1, 1.2.3-beta.1 or 1.2.3-rc.1"


def to_published(text: str, release: tuple[int, ...], prerelease: tuple[str, ...] | None, build: str | None) -> str:
    """Return the PEP 440 spelling of a version that was parsed from `text`.

    Raises:
        VersionError: it cannot be published; the message says why.
    """
    if build is not None:
        raise VersionError(
            f"{text} cannot be published: versions that differ in build metadata only compare equal, "
            "so an index could not tell which is newer",
            text=text,
            column=text.index("+"),
            hint="leave out what follows the '+'",
        )
    core = ".".join(map(str, release))
    if prerelease is None:
        return core
    column = text.index("-")
    joined = ".".join(prerelease)
    match = _PRERELEASE.fullmatch(joined)
    label = match[1].lower() if match else ""
    if match and label in _TO_PEP440:
        return f"{core}{_TO_PEP440[label]}{int(match[2] or 0)}"
    if label == "m" or label == "milestone":
        reason = "a milestone has no place in PEP 440's order"
    elif not joined:
        reason = "its pre-release has no name"
    elif prerelease[0].isdigit():
        reason = "a pre-release that begins with a number has no counterpart in PEP 440"
    elif label == "dev":
        reason = "PEP 440 sorts dev releases before alpha, semver after"
    elif label == "post":
        reason = "PEP 440 sorts post releases after the release, semver before"
    else:
        reason = f"PEP 440 knows no pre-release {joined!r}"
    raise VersionError(f"{text} cannot be published: {reason}", text=text, column=column, hint=_HINT)


def from_published(text: str) -> str:
    """Return the manifest's spelling of a published PEP 440 version: `1.2.3rc4` becomes `1.2.3-rc.4`.

    Raises:
        VersionError: it is not PEP 440, or an epoch, post, dev or local version, which are not published.
    """
    quick = _PUBLISHED.fullmatch(text)  # the normal form, which every index serves, without loading packaging
    if quick:
        return quick[1] + (f"-{_FROM_PEP440[quick[2]]}.{int(quick[3])}" if quick[2] else "")
    version = _parsed(text)
    refused = {
        "an epoch": version.epoch,
        "a post release": version.post is not None,
        "a dev release": version.dev is not None,
        "a local version": version.local is not None,
    }
    for what, present in refused.items():
        if present:
            raise VersionError(
                f"{text} cannot be published: it is {what}, and PEP 440 orders that differently from semver"
                if what != "an epoch"
                else f"{text} cannot be published: it has an epoch, which semver does not know",
                text=text,
                hint=_HINT,
            )
    return from_published(str(version))


def from_installed(text: str) -> str:
    """Return a manifest's spelling for whatever version pip installed, also what may not be published.

    A dev release sorts before what it leads to, as in PEP 440; post (also its dev releases), local and epoch become
    build metadata, which compares equal.

    Raises:
        VersionError: it is not PEP 440.
    """
    if _PUBLISHED.fullmatch(text):
        return from_published(text)
    version = _parsed(text)
    prerelease = []
    if version.pre is not None:
        prerelease = [_FROM_PEP440[version.pre[0]], str(version.pre[1])]
    if version.dev is not None and version.post is None:
        if prerelease:  # 1.0a2.dev3 lies between a1 and a2; 00 comes before 0
            prerelease[1] = str(int(prerelease[1]) - 1) if prerelease[1] != "0" else "00"
        prerelease += ["dev", str(version.dev)] if prerelease else ["0", "dev", str(version.dev)]
    build = []
    if version.epoch:
        build += ["epoch", str(version.epoch)]
    if version.post is not None:
        build += ["post", str(version.post)]
        build += [] if version.dev is None else ["dev", str(version.dev)]
    if version.local is not None:
        build.append(version.local)
    core = ".".join(map(str, version.release))
    return core + ("-" + ".".join(prerelease) if prerelease else "") + ("+" + ".".join(build) if build else "")


def _parsed(text: str) -> "PackagingVersion":
    from packaging.version import Version

    try:
        return Version(text)
    except ValueError as error:  # more digits than Python reads are no InvalidVersion
        raise VersionError(f"{text[:80]!r} is no version as PEP 440 writes them", text=text) from error
