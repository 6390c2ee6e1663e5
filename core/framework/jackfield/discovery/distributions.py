"""The distributions of a path as `importlib_metadata` finds them, with the few headers that are needed of each."""

from collections.abc import Iterator, Sequence
from typing import cast

from importlib_metadata import Distribution, DistributionFinder, EntryPoint, MetadataPathFinder

from jackfield.discovery.headers import Headers, headers_of
from jackfield.errors import IdentityError
from jackfield.manifest import canonical_id


def found_in(path: Sequence[str]) -> Iterator[Distribution]:
    """Yield every distribution in the folders and archives of a path.

    The finder is asked by itself: `distributions()` asks whatever stands in `sys.meta_path`. The store has a finder
    there, and somebody may have put back what stood there before `importlib_metadata` was imported.
    """
    context = DistributionFinder.Context(path=list(path))  # type: ignore[no-untyped-call]  # its __init__ has no types
    for found in MetadataPathFinder.find_distributions(context):
        yield cast(Distribution, found)  # it is one; the annotation promises less


def unique_distributions(path: Sequence[str]) -> Iterator[tuple[Distribution, Headers]]:
    """Yield the distributions of a path, the first of each name; those without name or version are broken: left out."""
    seen: set[str] = set()
    for distribution in found_in(path):
        headers = headers_of(distribution)
        normalised = normalised_name(headers) if headers is not None else None
        if headers is not None and normalised is not None and normalised not in seen:
            seen.add(normalised)
            yield distribution, headers


def normalised_name(headers: Headers) -> str | None:
    """Return a distribution's canonical name; None for one that is no name, or a longer one than plugins have."""
    if not headers.name.isascii():
        return None
    try:
        return canonical_id(headers.name)
    except IdentityError:
        return None


def entry_points_of(distribution: Distribution) -> list[EntryPoint]:
    """Return a distribution's entry points; none where the file cannot be read: it must not take all others along."""
    try:
        return [*distribution.entry_points]
    except (TypeError, ValueError, AttributeError, OSError):  # a line without "=", bytes that are no UTF-8
        return []


def text_of(distribution: Distribution, name: str) -> str | None:
    """Return a file of a distribution's metadata; None where it is missing or no UTF-8."""
    try:
        return distribution.read_text(name)
    except (ValueError, OSError):
        return None
