"""Errors on their way to another process: the framework's own and Python's plain ones arrive as what they were.

Anything else arrives as `RemoteError`, which knows the kind. Nothing that ends a program or a task arrives as itself:
a plugin in a worker cannot raise `SystemExit` in the host.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator

from jackfield import errors
from jackfield.errors import (
    CannotCross,
    GrammarError,
    JackfieldError,
    LinkError,
    NotSent,
    PluginError,
    RemoteError,
    TakenDown,
    WrongArgument,
    WrongValues,
    text_of,
)

#: Python's errors that carry a sentence and nothing else of use.
_PLAIN: dict[str, type[Exception]] = {
    one.__name__: one
    for one in (
        *(ArithmeticError, ZeroDivisionError, OverflowError, AssertionError, AttributeError, BufferError, EOFError),
        *(LookupError, KeyError, IndexError, NameError, NotImplementedError, RuntimeError, TypeError, ValueError),
        *(OSError, FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError),
        *(ConnectionError, ConnectionRefusedError, ConnectionResetError, TimeoutError),
        *(BrokenPipeError, ConnectionAbortedError, ImportError, ModuleNotFoundError, MemoryError, RecursionError),
    )
}
#: What moves a cursor, recolours a terminal, ends a line or turns the order of text round, shown as what it is.
_CONTROLS = {
    one: f"\\x{one:02x}" if one < 256 else f"\\u{one:04x}"
    for one in (
        *range(9),
        *range(11, 32),
        *range(127, 160),
        0x61C,
        *range(0x200E, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2066, 0x206A),
    )
}
#: Who is at fault for what did not come about is what the side says that saw it, and nobody else.
_TOLD_AS: dict[type[Exception], type[Exception]] = {TakenDown: PluginError, NotSent: CannotCross}
MESSAGE_CHARACTERS = 4000
TRACEBACK_CHARACTERS = 12_000
_MOST_DIGITS = 6  # of the number of an error of the system

Told = tuple[str, str, dict[str, str]]


def tell(error: BaseException, *, with_traceback: bool) -> Told:
    """The kind, the sentence and the details of an error, within the bounds of the protocol; never raises.

    Args:
        error: what was raised.
        with_traceback: whether the other side may read where; a worker tells its host, a host does not tell a plugin.
    """
    try:
        return _told_of(error, with_traceback=with_traceback)
    except Exception:  # noqa: BLE001  # its class, or what was put into it: whoever asked would wait for an answer in vain
        return type(error).__name__[:200], _text(text_of(error)), {}


def _told_of(error: BaseException, *, with_traceback: bool) -> Told:
    details: dict[str, str] = {}
    message = text_of(error)
    if isinstance(error, JackfieldError):
        message = error.message
        details |= {name: value for name in ("plugin", "hint") if (value := getattr(error, name))}
    if isinstance(error, KeyError) and error.args:
        message = str(error.args[0])  # the text of a KeyError is its key's representation
    if isinstance(error, WrongValues):
        details |= {f"field.{name}"[:100]: why for name, why in list(error.fields.items())[:24]}
    elif isinstance(error, WrongArgument):
        details["argument"] = error.argument[:200]
    elif isinstance(error, GrammarError):
        details |= {"text": error.text, "column": str(error.column)}
    elif isinstance(error, RemoteError):
        details["kind"] = error.kind
    elif isinstance(error, OSError) and isinstance(error.errno, int):
        details |= {"errno": str(error.errno), "strerror": error.strerror or ""}
        details |= {"filename": str(error.filename)} if error.filename is not None else {}
    if with_traceback:
        lines = traceback.format_exception(error, limit=-20)
        details["traceback"] = "".join(lines)[-TRACEBACK_CHARACTERS:]
    kind = next((one for own, one in _TOLD_AS.items() if isinstance(error, own)), type(error)).__name__[:200]
    return kind, _text(message), {name: _text(value) for name, value in details.items()}


def told(kind: str, message: str, details: dict[str, str], peer: str) -> Exception:
    """The error that a failure tells of; where it was raised stands in a note of it.

    Args:
        kind: its class on the other side.
        message: its sentence.
        details: as `tell` gives them; those of a hostile side are text all the same.
        peer: who raised it, for the note.
    """
    kind, message = in_one_line(kind), set_in(message)
    where = without_controls(details.get("traceback", ""))
    details = {in_one_line(name): in_one_line(text) for name, text in details.items()}
    error = _made(kind, message, details) or RemoteError(
        message,
        kind=details.get("kind", kind) if kind == "RemoteError" else kind,
        remote_traceback=where,
        plugin=details.get("plugin"),
        hint=details.get("hint"),
    )
    if where:
        error.add_note(f"raised in {peer}:\n    {set_in(where)}")
    return error


def without_controls(text: str) -> str:
    """Return a text of the other side with control characters shown as what they are; lines and tabs stay."""
    return text if text.isprintable() else text.translate(_CONTROLS)


def in_one_line(text: str) -> str:
    """Return a text of the other side without control characters and ends of lines: for a name, a hint."""
    return without_controls(text).replace("\n", " ").replace("\t", " ")


def set_in(text: str) -> str:
    """Return a text of the other side, its further lines set in: none can be taken for a line of the log's own."""
    return without_controls(text).replace("\n", "\n    ")


def _made(kind: str, message: str, details: dict[str, str]) -> Exception | None:
    """One of the errors that both sides know; None for another kind."""
    if kind in _PLAIN:
        plain = _PLAIN[kind]
        number = details.get("errno", "")
        if issubclass(plain, OSError) and number.isascii() and number.isdigit() and len(number) < _MOST_DIGITS:
            named = (details["filename"],) if "filename" in details else ()
            return plain(int(number), details.get("strerror", message), *named)
        return plain(message)
    if kind == "WrongValues":
        fields = {name[6:]: why for name, why in details.items() if name.startswith("field.")}
        return WrongValues(fields)
    if kind == "WrongArgument":
        return WrongArgument(message, argument=details.get("argument", ""))
    own = _OWN.get(kind)
    if own is None:
        return None
    plugin, hint = details.get("plugin"), details.get("hint")
    if issubclass(own, GrammarError):
        column = details.get("column", "0")
        place = int(column) if column.isascii() and column.isdigit() and len(column) < 10 else 0
        return own(message, text=details.get("text", ""), column=place, hint=hint)
    return own(message, plugin=plugin, hint=hint)


def _below(kind: type[JackfieldError]) -> Iterator[type[JackfieldError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from _below(one)


#: The tree as it stands in `errors`; those that a plugin derives from it are told as `RemoteError`. What is said of a
#: connection is said by the side that has it: a worker cannot let the host believe that the connection has ended, or
#: that its own failure was an end that the host has planned.
_OWN = {
    one.__name__: one
    for one in _below(JackfieldError)
    if one.__module__ == errors.__name__
    and one not in (WrongValues, *_TOLD_AS)
    and (one is CannotCross or not issubclass(one, LinkError))
}


def _text(value: str) -> str:
    """Short enough for the protocol, and without what UTF-8 cannot carry (file names may hold lone surrogates)."""
    return value.encode("utf-8", "backslashreplace").decode()[: max(MESSAGE_CHARACTERS, TRACEBACK_CHARACTERS)]
