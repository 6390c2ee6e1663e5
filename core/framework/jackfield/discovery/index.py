"""What each folder of the path holds, remembered: a file for each, read with what the interpreter has loaded anyway.

Importing `importlib.metadata` takes longer than all that is asked of it here, so nothing is imported to read a segment,
and a segment is `marshal`, which needs no parser. Rules that the module keeps:

- A segment holds only for its folder as it was (times, inode), for this Python and this form of segment. The strict
  check also looks at every file that it was made from: an edit in place changes no folder.
- A segment that another user could have written is not read: its file and folder are this user's alone to write.
- What the fast check of one group does not need lies in it marshalled once more, and is not unpacked.
- It is a cache: what cannot be read, checked or written is made anew from what is installed, and right before fast.
"""

import marshal
import os
import sys

TYPE_CHECKING = False  # typing costs more to import than a thousand rows to read; mypy knows the name
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, TypeAlias

    Stamp: TypeAlias = "tuple[int, int, int, int] | None"
    """Of a file or folder: modified and changed (ns), inode, size; None where there is none."""

    Segment: TypeAlias = "dict[str, Any]"

MANIFEST = "plugin.toml"
"""The file in a plugin's top-level package."""

HOSTFILE = "host.toml"
HOSTS = "jackfield.hosts"
"""The file in an application's package, and the entry-point group that names the package."""

FORMAT = 3
MOST_SEGMENTS = 256
FOLDER = ".index"
"""Below the folder of all data: no application's name begins with a dot."""

_HEAD = b"jackfield index\n"
_LENGTH = 8  # bytes of the length that follows the head
_PRIME = 2**61 - 1
_BARE = 7  # values of a row without its manifest
_OTHERS_WRITE = 0o022


class Row(tuple):  # type: ignore[type-arg]  # a segment's own tuple, with names for its places
    """One entry point of an installed distribution. Named by hand: `NamedTuple` costs an import of `typing`."""

    __slots__ = ()

    @property
    def normalised(self) -> str:
        """The distribution's canonical name."""
        return str(self[0])

    @property
    def distribution(self) -> str:
        """The distribution's name as written."""
        return str(self[1])

    @property
    def version(self) -> str:
        """The distribution's version as written."""
        return str(self[2])

    @property
    def name(self) -> str:
        """The entry point's name."""
        return str(self[3])

    @property
    def value(self) -> str:
        """What the entry point names: `package.module:attribute`."""
        return str(self[4])

    @property
    def folder(self) -> str:
        """The folder of its top-level package; empty for a single module."""
        return str(self[5])

    @property
    def place(self) -> str:
        """The folder of the distribution's metadata; empty where that is none."""
        return str(self[6])

    @property
    def manifest(self) -> "dict[str, Any] | None":
        """The plain values of its plugin.toml; None where there is none, it cannot be read, or was not asked for."""
        return marshal.loads(self[7]) if len(self) > _BARE else None  # noqa: S302 (the index is this user's)


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
    keep: bool = True,
    manifests: bool = False,
) -> "list[Row]":
    """Return the entry points of a group on a path; of two distributions with one name the first counts.

    Args:
        group: which.
        path: folders and archives, as `sys.path` has them.
        cache: the folder of the segments; empty: nothing is remembered.
        build: makes the segment of one folder anew; None where it holds nothing. It is called for those only that are
            not known or have changed.
        strict: whether every file is looked at, and not only every folder.
        keep: whether segments that were made anew are written.
        manifests: whether rows carry their manifests.
    """
    trusted = bool(cache) and is_private(cache)
    earlier: list[bytes] = []  # the names of each segment so far, unpacked only where a later one has rows
    seen: set[str] = set()
    rows: list[Row] = []
    for entry in dict.fromkeys(path):
        folder = entry or os.getcwd()  # noqa: PTH109 (as the import system reads an empty entry)
        key = stamp_of(folder)
        if key is None:
            continue
        segment = read_private(place_in(cache, folder)) if trusted else None
        if segment is None or not _holds(segment, folder, key, strict=strict):
            segment = _made(folder, key, build)
            if cache and keep:
                trusted = write_private(cache, place_in(cache, folder), segment) or trusted
        packed = segment["groups"].get(group)
        if packed is not None:
            found = marshal.loads(packed)  # noqa: S302 (of the segment itself)
            seen.update(*map(marshal.loads, earlier))
            earlier.clear()
            if seen:
                found = [values for values in found if values[0] not in seen]
            rows += map(Row, _with_manifests(found, segment) if manifests else found)
        earlier.append(segment["names"])
    return rows


