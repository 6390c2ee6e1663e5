"""What each folder of the path holds, remembered: a file for each, read with what the interpreter has loaded anyway.

Importing `importlib.metadata` takes longer than all that is asked of it here, so nothing is imported to read a segment,
and a segment is `marshal`, which needs no parser. Rules that the module keeps:

- A segment holds only for its folder as it was (times, inode), for this Python and this form of segment. The strict
  check also looks at every file that it was made from: an edit in place changes no folder.
- A segment that another user could have written is not read: its file and folder are this user's alone to write.
- What the fast check of one group does not need lies in sections of their own, and is not read.
- It is a cache: what cannot be read, checked or written is made anew from what is installed, and right before fast.
"""

import marshal
import os
import sys

from jackfield.places import index_folder, is_private, place_in, read_private, stamp_of

TYPE_CHECKING = False  # typing costs more to import than a thousand rows to read; mypy knows the name
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence
    from typing import Any, TypeAlias

    from jackfield.places import Stamp

    Segment: TypeAlias = "dict[str, Any]"

#: Of what an installer leaves in a folder; an archive has it inside.
METADATA_SUFFIXES = (".dist-info", ".egg-info", ".egg")

NAME, NORMALISED, DISTRIBUTION, VERSION, VALUE, PACKAGE, PLACE = range(7)
"""The fields of a row. The last two are folders, from the folder of the path on where they lie in it."""

BETWEEN_ROWS, BETWEEN_FIELDS = "\1", "\2"
"""What is not asked for is part of one text, and no object for each plugin."""

WIDTH = 4
"""Bytes of a number that says where a row begins in the text of all."""

_HOLE = bytes(2 * WIDTH)


class Row:
    """One entry point of an installed distribution; what is asked of it beside its name is looked up then.

    Attributes:
        name: the entry point's name.
    """

    __slots__ = ("_fields", "_group", "_number", "name")

    def __init__(self, group: "_Group", number: int, name: str) -> None:
        self._group = group
        self._number = number
        self._fields: Sequence[str] | None = None
        self.name = name

    def _field(self, field: int) -> str:
        if self._fields is None:
            self._fields = self._group.fields(self._number)
        return self._fields[field]

    @property
    def distribution(self) -> str:
        """The distribution's name as written."""
        return self._field(DISTRIBUTION)

    @property
    def version(self) -> str:
        """The distribution's version as written."""
        return self._field(VERSION)

    @property
    def value(self) -> str:
        """What the entry point names: `package.module:attribute`."""
        return self._field(VALUE)

    @property
    def folder(self) -> str:
        """The folder of its top-level package; empty for a single module."""
        return self._group.path(self._field(PACKAGE))

    @property
    def place(self) -> str:
        """The folder of the distribution's metadata; empty where that is none."""
        return self._group.path(self._field(PLACE))

    @property
    def manifest(self) -> "dict[str, Any] | None":
        """The plain values of its plugin.toml; None where there is none, it cannot be read, or was not asked for."""
        return self._group.manifest(self._field(PACKAGE))


