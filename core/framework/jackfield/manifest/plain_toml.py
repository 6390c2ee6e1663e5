"""TOML as most manifests are written, a line each for a key, read in a quarter of the time that `tomllib` takes.

Keys are bare or a text, values are texts in double quotes with nothing escaped, whole numbers, true, false or a list
of such texts in one line; tables and lists of tables have heads of their own. Where there is anything else, `tomllib`
reads all of it.
"""

import re
from typing import Any

_TEXT = r'"[^"\\\x00-\x1f\x7f]*+"'
_LIST = rf"\[[ \t]*+(?:{_TEXT}(?:[ \t]*+,[ \t]*+{_TEXT})*+(?:[ \t]*+,)?+[ \t]*+)?+\]"
_KEY = r"[A-Za-z0-9_-]++"
_LINE = re.compile(
    rf"[ \t]*+({_KEY}|{_TEXT})[ \t]*+=[ \t]*+(?:({_TEXT})|(0|[1-9][0-9]{{0,17}}+)|(true|false)|({_LIST}))[ \t]*+"
)
_HEAD = re.compile(rf"[ \t]*+(\[{{1,2}})({_KEY}(?:\.{_KEY}){{0,3}})(\]{{1,2}})[ \t]*+")
_NOTHING = re.compile(r"[ \t]*+(?:#[^\x00-\x08\x0a-\x1f\x7f]*+)?+")
_TEXTS = re.compile(r'"([^"]*+)"')


def plain_values(text: str) -> dict[str, Any] | None:
    """The values of a plain file, as `tomllib` gives them, or None where it has anything else in it.

    Args:
        text: of the file.
    """
    values: dict[str, Any] = {}
    table = values
    tables: dict[str, list[dict[str, Any]]] = {}  # lists of tables, by the head that each of their tables has
    for line in text.split("\n"):
        pair = _LINE.fullmatch(line)
        if pair is not None:
            key, said, number, truth, listed = pair.groups()
            key = key.strip('"')
            if key in table:
                return None
            if said is not None:
                table[key] = said[1:-1]
            elif number is not None:
                table[key] = int(number)
            elif truth is not None:
                table[key] = truth == "true"
            else:
                table[key] = _TEXTS.findall(listed)
        elif not _NOTHING.fullmatch(line):
            head = _HEAD.fullmatch(line)
            under = None if head is None or len(head[1]) != len(head[3]) else _under(values, tables, head[2], head[1])
            if under is None:
                return None
            table = under
    return values


def _under(
    values: dict[str, Any], tables: dict[str, list[dict[str, Any]]], path: str, opening: str
) -> dict[str, Any] | None:
    """The new table under a head, or None where something is there already, or an outer one is no table."""
    *outer, name = path.split(".")
    above, place = values, ""
    for key in outer:
        place = f"{place}.{key}" if place else key
        found = above.setdefault(key, {})
        listed = tables.get(place)
        if listed is not None and found is listed:
            found = listed[-1]  # the head goes on with the last table of the list
        if not isinstance(found, dict):
            return None
        above = found
    made: dict[str, Any] = {}
    if opening == "[":
        if name in above:
            return None
        above[name] = made
    elif name not in above:
        tables[path] = above[name] = [made]
    elif path in tables and above[name] is tables[path]:
        tables[path].append(made)
    else:
        return None
    return made
