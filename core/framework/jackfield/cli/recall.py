"""The last answer of `jackfield list`, told again while nothing that it was made from has changed.

A prompt or a script asks often, and to load what answers takes ten times as long as to see that nothing changed. This
module loads nothing that the interpreter has not; `jackfield.cli.commands.listing` writes down what it reads here. It
answers only where the answer goes to a pipe or a file: people at a terminal get the width and colours of theirs.
"""

import os
import sys

from jackfield.places import index_folder, is_private, place_in, read_private, stamp_of

TYPE_CHECKING = False  # mypy knows the name; to import `typing` takes longer than all that is done here
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_OPTIONS = {"--app", "--profile"}
_VARIABLES = ("JACKFIELD_APP", "JACKFIELD_PROFILE", "JACKFIELD_HOME", "XDG_DATA_HOME", "HOME", "USER", "LOGNAME")
SETTLED_NS = 1_000_000_000
"""How old what was read must be for its times to tell it from the next version, on file systems that count coarsely."""


def question(words: "Sequence[str]") -> "tuple[str, ...] | None":
    """Return what `list` is asked, as a name for the answer; None where something else, or more, is asked.

    Args:
        words: after the program's name.
    """
    asked: list[str] = []
    rest = list(words)
    as_json = ""
    while rest and rest[0] != "list":
        option, given, value = rest.pop(0).partition("=")
        if option not in _OPTIONS or not (given or rest):
            return None
        asked += [option, value if given else rest.pop(0)]
    if rest[1:] == ["--json"]:
        as_json = "--json"
    elif rest != ["list"]:
        return None
    environment = [os.environ.get(name, "") for name in _VARIABLES]
    try:
        here = os.getcwd()  # noqa: PTH109 (pathlib is not loaded here)
    except OSError:
        return None  # somebody removed it
    return (sys.prefix, here, str(os.getuid() if hasattr(os, "getuid") else 0), as_json, *environment, *asked)


def recalled(words: "Sequence[str]") -> str | None:
    """Return the text of the answer; None where it has to be made anew.

    Args:
        words: after the program's name.
    """
    if sys.stdout is None or sys.stdout.isatty():
        return None
    asked = question(words)
    cache = index_folder(os.environ)
    if asked is None or not is_private(cache):
        return None
    known = read_private(place_in(cache, _name(asked)))
    if known is None or tuple(known.get("asked", ())) != asked or known.get("path") != sys.path:
        return None
    if any(stamp_of(path) != stamp for path, stamp in known["stamps"]):
        return None
    text: str = known["text"]
    return text


def remember(words: "Sequence[str]", text: str, paths: "Iterable[str]", begun_ns: int) -> None:
    """Write an answer down, if it would be the same again: what was changed a moment ago may have changed since.

    Args:
        words: what was asked.
        text: what was answered.
        paths: everything that it was made from, also what is not there.
        begun_ns: when it was begun to be made, in nanoseconds since the epoch.
    """
    asked = question(words)
    if asked is None:
        return
    stamps = [(path, stamp_of(path)) for path in dict.fromkeys(paths)]
    if any(stamp is not None and max(stamp[0], stamp[1]) > begun_ns - SETTLED_NS for _, stamp in stamps):
        return
    from jackfield.discovery import write_private  # it loads what reading does without

    cache = index_folder(os.environ)
    values = {"asked": asked, "path": sys.path, "stamps": stamps, "text": text}
    write_private(cache, place_in(cache, _name(asked)), values)


def _name(asked: "tuple[str, ...]") -> str:
    return "\n".join(("list", *asked))