class _Group:
    """The entry points of one group in one folder of the path: a text of their names, and one of all rows.

    To list is to take the first apart. One row is found by its name and cut out of the second, which is not looked
    through: to count a thousand rows takes as long as to make them.
    """

    __slots__ = ("_begins", "_folder", "_manifests", "_names", "_normalised", "_packed", "_rows", "numbers")

    def __init__(self, folder: str, packed: bytes, manifests: bytes | None) -> None:
        count, self._names, self._normalised, self._begins, self._rows = marshal.loads(packed)  # noqa: S302 (this user's own, see `read_private`)
        # A file system that was cut off leaves zeros, and there are none in these texts.
        # Nor are there so many where rows begin: each begins after the one before.
        if isinstance(self._rows, str) and ("\0" in self._names or "\0" in self._rows or _HOLE in self._begins):
            raise ValueError("a part of it was never written")
        self._folder = folder
        self._packed = manifests
        self._manifests: dict[str, bytes] | None = None
        self.numbers: Sequence[int] = range(count)

    def names(self) -> "Sequence[str]":
        """Return the names of all entry points."""
        return _apart(self._names)

    def fields(self, number: int) -> "Sequence[str]":
        """Return a row."""
        if not isinstance(self._rows, str):
            fields: Sequence[str] = self._rows[number]
            return fields
        place = number * WIDTH
        begin = int.from_bytes(self._begins[place : place + WIDTH], "big")
        end = int.from_bytes(self._begins[place + WIDTH : place + 2 * WIDTH], "big")
        return self._rows[begin:end].split(BETWEEN_FIELDS)

    def named(self, name: str) -> "Iterator[Row]":
        """Yield the rows of one name, and make no object of any other."""
        if not isinstance(self._names, str):
            yield from (Row(self, number, name) for number in self.numbers if self._names[number] == name)
            return
        begin, number, wanted = 0, 0, f"{BETWEEN_ROWS}{name}{BETWEEN_ROWS}"
        while (place := self._names.find(wanted, begin)) >= 0:
            number += self._names.count(BETWEEN_ROWS, begin, place)
            if number in self.numbers:
                yield Row(self, number, name)
            begin, number = place + 1, number + 1

    def path(self, place: str) -> str:
        """Return a folder in full; empty where there is none."""
        return os.path.join(self._folder, place) if place else ""  # noqa: PTH118 (pathlib is not loaded)

    def manifest(self, package: str) -> "dict[str, Any] | None":
        """Return the plain values of a manifest, if they are known."""
        try:
            if self._manifests is None:
                self._manifests = marshal.loads(self._packed) if self._packed else {}  # noqa: S302 (as above)
            packed = self._manifests.get(package)
            return marshal.loads(packed) if packed else None  # noqa: S302 (as above)
        except (EOFError, ValueError, TypeError):
            return None  # damaged; whoever needs it reads the file

    def leave_out(self, names: "Container[str]") -> None:
        """Forget the entry points of some distributions, by canonical name."""
        normalised = _apart(self._normalised)
        self.numbers = [number for number in self.numbers if normalised[number] not in names]


def _packed(rows: "Sequence[Sequence[str]]") -> bytes:
    """Pack a group: how many rows, their names, normalised names, where each begins in the text of all, the text."""
    names, normalised = [row[NAME] for row in rows], [row[NORMALISED] for row in rows]
    if any(mark in value for row in rows for value in row for mark in ("\0", BETWEEN_ROWS, BETWEEN_FIELDS)):
        return marshal.dumps([len(rows), names, normalised, b"", [tuple(row) for row in rows]])
    texts = [BETWEEN_FIELDS.join(row) for row in rows]
    begins = [0]
    for text in texts:
        begins.append(begins[-1] + len(text))
    apart = [BETWEEN_ROWS.join(["", *column, ""]) for column in (names, normalised)]
    packed = b"".join(begin.to_bytes(WIDTH, "big") for begin in begins)
    return marshal.dumps([len(rows), *apart, packed, "".join(texts)])


def _apart(names: "str | Sequence[str]") -> "Sequence[str]":
    return names[1:-1].split(BETWEEN_ROWS) if isinstance(names, str) else names


class Rows:
    """The entry points of a group on a path, in its order."""

    __slots__ = ("_groups",)

    def __init__(self, groups: "Sequence[_Group]") -> None:
        self._groups = groups

    def __len__(self) -> int:
        return sum(len(group.numbers) for group in self._groups)

    def __iter__(self) -> "Iterator[Row]":
        for group in self._groups:
            names = group.names()
            for number in group.numbers:
                yield Row(group, number, names[number])

    def named(self, name: str) -> "Iterator[Row]":
        """Yield the entry points of one name, without looking at the others."""
        for group in self._groups:
            yield from group.named(name)


def installed_entry_points(group: str, *, strict: bool, keep: bool = True, manifests: bool = False) -> Rows:
    """Return the entry points of a group, of all that this process can import, without importing any of it.

    Args:
        group: which.
        strict: whether a file that was edited in place is noticed, at the price of a `stat` for each; what pip, uv and
            other installers do is noticed in either case.
        keep: whether what was found may be written down for the next time.
        manifests: whether the rows carry their plugins' manifests.
    """
    cache = index_folder(os.environ)
    return read_index(group, sys.path, cache, _built, strict=strict, keep=_kept if keep else None, manifests=manifests)


