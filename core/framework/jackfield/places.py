"""Where this user's data lies, as text, and small files in it that one process keeps for the next.

Every start of an application that took `jackfield.PluginManager` in pluggy's place asks for a profile's folder, mostly
to find nothing there, and for the index of what is installed; every `jackfield list` for its last answer. So this loads
nothing that the interpreter has not, and whoever has to start fast shares it. `jackfield.store.Layout` is the same with
all that lies below a profile.

A file that another user could have written is not read: it and its folder are this user's alone to write. It is
`marshal`, which needs no parser, for this Python and this form of it.
"""

import marshal
import os
import stat
import sys

TYPE_CHECKING = False  # mypy knows the name; to import `typing` takes longer than all that is done here
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeAlias

    Stamp: TypeAlias = "tuple[int, int, int, int] | None"
    """Of a file or folder: modified and changed (ns), inode, size; None where there is none."""

FORMAT = 6
INDEX = ".index"
"""The folder of what is kept, below the folder of all data: no application's name begins with a dot."""

MARK = b"jackfield index\n"
LENGTH = 8  # bytes of the two lengths that follow the mark: of the head, and of the file
START = len(MARK) + 2 * LENGTH
_AT_A_TIME = 1 << 16  # bytes: all of most files that are kept
_FIRST_READ = 1 << 14  # bytes: the head of nearly every segment of the index, and all of a small file
_OTHERS_WRITE = 0o022
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # to open a pipe that lies there would wait until somebody writes
_READING = os.O_RDONLY | _AT_ONCE | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
# Two releases that took turns in one file would each make it anew at every start.
_OF_THIS_PYTHON = f"-{sys.hexversion:x}-{FORMAT}"
_PRIME_OF_FILES = 2**61 - 1
_LONGEST_NAME = 100
# So eight digits; not one below a power of two, for which bytes at some distances could change places.
_PRIME_OF_PROFILES = 2**32 - 5


def home_folder(environ: "Mapping[str, str]") -> str:
    """Return the folder above all applications: `JACKFIELD_HOME`, else the user's data folder as platformdirs says.

    Raises:
        UsageError: `JACKFIELD_HOME` begins with the name of a user whom this system does not know.
    """
    moved = environ.get("JACKFIELD_HOME")
    if moved:
        problem = _home_problem(moved)
        if problem is not None:
            from jackfield.errors import UsageError  # forty classes: not before one is raised

            raise UsageError(problem, hint="JACKFIELD_HOME takes an absolute path; a folder of such a name is ./~…")
        return os.path.abspath(os.path.expanduser(moved))  # noqa: PTH100, PTH111 (pathlib takes 3 ms to load)
    if sys.platform != "linux":
        import platformdirs

        return platformdirs.user_data_dir("jackfield", appauthor=False)
    data = environ.get("XDG_DATA_HOME", "").strip()
    if not data.startswith(os.sep):  # a relative one is to be ignored (XDG Base Directory Specification)
        data = os.path.join(user_home(), ".local", "share")  # noqa: PTH118 (likewise)
    return os.path.join(data, "jackfield")  # noqa: PTH118 (likewise)


def _home_problem(moved: str) -> str | None:
    """Say what is wrong with a `JACKFIELD_HOME`: `~nobody/x` would be a folder in whatever folder one is."""
    if moved.startswith("~") and os.path.expanduser(moved).startswith("~"):  # noqa: PTH111 (likewise)
        return f"JACKFIELD_HOME is {moved}, and this system knows no such user"
    return None


def user_home() -> str:
    """Return the user's own folder; `/`, as login(1) has it, for one that nobody knows: a number in a container.

    Never a relative one: the data would lie in whatever folder a command is typed in.
    """
    home = os.path.expanduser("~") if os.environ.get("HOME", os.sep).startswith(os.sep) else ""  # noqa: PTH111 (likewise)
    if not home:
        try:
            import pwd

            home = pwd.getpwuid(os.getuid()).pw_dir
        except (ImportError, KeyError):
            pass  # a system without such a list, or a user who is not on it
    return home if home.startswith(os.sep) else os.sep


def index_folder(environ: "Mapping[str, str]") -> str:
    """Return where what is kept lies: in the folder of all data; nowhere, which is empty, without such a folder."""
    if _home_problem(environ.get("JACKFIELD_HOME") or "") is not None:
        return ""
    return os.path.join(home_folder(environ), INDEX)  # noqa: PTH118 (likewise)


def profile_folder(app: str, profile: str | None, environ: "Mapping[str, str]") -> str:
    """Return the folder of a named profile, else of the one of the Python environment that runs now.

    Args:
        app: the application's name, as in its host.toml.
        profile: a name to share between environments; without it one is derived from `sys.prefix`.
        environ: the environment variables.

    Raises:
        UsageError: the app or the profile is not a plain name (a path could lead out of the data folder); or as for
            `home_folder`.
    """
    home = home_folder(environ)
    problem = name_problem(app, profile, environ)
    if problem is not None:
        from jackfield.errors import UsageError  # forty classes: not before one is raised

        raise UsageError(problem, hint="letters, digits, '.', '_' and '-' only")
    profile = profile or environ.get("JACKFIELD_PROFILE") or environment_profile(sys.prefix)
    return os.path.join(home, app, profile)  # noqa: PTH118 (likewise)


