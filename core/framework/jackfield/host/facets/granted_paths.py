"""Which place below a granted path a plugin's path means.

What is said here holds for a moment: `beneath` is what reaches the place and follows no link on the way.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from jackfield.errors import UsageError

LONGEST_PATH = 4096
"""Characters; systems take no more bytes (PATH_MAX of Linux)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A path below a granted one.

    Args:
        root: the granted folder or file, with the user's own links resolved.
        parts: the names below it.
        shown: the path as it was asked for.
    """

    root: str
    parts: tuple[str, ...]
    shown: str


def place_of(shown: str, limits: tuple[str, ...], *, follow_last: bool) -> Place | None:
    """Return where a path lies below what was granted; None where it does not.

    Args:
        shown: absolute or `~/…`.
        limits: the granted paths; empty: all of them.
        follow_last: whether, without limits, a link at the end of the path means what it leads to.

    Raises:
        UsageError: it is no such path.
    """
    if len(shown) > LONGEST_PATH:  # to follow links takes the square of it
        raise UsageError(f"a path of {len(shown)} characters leads nowhere: {LONGEST_PATH} are the most")
    path = Path(os.path.expanduser(shown))  # noqa: PTH111  # Path raises for ~nobody
    if "\x00" in shown or not path.is_absolute() or ".." in path.parts:
        raise UsageError(f"{shown!r} is neither an absolute path nor one below ~/, or has '..' in it")
    if not limits:
        whole = real_path(path) if follow_last or not path.name else real_path(path.parent) / path.name
        return Place(whole.anchor, whole.parts[1:], shown)
    for limit in limits:
        root = Path(os.path.expanduser(limit))  # noqa: PTH111  # likewise
        if path.is_relative_to(root):
            return Place(str(real_path(root)), path.relative_to(root).parts, shown)
    return None


def meets(shown: str, limits: tuple[str, ...]) -> bool:
    """Say whether what comes to a path could be reached by one of these, itself or a part of it; without any it is.

    Args:
        shown: absolute or `~/…`.
        limits: the granted paths.
    """
    path = Path(os.path.expanduser(shown))  # noqa: PTH111  # as in `place_of`
    place = real_path(path.parent) / path.name
    roots = (real_path(Path(os.path.expanduser(limit))) for limit in limits)  # noqa: PTH111  # likewise
    return not limits or any(place.is_relative_to(root) or root.is_relative_to(place) for root in roots)


def above(shown: str, limits: tuple[str, ...]) -> str | None:
    """Return a granted path on the way to which this one lies, and is not it; None where there is none.

    Args:
        shown: absolute or `~/…`.
        limits: the granted paths.
    """
    path = Path(os.path.expanduser(shown))  # noqa: PTH111  # as in `place_of`
    place = real_path(path.parent) / path.name
    for limit in limits:
        root = Path(os.path.expanduser(limit))  # noqa: PTH111  # likewise
        # As the way is written too: a link on it may be deleted at any moment, and then it is this path that counts.
        if place in real_path(root).parents or any(place == real_path(one.parent) / one.name for one in root.parents):
            return limit
    return None


def real_path(path: Path) -> Path:
    """Return the path without links; one that leads in a circle stays as it is (Path.resolve would raise)."""
    return Path(os.path.realpath(path))