def _with_manifests(found: "Iterable[tuple[Any, ...]]", segment: "Segment") -> "Iterator[tuple[Any, ...]]":
    sources = marshal.loads(segment["sources"])  # noqa: S302 (of the segment itself)
    for values in found:
        source = sources.get(values[5])
        yield values if source is None else (*values, source)


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
    return os.path.join(cache, f"{number:x}-{sys.hexversion:x}")  # noqa: PTH118 (pathlib is not loaded)


def read_private(file: str) -> "Segment | None":
    """Return what `write_private` wrote; None if it is not there, not whole, or another user could have written it."""
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        content = os.read(descriptor, status.st_size + 1) if _own(status) else b""
    except OSError:
        return None
    finally:
        os.close(descriptor)
    head = len(_HEAD) + _LENGTH
    if content[: len(_HEAD)] != _HEAD or int.from_bytes(content[len(_HEAD) : head], "big") != len(content) - head:
        return None  # torn, or something else
    try:
        segment = marshal.loads(memoryview(content)[head:])  # noqa: S302 (this user's own file, and whole)
    except (EOFError, ValueError, TypeError):
        return None
    return segment if isinstance(segment, dict) and segment.get("format") == FORMAT else None


def _holds(segment: "Segment", folder: str, key: "Stamp", *, strict: bool) -> bool:
    if segment.get("folder") != folder or segment["key"] != key:
        return False
    looked_at = segment["outside"]
    if strict:
        looked_at = [*looked_at, *marshal.loads(segment["files"])]  # noqa: S302 (of the segment itself)
    return all(stamp_of(path) == stamp for path, stamp in looked_at)


def _made(folder: str, key: "Stamp", build: "Callable[[str], Segment | None]") -> "Segment":
    """The segment of a folder as it is now; what changes while it is looked at does not hold at the next look."""
    made = build(folder) or {
        "names": marshal.dumps([]),
        "groups": {},
        "sources": marshal.dumps({}),
        "outside": [],
        "files": marshal.dumps([]),
    }
    return {"folder": folder, "key": key, **made}


def write_private(cache: str, file: str, values: "Segment") -> bool:
    """Keep plain values for later, whole or not at all; returns whether the folder could be written.

    Args:
        cache: the folder, made for this user alone where it is missing.
        file: in that folder.
        values: what `marshal` takes.
    """
    body = marshal.dumps({"format": FORMAT, **values})
    temporary = f"{file}.{os.getpid()}"
    try:
        for folder in (os.path.dirname(cache), cache):  # noqa: PTH120 (pathlib is not loaded)
            os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103 (pathlib is not loaded)
        if not is_private(cache):
            return False
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(_HEAD + len(body).to_bytes(_LENGTH, "big") + body)
            os.replace(temporary, file)  # noqa: PTH105 (pathlib is not loaded)
        except OSError:
            os.unlink(temporary)  # noqa: PTH108 (pathlib is not loaded)
            raise
        _thin_out(cache)
    except OSError:
        return False
    return True


def _thin_out(cache: str) -> None:
    """Forget the oldest half where there are too many: environments come and go."""
    files = [os.path.join(cache, name) for name in os.listdir(cache)]  # noqa: PTH118, PTH208 (pathlib is not loaded)
    if len(files) > MOST_SEGMENTS:
        for file in sorted(files, key=lambda one: (stamp_of(one) or (0,))[0])[: len(files) // 2]:
            os.unlink(file)  # noqa: PTH108 (pathlib is not loaded)
