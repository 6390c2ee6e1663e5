"""Plugin ids: one grammar for what is written, one canonical form for what is compared.

Source: features.md, decision 2 (it holds M7 and K6, and decides against M7's refusal of `another-helper-123`).
"""

import re
import unicodedata
from functools import lru_cache

from jackfield.errors import IdentityError

LONGEST_ID = 64
"""Characters in an id (M7)."""

ID_PATTERN = r"[a-z0-9_][a-z0-9_.-]{0,63}"
"""The grammar of an id as a regular expression, for the JSON schema; `parse_id` also refuses ids of separators only."""

_ID = re.compile(ID_PATTERN)
_SEPARATORS = re.compile(r"[-_.]+")
_COMPARABLE = re.compile(r"[A-Za-z0-9_.-]+")
_NOT_OF_AN_ID = re.compile(r"[^a-z0-9_.-]+")


def parse_id(text: str) -> str:
    """Return `text` unchanged if it is a plugin id.

    An id is 1 to 64 of lower-case letters, digits, `_`, `-` and `.`; the first is a letter, digit or `_`, and at
    least one is no separator.

    Raises:
        IdentityError: it is none; `column` is the first wrong character, `hint` shows the nearest valid id.
    """
    if not text:
        raise IdentityError("a plugin id is empty", text=text)
    if len(text) > LONGEST_ID:
        raise IdentityError(
            f"the plugin id {text[:LONGEST_ID]!r}… has {len(text)} characters, at most {LONGEST_ID} are allowed",
            text=text,
            column=LONGEST_ID,
            hint=_nearest(text),
        )
    if text[0] in "-.":
        raise IdentityError(
            f"the plugin id {text!r} begins with {text[0]!r}, not with a letter, digit or '_'",
            text=text,
            hint=_nearest(text),
        )
    if not _ID.fullmatch(text):
        column = next(index for index, character in enumerate(text) if _NOT_OF_AN_ID.match(character))
        raise IdentityError(
            f"the plugin id {text!r} has {text[column]!r} at column {column + 1}; "
            "lower-case letters, digits, '_', '-' and '.' are allowed",
            text=text,
            column=column,
            hint=_nearest(text),
        )
    if not _SEPARATORS.sub("", text):
        raise IdentityError(f"the plugin id {text!r} has no letter or digit", text=text)
    return text


def canonical_id(text: str) -> str:
    """Return the form in which ids are compared, and which folders on disk carry.

    `a_b`, `a-b`, `a.b`, `A-B` and `__a_b` are one plugin: ASCII in lower case, runs of `-`, `_`, `.` are one `-`,
    separators at the edges fall away. Upper case is folded although no id may carry it, so that neither a typed name
    nor a block list is missed by spelling. Idempotent.

    Raises:
        IdentityError: nothing is left, a character is outside ASCII's letters, digits, `-`, `_`, `.`, or it is longer
            than 64.
    """
    return _canonical(text)


@lru_cache(maxsize=4096)  # a plan of a hundred plugins compares ids fifteen thousand times
def _canonical(text: str) -> str:
    if len(text) > LONGEST_ID or not _COMPARABLE.fullmatch(text):
        column = next((at for at, one in enumerate(text[:LONGEST_ID]) if not _COMPARABLE.fullmatch(one)), len(text))
        raise IdentityError(f"{text[:LONGEST_ID]!r} is no plugin id", text=text, column=column, hint=_nearest(text))
    canonical = _SEPARATORS.sub("-", text).strip("-").lower()
    if not canonical:
        raise IdentityError(f"the plugin id {text!r} has no letter or digit", text=text)
    return canonical


def is_canonical(text: str) -> bool:
    """Say whether a text is an id in that form: of a folder, that it is a plugin's and nobody else's."""
    try:
        return canonical_id(text) == text
    except IdentityError:
        return False


def logger_name(app: str, plugin: str) -> str:
    """Return what a plugin's logger is called: a dot in its id would put it below another plugin's.

    Args:
        app: the application's name.
        plugin: its id, as its author writes it.
    """
    return f"{app}.plugins.{plugin.replace('.', '-')}"


def _nearest(text: str) -> str | None:
    """Return a sentence with the closest valid id, None where nothing of the text can stand in one."""
    plain = unicodedata.normalize("NFKD", text[: 2 * LONGEST_ID]).encode("ascii", "ignore").decode().lower()
    nearest = _NOT_OF_AN_ID.sub("-", plain).lstrip("-.").rstrip("-")[:LONGEST_ID]
    return f"the nearest id is {nearest!r}" if _SEPARATORS.sub("", nearest) else None
