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

TYPE_CHECKING = False  # typing costs more to import than a thousand rows to read; mypy knows the name
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
    from typing import Any, TypeAlias

    Stamp: TypeAlias = "tuple[int, int, int, int] | None"
    """Of a file or folder: modified and changed (ns), inode, size; None where there is none."""

    Segment: TypeAlias = "dict[str, Any]"

MANIFEST = "plugin.toml"
"""The file in a plugin's top-level package."""

HOSTFILE = "host.toml"
HOSTS = "jackfield.hosts"
"""The file in an application's package, and the entry-point group that names the package."""

FORMAT = 5
FOLDER = ".index"
"""Below the folder of all data: no application's name begins with a dot."""

MARK = b"jackfield index\n"
LENGTH = 8  # bytes of the two lengths that follow the mark: of the head, and of the file
START = len(MARK) + 2 * LENGTH
_FIRST_READ = 1 << 14  # bytes: the head of nearly every segment, and all of a small one
_PRIME = 2**61 - 1
NORMALISED, DISTRIBUTION, VERSION, NAME, VALUE, PACKAGE, PLACE = range(7)
"""The columns of a group. The last two are folders, from the folder of the path on where they lie in it."""

COMMA = "\0"
"""Between the values of a column: what is not asked for is one text, and no object for each plugin."""

_OTHERS_WRITE = 0o022
_READING = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_OF_THIS_PYTHON = f"-{sys.hexversion:x}"


class Row:
    """One entry point of an installed distribution; what is asked of it beside its name is looked up then.

    Attributes:
        name: the entry point's name.
    """

    __slots__ = ("_group", "_number", "name")

    def __init__(self, group: "_Group", number: int, name: str) -> None:
        self._group = group
        self._number = number
        self.name = name

    @property
    def distribution(self) -> str:
        """The distribution's name as written."""
        return self._group[DISTRIBUTION][self._number]

    @property
    def version(self) -> str:
        """The distribution's version as written."""
        return self._group[VERSION][self._number]

    @property
    def value(self) -> str:
        """What the entry point names: `package.module:attribute`."""
        return self._group[VALUE][self._number]

    @property
    def folder(self) -> str:
        """The folder of its top-level package; empty for a single module."""
        return self._group.path(PACKAGE, self._number)

    @property
    def place(self) -> str:
        """The folder of the distribution's metadata; empty where that is none."""
        return self._group.path(PLACE, self._number)

    @property
    def manifest(self) -> "dict[str, Any] | None":
        """The plain values of its plugin.toml; None where there is none, it cannot be read, or was not asked for."""
        return self._group.manifest(self._number)


class _Group:
    """The entry points of one group in one folder of the path: columns, taken apart when they are asked for."""

    __slots__ = ("_columns", "_folder", "_manifests", "_packed", "rows")

    def __init__(self, folder: str, packed: bytes, manifests: bytes | None) -> None:
        count, *columns = marshal.loads(packed)  # noqa: S302 (this user's own, see `read_private`)
        if any((one.count(COMMA) + 1 if isinstance(one, str) else len(one)) != count for one in columns):
            raise ValueError("a column of another length")
        self._columns = columns
        self._folder = folder
        self._packed = manifests
        self._manifests: dict[str, bytes] | None = None
        self.rows: Sequence[int] = range(count)

    def __getitem__(self, column: int) -> "Sequence[str]":
        values = self._columns[column]
        if isinstance(values, str):
            values = self._columns[column] = values.split(COMMA)
        found: Sequence[str] = values
        return found

    def numbers(self, name: str) -> "Iterator[int]":
        """Yield the numbers of the entry points of one name, and make no object of any other name."""
        names = self._columns[NAME]
        text = f"{COMMA}{names if isinstance(names, str) else COMMA.join(names)}{COMMA}"
        begin, number, wanted = 0, 0, f"{COMMA}{name}{COMMA}"
        while (place := text.find(wanted, begin)) >= 0:
            number += text.count(COMMA, begin, place)
            if number in self.rows:
                yield number
            begin, number = place + 1, number + 1

    def path(self, column: int, number: int) -> str:
        """Return a folder in full; empty where there is none."""
        place = self[column][number]
        return os.path.join(self._folder, place) if place else ""  # noqa: PTH118 (pathlib is not loaded)

    def manifest(self, number: int) -> "dict[str, Any] | None":
        """Return the plain values of a manifest, if they are known."""
        if self._manifests is None:
            self._manifests = marshal.loads(self._packed) if self._packed else {}  # noqa: S302 (as above)
        packed = self._manifests.get(self[PACKAGE][number])
        return marshal.loads(packed) if packed else None  # noqa: S302 (as above)

    def leave_out(self, names: "Container[str]") -> None:
        """Forget the entry points of some distributions, by canonical name."""
        self.rows = [number for number, name in enumerate(self[NORMALISED]) if name not in names]


