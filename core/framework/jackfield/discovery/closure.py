"""What an installed distribution needs besides itself, by metadata alone: nothing is imported."""

from collections.abc import Collection, Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from jackfield.discovery.files import HOSTS
from jackfield.discovery.headers import headers_of, requirements_of
from jackfield.discovery.index import installed_entry_points


def api_distributions(app: str, *, beyond: Collection[str]) -> tuple[str, ...]:
    """Return the distribution that an application publishes for its plugins, and what that one needs.

    Args:
        app: the application's name, as in its host.toml.
        beyond: normalised names at which to stop: what they need is theirs.

    Returns:
        normalised names; none where no entry point of `jackfield.hosts` has that name.
    """
    found = [row.distribution for row in installed_entry_points(HOSTS, strict=False) if row.name == app]
    return needed_distributions(found[:1], beyond=beyond)


def needed_distributions(names: Iterable[str], *, beyond: Collection[str], group: str | None = None) -> tuple[str, ...]:
    """Return some installed distributions and all that they require here, each before what it requires.

    What is required and not installed is left out: its import says so.

    Args:
        names: of installed distributions.
        beyond: normalised names that are left out, with what they need.
        group: an entry-point group whose distributions are plugins, and nobody's libraries.
    """
    found: list[str] = []
    pending: list[tuple[str, frozenset[str]]] = [(canonicalize_name(name), frozenset()) for name in names]
    roots, seen = {name for name, _ in pending}, set()
    while pending:
        name, extras = pending.pop(0)
        if name in beyond or (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue
        if group is not None and name not in roots and installed.entry_points.select(group=group):
            continue
        if name not in found:
            found.append(name)
        pending += _required(installed, extras)
    return tuple(found)


def _required(installed: Distribution, extras: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    """What a distribution requires in this environment, with the extras that are wanted of it."""
    wanted: list[tuple[str, frozenset[str]]] = []
    headers = headers_of(installed)
    for line in requirements_of(installed, headers) if headers is not None else ():
        try:
            read = Requirement(line)
            holds = read.marker is None or any(read.marker.evaluate({"extra": extra}) for extra in extras or {""})
        except (ValueError, KeyError):  # no requirement, or a marker that means nothing
            continue  # pip could not have followed it either
        if holds:
            wanted.append((str(canonicalize_name(read.name)), frozenset(map(canonicalize_name, read.extras))))
    return wanted
