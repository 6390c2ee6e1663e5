"""Plain values, as TOML and JSON give them: read with a type, and named for a person when the type is wrong."""

import re

from jackfield.errors import ManifestError

_TOML_NAMES: dict[type, str] = {
    str: "text",
    int: "the whole number",
    float: "the number",
    bool: "the boolean",
    list: "a list",
    tuple: "a list",
    dict: "a table",
    type(None): "nothing:",
}
_LONGEST_SHOWN = 60
_DIRECTION = "\u202a-\u202e\u2066-\u2069"
_OBEYED = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{_DIRECTION}]")
_OBEYED_BUT_LINES = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029{_DIRECTION}]")

_UNSHOWN, _UNSHOWN_BUT_LINES = (re.compile(f"{one.pattern}|[\ud800-\udfff]") for one in (_OBEYED, _OBEYED_BUT_LINES))


def described_value(value: object) -> str:
    """Return what was found, for a person: the type in TOML's words and the beginning of the value."""
    try:
        shown = repr(value)
    except (ValueError, RecursionError):  # a number of 5,000 digits, a table 5,000 deep
        shown = "…"
    shown = shown if len(shown) <= _LONGEST_SHOWN else shown[: _LONGEST_SHOWN - 1] + "…"
    return f"{_TOML_NAMES.get(type(value), type(value).__name__)} {shown}"


def hidden_character(text: str, *, lines: bool = False) -> str | None:
    """Return the name of the first character that a reader cannot see and a terminal or page obeys; None without one.

    Control characters would repaint the consent that a user reads; embeddings, overrides and isolates (UAX 9, sections
    2.1 to 2.4) would reorder it. Marks that Hebrew and Arabic need, joiners and emoji are fine.

    Args:
        text: what will be shown.
        lines: whether tabs and line ends are allowed.
    """
    found = (_OBEYED_BUT_LINES if lines else _OBEYED).search(text)
    return f"U+{ord(found[0]):04X}" if found else None


def shown_text(text: str, *, lines: bool = False) -> str:
    r"""Return a text that a plugin made while it ran as a person may be shown it: what they cannot see is written out.

    A manifest that hides something is refused (`hidden_character`); a label, an answer or a message is shown all the
    same, with `\x1b` where an escape would be obeyed. So is half of a surrogate pair, which no page can be sent.

    Args:
        text: what will be shown.
        lines: whether tabs and line ends stay; else each is a space.
    """
    if text.isprintable():
        return text
    return (_UNSHOWN_BUT_LINES if lines else _UNSHOWN).sub(_written_out, text)


def _written_out(found: "re.Match[str]") -> str:
    return " " if found[0] in "\t\n\r" else found[0].encode("unicode_escape").decode()


def shown_key(key: str) -> str:
    """Return a key as an error may print it: escaped where it hides something."""
    return key if key.isprintable() else repr(key)


def text_value(value: object, where: str) -> str:
    """Return a text.

    Args:
        value: what stands at the key; None for a missing key.
        where: the key that an error names.

    Raises:
        ManifestError: it is missing or no text.
    """
    if value is None:
        raise ManifestError(f"{where}: missing")
    if not isinstance(value, str):
        raise ManifestError(f"{where}: expected text, found {described_value(value)}")
    return value


def text_values(value: object, where: str) -> tuple[str, ...]:
    """Return a list of texts as a tuple; arguments as `text_value`.

    Raises:
        ManifestError: it is missing or no list of texts.
    """
    if value is None:
        raise ManifestError(f"{where}: missing")
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise ManifestError(f"{where}: expected a list of texts, found {described_value(value)}")
    return tuple(value)


def name_value(value: object, where: str, pattern: "re.Pattern[str]") -> str:
    """Return a text that fits `pattern` wholly; the other arguments as `text_value`.

    Raises:
        ManifestError: it is missing, no text, or does not fit.
    """
    text = text_value(value, where)
    if not pattern.fullmatch(text):
        raise ManifestError(f"{where}: {described_value(text)} does not fit {pattern.pattern}")
    return text
