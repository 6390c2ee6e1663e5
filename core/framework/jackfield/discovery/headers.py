"""The few headers of a distribution's metadata that are needed, without taking the whole of it for a message.

`importlib_metadata` hands METADATA to the email parser, description and all, at each look at a name or a version; that
took most of the time of a plan.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # whoever has a distribution has loaded what found it
    from importlib.metadata import Distribution as OfTheStandardLibrary

    from importlib_metadata import Distribution

_FIELD = re.compile(r"([!-9;-~]*):(.*)", re.DOTALL)
_END = re.compile(rb"\r?\n\r?\n|\r\r")
_PLACES = ("METADATA", "PKG-INFO", "")
"""A wheel's, an egg's, and the egg that is one file; looked for in this order, as `importlib_metadata` does."""


@dataclass(frozen=True, slots=True)
class Headers:
    """What a distribution says of itself (core metadata), as written.

    Args:
        name: one word.
        version: not yet held against PEP 440.
        requires: its Requires-Dist lines, unfolded.
    """

    name: str
    version: str
    requires: tuple[str, ...] = ()


def headers_of(distribution: Distribution | OfTheStandardLibrary) -> Headers | None:
    """Read a distribution's headers, remembering those of a file that has not changed.

    Returns:
        None for a broken one: a removed distribution may leave a folder behind.
    """
    place = getattr(distribution, "_path", None)  # nothing public tells where the metadata lies
    if isinstance(place, Path):
        return _in_folder(place)
    text = next(filter(None, map(distribution.read_text, _PLACES)), None)
    return parse_headers(text) if text is not None else None


def requirements_of(distribution: Distribution | OfTheStandardLibrary, headers: Headers) -> tuple[str, ...]:
    """Return what a distribution requires; an egg tells so in a file of its own."""
    if not headers.requires and distribution.read_text("requires.txt"):
        return tuple(distribution.requires or ())
    return headers.requires


def parse_headers(text: str) -> Headers | None:
    """Read headers (RFC 822): folded lines are one, and the first line that is no header ends them.

    Args:
        text: a METADATA or PKG-INFO, or its beginning up to the first empty line.

    Returns:
        None where the name or the version is missing, or the name is no single word.
    """
    fields: dict[str, list[str]] = {"name": [], "version": [], "requires-dist": []}
    values: list[str] = []
    # Not `splitlines`: it also breaks at a form feed or U+2028, which a header may hold.
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line[:1] in {" ", "\t"}:
            if values:
                values[-1] += line
            continue
        found = _FIELD.match(line)
        if found is None:
            break
        values = fields.get(found.group(1).lower(), [])
        values.append(found.group(2))
    names, versions = fields["name"], fields["version"]
    if not names or len(names[0].split()) != 1 or not versions or not versions[0].strip():
        return None
    return Headers(names[0].strip(), versions[0].strip(), tuple(one.strip() for one in fields["requires-dist"]))


def _in_folder(folder: Path) -> Headers | None:
    for name in _PLACES:
        path = folder / name
        try:
            status = path.stat()
            if status.st_size and path.is_file():
                return _in_file(path, status.st_mtime_ns, status.st_size)
        except OSError:
            continue  # it is not there, or was removed meanwhile
    return None


@lru_cache(maxsize=4096)
def _in_file(path: Path, _mtime_ns: int, _size: int) -> Headers | None:
    """Read one file; time and size are a part of the question, so that a changed file is read anew."""
    content = path.read_bytes()
    end = _END.search(content)
    head = content[: end.start()] if end is not None else content
    # What is not UTF-8 may stand in an author's name; a name or version that holds it is refused as one.
    return parse_headers(head.decode(errors="replace"))
