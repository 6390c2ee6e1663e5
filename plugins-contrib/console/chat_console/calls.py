"""One call of a script's function, and the steps of which what the console does with scripts is made.

What the console does is a generator that yields its calls: whoever runs it can go on with the next call in another
thread while a script that does not come back holds the first one.
"""

import inspect
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any, Final
from weakref import WeakKeyDictionary


class _Held:
    def __repr__(self) -> str:
        return "HELD"


HELD: Final = _Held()
"""What a call gave whose script does not come back, or is held by an earlier one."""


@dataclass(slots=True, eq=False)
class Call:
    """A call.

    Args:
        script: whose function it is; None for the console's own.
        what: the function, for people: "its listener of mcdr.general_info".
        function: what is called.
        late: told what it gave, on the scripts' thread, where that came after the others had gone on.
        kept: made later where the script is held now; otherwise left out.
        last: the script's last one: it stands in for all that wait, and is never left out.
    """

    script: Any
    what: str
    function: Callable[[], Any]
    late: Callable[[Any], Any] | None = None
    kept: bool = True
    last: bool = False


Steps = Generator[Call, Any, Any]
"""What the console does: yields calls, is sent what they gave, and returns its own result."""


class ExecutorError(RuntimeError):
    """Nothing can be called for a script now; the sentence says why."""


_KNOWN: "WeakKeyDictionary[FunctionType, int | None]" = WeakKeyDictionary()
"""How many arguments functions take by their place; None: any number."""


def call(callback: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function with as many of the arguments, from the first, as it takes."""
    plain = getattr(callback, "__func__", callback)
    if type(plain) is not FunctionType:
        return callback(*arguments[: _taken(callback)])
    if plain not in _KNOWN:  # listeners are called for each line, and to ask takes half as long as all the rest
        _KNOWN[plain] = _taken(plain)
    most = _KNOWN[plain]
    if most is not None and plain is not callback:
        most = max(0, most - 1)  # a method's first one is given with it
    return callback(*arguments[:most])


def _taken(function: Callable[..., Any]) -> int | None:
    """Return how many arguments a function takes by their place; None: any number."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin that does not tell
        return None
    if any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters):
        return None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in positional for one in parameters)


def place_of(thread: int | None, file: Path | None) -> str:
    """Return where in a file a thread is, ", day.py line 7"; empty where it is not.

    Args:
        thread: its number.
        file: a script's file or folder.
    """
    frame = sys._current_frames().get(thread) if thread is not None else None
    while frame is not None and file is not None:
        if frame.f_code.co_filename.startswith(str(file)):
            return f", {Path(frame.f_code.co_filename).name} line {frame.f_lineno}"
        frame = frame.f_back
    return ""


def file_of(script: Any) -> Path | None:
    """Return a script's file."""
    return getattr(getattr(script, "candidate", None), "file", None)
