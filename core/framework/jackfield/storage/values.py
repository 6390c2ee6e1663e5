"""Values of settings: checked, made of the text that somebody typed, and shown."""

import contextlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from jackfield.errors import UsageError
from jackfield.manifest import SettingContribution

MAXIMUM_CHARACTERS = 10_000
"""Of one value, as JSON."""

_YES = frozenset({"true", "yes", "on", "1"})
_NO = frozenset({"false", "no", "off", "0"})
_SHOWN_CHARACTERS = 60


def default_of(setting: SettingContribution) -> Any:
    """Return the declared default, or the least surprising value of the type."""
    if setting.default is not None:
        return list(setting.default) if isinstance(setting.default, tuple) else setting.default
    if setting.type == "choice":
        return setting.choices[0] if setting.choices else ""
    if setting.type == "list":
        return []
    return {"boolean": False, "integer": 0, "number": 0.0}.get(setting.type, "")


def check_setting(setting: SettingContribution, value: Any) -> Any:
    """Return `value` as the setting holds it.

    Raises:
        UsageError: wrong type, or out of bounds; the sentence names the setting and what would fit.
    """
    try:
        problem = setting.problem(value)
        if problem is None:
            json.dumps(value, ensure_ascii=False).encode()
            if len(json.dumps(value)) > MAXIMUM_CHARACTERS:
                problem = f"it is longer than {MAXIMUM_CHARACTERS} characters"
    except ValueError:  # half a character, which no file can hold; a number of thousands of digits
        problem = "it cannot be kept"
    if problem is not None:
        raise UsageError(f"the setting {setting.key}: {problem}", hint=f"it takes {setting.expected}")
    return value


def check_new(setting: SettingContribution, value: Any) -> Any:
    """The same for a value that somebody sets now: a path that must lead to a file or folder does so.

    A value that is kept already is not held to that: a disk that is away for an hour must not reset a setting.

    Raises:
        UsageError: as `check_setting`, or the path leads nowhere.
    """
    checked = check_setting(setting, value)
    if setting.type == "path" and setting.exists and checked:
        try:
            place = Path(checked).expanduser()
            there = place.is_file() if setting.exists == "file" else place.is_dir()
        except (OSError, RuntimeError):  # a home folder of nobody
            there = False
        if not there:
            raise UsageError(f"the setting {setting.key}: there is no {setting.exists} {checked}")
    return checked


def setting_from_text(setting: SettingContribution, text: str) -> Any:
    """Return the value that a person typed: into a form, a room or a terminal.

    Args:
        setting: decides how the text is read. A list is an array as TOML and JSON write it, `["a, b", "c"]`, or has
            one entry a line, or several in one line between commas.
        text: as typed.

    Raises:
        UsageError: it is no such value; the sentence names the setting and what would fit.
    """
    plain = text.strip()
    value: Any = text
    match setting.type:
        case "boolean":
            word = plain.casefold()
            value = True if word in _YES else False if word in _NO else text
        case "integer":
            value = _number(plain, int, text)
        case "number":
            value = _number(plain, float, text)
        case "list":
            value = _array(setting, plain) if plain.startswith("[") else _entries(plain)
        case "choice" | "path":
            value = plain
    return check_new(setting, value)


def setting_as_text(setting: SettingContribution, value: Any) -> str:
    """Return a value as `setting_from_text` reads it; of a secret nothing."""
    if setting.secret:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return list_as_text(value)
    return str(value)


def list_as_text(entries: Sequence[str]) -> str:
    """Return a list as it is typed: between commas, and as an array where that would be read as something else."""
    between_commas = ", ".join(entries)
    if not between_commas.startswith("[") and _entries(between_commas) == list(entries):
        return between_commas
    return json.dumps(list(entries), ensure_ascii=False)


def _entries(plain: str) -> list[str]:
    parts: Iterable[str] = plain.splitlines() if "\n" in plain else plain.split(",")
    return [part.strip() for part in parts if part.strip()]


def _array(setting: SettingContribution, plain: str) -> Any:
    """Read what begins as an array; one that is none would else be kept with its brackets.

    Raises:
        UsageError: it is none.
    """
    import tomllib  # few lists are typed as an array

    if len(plain) <= MAXIMUM_CHARACTERS:
        with contextlib.suppress(ValueError, RecursionError):  # not JSON, or 5,000 deep
            return json.loads(plain)
        with contextlib.suppress(ValueError, RecursionError):
            read = tomllib.loads(f"array = {plain}")
            if len(read) == 1:  # else more lines of TOML stand behind it
                return read["array"]
    shown = plain if len(plain) <= _SHOWN_CHARACTERS else f"{plain[:_SHOWN_CHARACTERS]}…"
    raise UsageError(
        f"the setting {setting.key}: {shown} begins like an array and is none",
        hint="""write ["one entry", "another"], a shell wants '…' around it, or: one entry, another""",
    )


def _number(plain: str, kind: type[int] | type[float], text: str) -> Any:
    if len(plain) > 40 or "_" in plain:  # int() refuses thousands of digits with a sentence about Python, and reads 1_0
        return text
    try:
        return kind(plain)
    except ValueError:
        return text
