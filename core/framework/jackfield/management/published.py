"""What a plugin with a process of its own sees of the host: a few distributions, at the host's versions (K42)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache

from jackfield.discovery import api_distributions
from jackfield.errors import StoreError
from jackfield.isolation import ALWAYS, packages_of
from jackfield.management.environment import top_level_names
from jackfield.places import stamp_of
from jackfield.store import StoredFile


def published_distributions(app: str) -> frozenset[str]:
    """Return normalised names of distributions: what every worker is made of, and what the application publishes.

    Args:
        app: the application's name.
    """
    return frozenset({*ALWAYS, *api_distributions(app, beyond=ALWAYS)})


Looks = tuple[tuple[str, object], ...]
"""How the folders look that imports search, each by its stamp."""


def _looks() -> Looks:
    return tuple((place, stamp_of(place or ".")) for place in sys.path)


@lru_cache(8)
def _published(app: str, _path: Looks) -> frozenset[str]:
    """What is published; how the path looks is a part of the question, which each change asks again."""
    return published_distributions(app)


def refuse_second(table: Mapping[str, StoredFile], app: str) -> None:
    """Look at a set's files: none may be of a distribution that is published, not even of one that brings no package.

    The resolver fixes these to what is here; a lock or a bundle says by itself what it holds.

    Args:
        table: the files of the application's set, or of one plugin with a process of its own.
        app: the application's name.

    Raises:
        StoreError: a name is taken.
    """
    from packaging.utils import canonicalize_name

    published = _published(app, _looks())
    for folder in {path.partition("/")[0] for path in table}:
        name, _, version = folder.removesuffix(".dist-info").partition("-")
        if folder.endswith(".dist-info") and canonicalize_name(name) in published:
            raise StoreError(
                f"{canonicalize_name(name)} {version} would be there a second time: {app} has its own, which every "
                "plugin is given",
                hint="take it out of the lock or bundle, or ask whoever made it",
            )


@lru_cache(8)
def _published_names(app: str, path: Looks) -> frozenset[str]:
    """Top-level names of what is published, asked as `_published` is."""
    named = packages_of(sorted(_published(app, path))).named
    return frozenset(name.partition("/")[0] for name in named)  # of a namespace that others share, parts are named


def refuse_hidden(table: Mapping[str, StoredFile], plugin: str, app: str) -> None:
    """Look at the files of a plugin with a process of its own: none may have a top-level name that is published.

    What is published is always found first, so such a file would never be imported.

    Args:
        table: the plugin's files and its libraries'.
        plugin: its canonical id.
        app: the application's name.

    Raises:
        StoreError: a name is taken.
    """
    taken = _published_names(app, _looks())
    for name in top_level_names(table):
        if name in taken or name in sys.stdlib_module_names:
            whose = f"the one that {app} publishes" if name in taken else "Python's own module"
            raise StoreError(
                f"the package {name} of {plugin}, or of a library of it, would hide behind {whose}",
                plugin=plugin,
                hint="tell its author",
            )