def _built(folder: str) -> "Segment | None":
    try:
        if not any(name.endswith(METADATA_SUFFIXES) for name in os.listdir(folder)):  # noqa: PTH208 (names alone)
            return None  # the folder of a script, say: it changes often, and nothing was ever installed there
    except OSError:
        pass  # an archive
    from jackfield.discovery.indexing import build_segment  # what it imports takes longer than all the rest

    return build_segment(folder)


def _kept(cache: str, file: str, segment: "Segment") -> None:
    from jackfield.discovery.keeping import write_private  # likewise

    write_private(cache, file, segment)


def read_index(
    group: str,
    path: "Iterable[str]",
    cache: str,
    build: "Callable[[str], Segment | None]",
    *,
    strict: bool,
    keep: "Callable[[str, str, Segment], object] | None" = None,
    manifests: bool = False,
) -> Rows:
    """Return the entry points of a group on a path; of two distributions with one name the first counts.

    Args:
        group: which.
        path: folders and archives, as `sys.path` has them.
        cache: the folder of the segments; empty: nothing is remembered.
        build: makes the segment of one folder anew; None where it holds nothing. It is called for those only that are
            not known or have changed.
        strict: whether every file is looked at, and not only every folder.
        keep: writes a segment that was made anew, given the cache, its file there and the segment.
        manifests: whether rows carry their manifests.
    """
    trusted = bool(cache) and is_private(cache)
    folders = [entry or os.getcwd() for entry in dict.fromkeys(path)]  # noqa: PTH109 (as the import system reads it)
    wanted = [f"[{group}]", "names", *(["manifests"] if manifests else ()), *(["files"] if strict else ())]

    def known(folder: str, key: "Stamp") -> "Segment | None":
        segment = read_private(place_in(cache, folder), *wanted) if trusted else None
        return segment if segment is not None and _holds(segment, folder, key) else None

    def made(folder: str, key: "Stamp") -> "Segment":
        # What changes while it is looked at does not hold at the next look.
        found = build(folder) or {"outside": [], "groups": {}, "sections": {}}
        groups = {f"[{name}]": _packed(rows) for name, rows in found["groups"].items()}
        sections = {**groups, **found["sections"]}
        segment = {"folder": folder, "key": key, "outside": found["outside"], "sections": sections}
        if cache and keep is not None:
            keep(cache, place_in(cache, folder), segment)
        segment["sections"] = {name: segment["sections"].get(name) for name in wanted}
        return segment

    try:
        return Rows(_groups(folders, wanted[0], lambda folder, key: known(folder, key) or made(folder, key)))
    except (EOFError, ValueError, TypeError):  # a section is damaged, which is seen when it is unpacked
        return Rows(_groups(folders, wanted[0], made))


def _groups(folders: "Iterable[str]", wanted: str, segment_of: "Callable[[str, Stamp], Segment]") -> "list[_Group]":
    """Return what is in one section of each folder's segment, the first of each distribution."""
    earlier: list[bytes] = []  # the names of each segment so far, unpacked only where a later one has rows
    seen: set[str] = set()
    groups: list[_Group] = []
    for folder in folders:
        key = stamp_of(folder)
        if key is None:
            continue
        sections = segment_of(folder, key)["sections"]
        packed = sections.get(wanted)
        if packed is not None:
            group = _Group(folder, packed, sections.get("manifests"))
            seen.update(*map(marshal.loads, earlier))
            earlier.clear()
            if seen:
                group.leave_out(seen)
            groups.append(group)
        names = sections.get("names")
        if names is not None:
            earlier.append(names)
    return groups


def _holds(segment: "Segment", folder: str, key: "Stamp") -> bool:
    if segment["folder"] != folder or segment["key"] != key:
        return False
    for path, stamp in segment["outside"]:
        if stamp_of(path) != stamp:
            return False
    packed = segment["sections"].get("files")
    files = marshal.loads(packed) if packed else ()  # noqa: S302 (of the segment itself)
    return all(stamp_of(path) == stamp for path, stamp in files)