def name_problem(app: str, profile: str | None, environ: "Mapping[str, str]") -> str | None:
    """Say what keeps `profile_folder` from giving a folder; None: nothing does."""
    problem = _home_problem(environ.get("JACKFIELD_HOME") or "")
    if problem is not None:
        return problem
    profile = profile or environ.get("JACKFIELD_PROFILE")
    if not _is_plain(app):
        return f"{app!r} is no app name"
    return f"{profile!r} is no profile name" if profile and not _is_plain(profile) else None


def _is_plain(name: str) -> bool:
    """Say whether a name is letters, digits, '.', '_' and '-', a letter or digit first; compiling that takes longer."""
    plain = name.replace(".", "a").replace("_", "a").replace("-", "a")
    return name[:1].isalnum() and plain.isalnum() and name.isascii() and len(name) <= _LONGEST_NAME


def environment_profile(prefix: str) -> str:
    """Return the profile's name for a Python environment: its folder's name, and a hash so that no two are one."""
    path = os.path.realpath(prefix)
    plain = (one if one.isascii() and one.isalnum() else " " for one in os.path.basename(path))  # noqa: PTH119 (likewise)
    stem = "-".join("".join(plain).split()) or "python"
    # Any number that tells folders apart will do (see `place_in`), and a digest has a library to load.
    return f"{stem[:40]}-{int.from_bytes(os.fsencode(path), 'big') % _PRIME_OF_PROFILES:08x}"


def stamp_of(path: str) -> "Stamp":
    """Return what tells whether a file or folder is as it was; a copy that keeps its times has another inode."""
    try:
        status = os.stat(path)  # noqa: PTH116 (pathlib is not loaded)
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size)


def is_private(folder: str) -> bool:
    """Say whether a folder is there and only this user, or the administrator, can write into it."""
    try:
        status = os.stat(folder)  # noqa: PTH116 (pathlib is not loaded)
    except OSError:
        return False
    return _is_own(status)


def _is_own(status: os.stat_result) -> bool:
    if not hasattr(os, "geteuid"):
        return True  # Windows: the folder lies in the user's own profile
    return status.st_uid in (os.geteuid(), 0) and not status.st_mode & _OTHERS_WRITE


def waiting_for_nobody(path: str, flags: int) -> int:
    """Open a file that is kept, as the `opener` of `open`: a pipe or device in its place is refused at once.

    Raises:
        OSError: it is neither a file nor a folder, or cannot be opened.
    """
    descriptor = os.open(path, flags | _AT_ONCE)
    mode = os.fstat(descriptor).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        os.close(descriptor)
        import errno  # not loaded by the interpreter itself

        raise OSError(errno.EINVAL, "it is no regular file", path)
    return descriptor


def read_kept(file: "str | os.PathLike[str]", most_bytes: int = -1) -> bytes:
    """Return what a file holds.

    Args:
        file: which.
        most_bytes: the largest that is read; any where it is negative.

    Raises:
        OSError: as for `waiting_for_nobody`, or it is larger.
    """
    # Without a file object, which asks five times as much of the system: a change of an installed set reads twenty.
    descriptor = waiting_for_nobody(os.fspath(file), os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        pieces, left = [], most_bytes + 1 if most_bytes >= 0 else sys.maxsize
        while piece := os.read(descriptor, min(left, _AT_A_TIME)):
            pieces.append(piece)
            left -= len(piece)
    finally:
        os.close(descriptor)
    content = b"".join(pieces)
    if 0 <= most_bytes < len(content):
        import errno  # not loaded by the interpreter itself

        raise OSError(errno.EFBIG, "it is larger than such a file can be", file)
    return content


def sync_folder(folder: "str | os.PathLike[str]") -> None:
    """Put the names within a folder on disk: that of a file is not with what the file holds.

    Raises:
        OSError: the disk refused.
    """
    if os.name == "nt":
        return  # folders cannot be opened there; NTFS journals the rename itself
    descriptor = os.open(folder, os.O_RDONLY | _AT_ONCE)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_withheld(error: OSError) -> bool:
    """Tell whether what could not be read may be as whole as it was: another user's, or too much is open just now.

    Nobody should be told that such a file is damaged, and throw it away.
    """
    import errno

    return error.errno in {errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM}


def place_in(cache: str, name: str) -> str:
    """Return the file of an index that belongs to a name of any length."""
    # Any number that tells folders apart will do, and two that share one take turns: the segment names its folder.
    number = int.from_bytes(os.fsencode(name), "big") % _PRIME_OF_FILES
    return f"{cache}{os.sep}{number:x}{_OF_THIS_PYTHON}"


def read_private(file: str, *sections: str) -> "dict[str, Any] | None":
    """Return what `write_private` wrote: its values, and as `sections` those that are named and there, as bytes.

    Args:
        file: which.
        sections: names; what is not named is not read.

    Returns:
        None if it is not there, no regular file, not whole, or another user could have written it.
    """
    try:
        descriptor = os.open(file, _READING)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        content = os.read(descriptor, _FIRST_READ) if stat.S_ISREG(status.st_mode) and _is_own(status) else b""
        head = int.from_bytes(content[START - 2 * LENGTH : START - LENGTH], "big")
        size = int.from_bytes(content[START - LENGTH : START], "big")
        if not content.startswith(MARK) or size != status.st_size:
            return None  # torn, or something else
        values: dict[str, Any] = marshal.loads(_part(content, descriptor, START, head))  # noqa: S302 (this user's own, and whole)
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
