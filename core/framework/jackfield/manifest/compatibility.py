"""What a plugin says of hosts: for which versions it is made, and with which it was tested; pure (design §4).

A range in `[host]` without an upper end is a guess: whoever wrote it knew no later version. `[tested]` is a record. So
a version that names an upper end below this host says more than an older one that names none, and nobody takes the
older one for it (`outgrown_by`, `vouches_for`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from jackfield.errors import GrammarError
from jackfield.manifest.requirements import Requirement
from jackfield.manifest.schema import Manifest
from jackfield.manifest.versions import Version

FRAMEWORK = "jackfield"
"""The name by which `[host]` means the framework itself."""


@cache
def framework_version() -> Version:
    """The version of jackfield that runs, as `[host]` is held against it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return Version.from_pep440(version(FRAMEWORK), published=False)
    except (PackageNotFoundError, GrammarError):  # run from a folder that nobody installed
        return Version.parse("0.0.0")


def host_problem(
    manifest: Manifest, app: str, api_version: Version | None, framework: Version | None = None
) -> str | None:
    """Why a plugin cannot run in a host at all, as the end of a sentence; None if it can.

    Args:
        manifest: what it says of itself.
        app: the application's name.
        api_version: the application's; None where nobody knows it, then its range is not looked at.
        framework: the version of jackfield; None for the one that runs.
    """
    if not manifest.host:
        return None
    if app not in manifest.host and FRAMEWORK not in manifest.host:
        return f"is made for {', '.join(sorted(manifest.host))}, not for {app}"
    for name, wanted, present in _ranges(manifest, app, api_version, framework):
        if not wanted.accepts(present):
            return f"needs {name} {wanted}, this is {name} {present}"
    return None


def outgrown_by(
    manifest: Manifest, app: str, api_version: Version | None, framework: Version | None = None
) -> tuple[str, Version] | None:
    """The host, and its version, that a plugin refuses because it is newer than what it was made for; None without one.

    Args:
        manifest: what it says of itself.
        app: the application's name.
        api_version: the application's; None where nobody knows it.
        framework: the version of jackfield; None for the one that runs.
    """
    ranges = _ranges(manifest, app, api_version, framework)
    return next(((name, present) for name, wanted, present in ranges if wanted.is_below(present)), None)


def vouches_for(manifest: Manifest, host: str, version: Version) -> bool:
    """Whether its author has thought of a host: a range with an upper end that takes it, or a test with it.

    Args:
        manifest: what it says of itself.
        host: the application's name, or `jackfield`.
        version: the host's.
    """
    wanted = manifest.host.get(host)
    ranged = wanted is not None and wanted.has_end and wanted.accepts(version)
    return ranged or was_tested_with(manifest, host, version)


def was_tested_with(manifest: Manifest, app: str, api_version: Version) -> bool:
    """Whether its publisher tested it with a version of a host, or with one that differs in the third number only.

    Args:
        manifest: what it says of itself.
        app: the application's name.
        api_version: the application's.
    """
    return any(_line(one) == _line(api_version) for one in manifest.tested.get(app, ()))


def record_of_tests(manifest: Manifest, app: str, name: str, api_version: Version) -> str | None:
    """`tested with Chat 1.4; this is 2.0`, None where it was tested with this one or nobody says with which.

    Args:
        manifest: what it says of itself.
        app: the application's name.
        name: the application's name for people.
        api_version: the application's.
    """
    tested = manifest.tested.get(app, ())
    if not tested or was_tested_with(manifest, app, api_version):
        return None
    return f"tested with {name} {' and '.join(map(str, sorted(tested)))}; this is {api_version}"


def _ranges(
    manifest: Manifest, app: str, api_version: Version | None, framework: Version | None = None
) -> Iterator[tuple[str, Requirement, Version]]:
    """Each range that a host is held against, with the host's name and the version that is there."""
    for name, wanted in manifest.host.items():
        if name == app and api_version is not None:
            yield name, wanted, api_version
        elif name == FRAMEWORK:
            yield name, wanted, framework or framework_version()


def _line(version: Version) -> tuple[int, int]:
    """The first two numbers: what comes after them changes no API."""
    first, second = (*version.release, 0, 0)[:2]
    return first, second
