"""Values put into a TOML text of which all else stays as its user wrote it: comments, order, empty lines.

The text may be a plugin's, made to be slow to read: within the bounds named here, no work grows faster than it.
"""

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

LONGEST_STATEMENT = 100
"""Lines of one value; of longer ones the line is not told."""
MOST_LOOKED_AT = 512 * 1024
"""Characters, and the squares of dots, that are read again to tell of lines; what comes after them has none told. And
characters that are read to find comments to be made lines; what is set after them stands at the end."""
MOST_EXAMPLES = 20
"""Comments that look like the default of one key, of which one is made a line that sets it."""
MOST_ENTRIES = 100
"""Of a list whose entries are changed one by one; a longer one is written anew, below what it was as comments."""

_END = "\n"
"""Of a line of TOML; `splitlines` ends lines at other characters, too."""


def lines_of(text: str, keys: Collection[str]) -> dict[str, int]:
    """Return the lines, counted from 1, in which top-level keys of a TOML text begin, as far as they have one.

    Args:
        text: that can be read.
        keys: which ones.
    """
    return {key: first for key, (first, _) in _statements(text, keys).items()}


def _statements(text: str, keys: Collection[str]) -> dict[str, tuple[int, int]]:
    """Return the first and the last line of what sets each key.

    Each statement is read by itself: to read all that is before it each time would take hours for a long file.
    """
    found: dict[str, tuple[int, int]] = {}
    start, in_table, lines, looked_at = 1, False, _lines(text), 0
    for number in range(1, len(lines) + 1):
        statement = "".join(lines[start - 1 : number])
        looked_at += len(statement) + sum(line.count(".") ** 2 for line in lines[start - 1 : number])
        if looked_at > MOST_LOOKED_AT:
            break
        try:
            read = tomllib.loads(statement)
        except (ValueError, RecursionError):
            if number - start >= LONGEST_STATEMENT:
                break
            continue  # within a value of several lines
        is_header = statement.startswith("[")
        if is_header or not in_table:
            found |= {key: (start, number) for key in read if key in keys and key not in found}
        in_table, start = in_table or is_header, number + 1
    return found


def _lines(text: str) -> list[str]:
    """Return the lines with their ends."""
    *lines, last = text.split(_END)
    return [*(f"{line}{_END}" for line in lines), *([last] if last else [])]


def line_of(key: str, value: Any) -> str:
    """Return the line that sets a key."""
    import tomlkit

    return tomlkit.dumps({key: value}).strip()


def with_values(text: str, changes: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """Return the text with keys set, or commented out where the value is None.

    All of them at once: of a file that its plugin has made long, to read it anew for each takes a minute for fifty.

    Args:
        text: that can be read.
        changes: key to value; None for the default.
        defaults: what each of these keys is when it is not set.

    Raises:
        ValueError: the text cannot be changed.
    """
    import tomlkit

    there = tomllib.loads(text)
    wanted = {key: value for key, value in changes.items() if value is not None or key in there}
    if not wanted:
        return text
    unset = [key for key, value in wanted.items() if value is None]
    values = {key: defaults[key] if value is None else value for key, value in wanted.items()}
    text = _uncommented(text, [key for key in wanted if key not in there])
    try:
        document = tomlkit.parse(_kept_as_comments(text, unset))
        if torn := [key for key, value in values.items() if not _put(document, key, value, whole=key in unset)]:
            document = tomlkit.parse(_kept_as_comments(text, [*unset, *torn]))
            for key, value in values.items():
                _put(document, key, value, whole=key in unset or key in torn)
        text = tomlkit.dumps(document)
    except tomlkit.exceptions.TOMLKitError as error:  # not all of them are a ValueError
        raise ValueError(str(error)) from error
    if not unset:
        return text
    found = lines_of(text, unset)
    lines = _lines(text)
    for line in found.values():
        lines[line - 1] = f"# {lines[line - 1]}"
    return "".join(lines)


def _kept_as_comments(text: str, keys: Sequence[str]) -> str:
    """Return the text with the lines of values that hold comments, as comments before what sets these keys.

    Args:
        text: that can be read.
        keys: whose values are about to go.
    """
    if not keys:
        return text
    lines = _lines(text)
    for first, last in sorted(_statements(text, keys).values(), reverse=True):
        told = lines[first - 1 : last]
        if len(told) > 1 and any("#" in line for line in told):
            lines[first - 1 : first - 1] = [f"# {line.removesuffix(_END)}{_END}" for line in told]
    return "".join(lines)


def _put(document: "TOMLDocument", key: str, value: Any, *, whole: bool) -> bool:
    """Set a key, of a list with comments only the entries that change; False, and nothing done, where that fails.

    Args:
        document: the text, taken apart.
        key: to set.
        value: its next value.
        whole: put it in place of all that is there.
    """
    import tomlkit

    before = document.get(key)
    if whole or not isinstance(before, tomlkit.items.Array) or "#" not in before.as_string():
        document[key] = value
        return True
    if not isinstance(value, list) or max(len(before), len(value)) > MOST_ENTRIES:
        return False
    after = tomlkit.parse(f"list = {before.as_string()}{_END}")["list"]
    assert isinstance(after, tomlkit.items.Array)  # noqa: S101  # it is a copy of one
    steps = SequenceMatcher(None, list(map(repr, before.unwrap())), list(map(repr, value)), autojunk=False)
    for what, first, last, begin, end in reversed(steps.get_opcodes()):
        if what == "equal":
            continue
        for place in reversed(range(first, last)):
            del after[place]
        for offset, one in enumerate(value[begin:end]):
            after.insert(first + offset, one)
    try:
        if tomllib.loads(f"list = {after.as_string()}") != {"list": value}:
            return False
    except ValueError:  # a comment behind the last entry hides the comma that follows it
        return False
    document[key] = after
    return True


def _uncommented(text: str, keys: Sequence[str]) -> str:
    """Return the text with each line that shows the default of a key made a line that sets it, as far as there is one.

    Args:
        text: that can be read.
        keys: that it does not set.
    """
    looked_at = 0
    for key in keys:
        quoted = re.escape(line_of(key, 0).partition(" = ")[0])
        shown = re.compile(rf"^#[ \t]*(?={quoted}[ \t]*=)", re.MULTILINE)
        for match in islice(shown.finditer(text), MOST_EXAMPLES):
            looked_at += len(text)
            if looked_at > MOST_LOOKED_AT:
                return text
            candidate = text[: match.start()] + text[match.end() :]
            try:
                read: Sequence[str] | dict[str, Any] = tomllib.loads(candidate)
            except ValueError:
                continue
            if key in read:  # and not within somebody's table
                text = candidate
                break
    return text
