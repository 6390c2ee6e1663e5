"""The distributions of a path as `importlib_metadata` finds them, with the few headers that are needed of each."""

from collections.abc import Iterator, Sequence
from typing import cast

from importlib_metadata import Distribution, distributions

from jackfield.discovery.headers import Headers, headers_of
from jackfield.manifest import canonical_id


def unique_distributions(path: Sequence[str]) -> Iterator[tuple[Distribution, Headers]]:
    """Yield the distributions of a path, the first of each name; those without name or version are broken: left out."""
    seen: set[str] = set()
    # The path is always named: without one, every finder is asked, also the one that serves our own store.
    for found in distributions(path=list(path)):
        distribution = cast(Distribution, found)  # it is one; the annotation promises less
        headers = headers_of(distribution)
        normalised = canonical_id(headers.name) if headers is not None and headers.name.isascii() else None
        if headers is not None and normalised is not None and normalised not in seen:
            seen.add(normalised)
            yield distribution, headers