class Rows:
    """The entry points of a group on a path, in its order."""

    __slots__ = ("_groups",)

    def __init__(self, groups: "Sequence[_Group]") -> None:
        self._groups = groups

    def __len__(self) -> int:
        return sum(len(group.rows) for group in self._groups)

    def __iter__(self) -> "Iterator[Row]":
        for group in self._groups:
            names = group[NAME]
            for number in group.rows:
                yield Row(group, number, names[number])

    def named(self, name: str) -> "Iterator[Row]":
        """Yield the entry points of one name, without looking at the others."""
        for group in self._groups:
            for number in group.numbers(name):
                yield Row(group, number, name)


def stamp_of(path: str) -> "Stamp":
    """Return what tells whether a file or folder is as it was; a copy that keeps its times has another inode."""
    try:
        status = os.stat(path)  # noqa: PTH116 (pathlib is not loaded)
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size)


def index_folder(environ: "Mapping[str, str]") -> str:
    """Return where segments lie: in the folder of all data, as `jackfield.store.home` says, without loading it."""
    moved = environ.get("JACKFIELD_HOME")
    if moved:
        return os.path.join(os.path.abspath(os.path.expanduser(moved)), FOLDER)  # noqa: PTH100, PTH111, PTH118 (see below)
    if sys.platform != "linux":
        import platformdirs

        return os.path.join(platformdirs.user_data_dir("jackfield", appauthor=False), FOLDER)  # noqa: PTH118 (see below)
    data = environ.get("XDG_DATA_HOME", "").strip() or os.path.join(os.path.expanduser("~"), ".local", "share")  # noqa: PTH111, PTH118 (see below)
    return os.path.join(data, "jackfield", FOLDER)  # noqa: PTH118 (pathlib is not loaded)


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
        segment = {"folder": folder, "key": key, **(build(folder) or {"outside": [], "sections": {}})}
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


def is_private(folder: str) -> bool:
    """Say whether a folder is there and only this user, or the administrator, can write into it."""
    try:
        status = os.stat(folder)  # noqa: PTH116 (pathlib is not loaded)
    except OSError:
        return False
    return _own(status)


def _own(status: os.stat_result) -> bool:
    if not hasattr(os, "geteuid"):
        return True  # Windows: the folder lies in the user's own profile
    return status.st_uid in (os.geteuid(), 0) and not status.st_mode & _OTHERS_WRITE


def place_in(cache: str, name: str) -> str:
    """Return the file of an index that belongs to a name of any length."""
    # Any number that tells folders apart will do, and two that share one take turns: the segment names its folder.
    number = int.from_bytes(os.fsencode(name), "big") % _PRIME
    return f"{cache}{os.sep}{number:x}{_OF_THIS_PYTHON}"


def read_private(file: str, *sections: str) -> "Segment | None":
    """Return what `write_private` wrote: its values, and as `sections` those that are named and there, as bytes.

    Args:
        file: which.
        sections: names; what is not named is not read.

    Returns:
        None if it is not there, not whole, or another user could have written it.
    """
    try:
        descriptor = os.open(file, _READING)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        content = os.read(descriptor, _FIRST_READ) if _own(status) else b""
        head = int.from_bytes(content[START - 2 * LENGTH : START - LENGTH], "big")
        size = int.from_bytes(content[START - LENGTH : START], "big")
        if not content.startswith(MARK) or size != status.st_size:
            return None  # torn, or something else
        values: Segment = marshal.loads(_part(content, descriptor, START, head))  # noqa: S302 (this user's own, and whole)
        if values["format"] != FORMAT:
            return None
        places = values["sections"]
        values["sections"] = {
            name: _part(content, descriptor, START + head + places[name][0], places[name][1])
            for name in sections
            if name in places
        }
    except (OSError, EOFError, ValueError, TypeError, KeyError):
        return None
    finally:
        os.close(descriptor)
    return values


def _part(content: bytes, descriptor: int, begin: int, length: int) -> bytes:
    """Return a part of a file, from what was read of its beginning where that is enough."""
    if begin + length <= len(content):
        return content[begin : begin + length]
    os.lseek(descriptor, begin, os.SEEK_SET)
    return os.read(descriptor, length)


def _holds(segment: "Segment", folder: str, key: "Stamp") -> bool:
    if segment["folder"] != folder or segment["key"] != key:
        return False
    for path, stamp in segment["outside"]:
        if stamp_of(path) != stamp:
            return False
    packed = segment["sections"].get("files")
    files = marshal.loads(packed) if packed else ()  # noqa: S302 (of the segment itself)
    return all(stamp_of(path) == stamp for path, stamp in files)
