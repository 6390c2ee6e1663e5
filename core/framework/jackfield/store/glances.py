"""What was looked at once is looked at again only where it looks different from outside.

A stamp is what one `stat` tells of a file or folder. A file that was read, or an unpacked wheel that was found whole,
is taken to be the same while all its stamps are: every write changes one of them, also one by another process.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

Stamp = tuple[int, int, int, int]
"""Inode, size in bytes, mtime and ctime in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Glance:
    """How files and folders looked before they were read.

    Args:
        paths: of the files, and of the folders whose names count: a folder's times change with each that comes or goes.
        stamps: one for each path.
        missing: paths at which there was nothing.
        follow: whether a link stands for what it leads to.
    """

    paths: tuple[str, ...]
    stamps: list[Stamp]
    missing: tuple[str, ...] = ()
    follow: bool = False

    @classmethod
    def of(cls, seen: Mapping[str, os.stat_result]) -> Glance:
        """What was seen: path -> status, taken before anything was read."""
        return cls(tuple(seen), [stamp(status) for status in seen.values()])

    @classmethod
    def at(cls, paths: Iterable[str], *, settled_ns: int = 0) -> Glance:
        """A glance at paths now, also at some that are not there; links are followed.

        Args:
            paths: of files and folders, each folder before what lies in it.
            settled_ns: what has not changed since this time, in nanoseconds of the epoch, shows the next change in its
                times for sure. What is missing in such a folder is not looked for again: the folder tells when it
                comes.
        """
        found: dict[str, Stamp] = {}
        missing = []
        for path in paths:
            try:
                found[path] = stamp_of(path)
            except OSError:
                folder = found.get(path.rpartition("/")[0])
                if folder is None or max(folder[2:]) >= settled_ns:
                    missing.append(path)
        return cls(tuple(found), list(found.values()), tuple(missing), follow=True)

    @classmethod
    def joined(cls, glances: Iterable[Glance]) -> Glance:
        """Several glances of one kind as one: to look once at a thousand paths is quicker than often at a few."""
        each = list(glances)
        return cls(
            tuple(chain.from_iterable(one.paths for one in each)),
            list(chain.from_iterable(one.stamps for one in each)),
            tuple(chain.from_iterable(one.missing for one in each)),
            follow=any(one.follow for one in each),
        )

    def without(self, paths: Collection[str]) -> Glance:
        """The same glance, but for some paths that need not be looked at."""
        left = [(path, stamp) for path, stamp in zip(self.paths, self.stamps, strict=True) if path not in paths]
        return replace(self, paths=tuple(path for path, _ in left), stamps=[stamp for _, stamp in left])

    def covers(self, other: Glance) -> bool:
        """Whether all of another glance was seen in this one, too, and looked the same."""
        seen = dict(zip(map(_plain, self.paths), self.stamps, strict=True))
        there = zip(map(_plain, other.paths), other.stamps, strict=True)
        return not other.missing and all(seen.get(path) == stamp for path, stamp in there)

    def holds(self) -> bool:
        """Whether everything looks as it did."""
        look = os.stat if self.follow else os.lstat
        try:
            # A set of a hundred plugins has a thousand paths, and this comes with every change: no calls but the look.
            seen = [
                (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
                for status in map(look, self.paths)
            ]
        except OSError:
            return False
        return seen == self.stamps and not any(map(os.path.lexists, self.missing))


def _plain(path: str) -> str:
    """A path as it is spelt of a file; some spell a folder with a slash behind it."""
    return path.removesuffix("/")


def stamp(status: os.stat_result) -> Stamp:
    """The stamp in a status."""
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def stamp_of(path: Path | str) -> Stamp:
    """The stamp of a file now.

    Raises:
        OSError: it is not there.
    """
    return stamp(os.stat(path))  # noqa: PTH116 - half the price of the method, at each look at a profile
