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


def described_value(value: object) -> str:
    """Return what was found, for a person: the type in TOML's words and the beginning of the value."""
    try:
        shown = repr(value)
    except (ValueError, RecursionError):  # a number of 5,000 digits, a table 5,000 deep
        shown = "…"
    shown = shown if len(shown) <= _LONGEST_SHOWN else shown[: _LONGEST_SHOWN - 1] + "…"
    return f"{_TOML_NAMES.get(type(value), type(value).__name__)} {shown}"


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
