"""Packages that no worker is given and that lie below folders which every worker reads (K42).

An application need not run in a virtual environment: what is installed into the Python itself lies within the folders
of its standard library, and a system's own packages within those of its shared libraries. The zygote looks for them
once; what a worker cannot read its policy names.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final

_PACKAGES: Final = ("site-packages", "dist-packages")
_INTERPRETERS: Final = ("python", "pypy")


def hidden_below(shared: Sequence[str], hosts: Iterable[str], published: Sequence[str]) -> tuple[str, ...]:
    """Return what is to be hidden below folders that are read, as real paths.

    That is each folder in which some Python of the machine has its packages; each folder and file that the host imports
    from, but for its standard library; and where they are made of links, as in the Nix and Guix stores, what these
    lead to.

    Args:
        shared: real paths of folders that are read, the standard library's among them.
        hosts: real paths of all that the host imports from.
        published: real paths of what every worker is given; nothing below one is hidden.
    """
    wanted = {*(one for folder in shared for one in _of_interpreters(folder)), *hosts}
    wanted |= {target for folder in wanted if folder not in shared for target in _linked(folder)}
    return tuple(sorted(one for one in wanted if _hides(one, shared, published)))


def _hides(path: str, shared: Sequence[str], published: Sequence[str]) -> bool:
    if path in shared or any(path == one or path.startswith(f"{one}/") for one in published):
        return False
    return any(path.startswith(f"{above}/") for above in shared) and os.path.exists(path)  # noqa: PTH110 (texts alone)


def _of_interpreters(folder: str) -> Iterator[str]:
    """`dist-packages` and `site-packages` of a standard library, or of all those that lie in a folder."""
    libraries = [folder]
    with suppress(OSError):
        libraries += [entry.path for entry in os.scandir(folder) if entry.name.startswith(_INTERPRETERS)]
    for library in libraries:
        for name in _PACKAGES:
            if os.path.isdir(path := f"{library}/{name}"):  # noqa: PTH112 (texts alone)
                yield os.path.realpath(path)


def _linked(folder: str) -> Iterator[str]:
    """The folders of packages to which links in this one lead."""
    with suppress(OSError):
        for entry in os.scandir(folder):
            if entry.is_symlink():
                parts = os.path.realpath(entry.path).split("/")
                yield from ("/".join(parts[: parts.index(name) + 1]) for name in _PACKAGES if name in parts)
