"""TOML from strangers: `tomllib` with bounds on size, depth and numbers.

The standard library's reader has none. A key of many dotted parts costs it time by the square of their number and makes
tables of any depth, which overflow every recursive walk later; a hexadecimal number may have more digits than Python
will print.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

from jackfield.errors import ManifestError
from jackfield.manifest.plain_toml import plain_values

LARGEST_FILE = 64 * 1024
"""Bytes of a plugin.toml or host.toml; a larger file is refused unread."""

DEEPEST_TABLE = 32
"""Tables and lists inside each other, and dotted parts of one key."""

LARGEST_NUMBER = 2**63 - 1
"""TOML 1.0: whole numbers are 64 bits, signed."""

_KEY = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(
    rf"(?:^|[{{,])[ \t]*+\[{{0,2}}+[ \t]*+{_KEY}(?:[ \t]*+\.[ \t]*+{_KEY}){{{DEEPEST_TABLE}}}", re.MULTILINE
)


def read_text(path: Path, source: str) -> str:
    """Return the text of a manifest or host file.

    Args:
        path: the file.
        source: what errors call it.

    Raises:
        ManifestError: it cannot be opened, is larger than `LARGEST_FILE` or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ManifestError(f"{source}: cannot be read: {error.strerror or error}") from error
    if len(content) > LARGEST_FILE:
        raise ManifestError(f"{source}: larger than {LARGEST_FILE // 1024} KiB")
    try:
        return content.decode("utf-8-sig")  # editors on Windows write a byte-order mark
    except UnicodeDecodeError as error:
        raise ManifestError(f"{source}: not UTF-8 at byte {error.start}") from error


def parse_toml(text: str, source: str, *, largest: int = LARGEST_FILE) -> dict[str, Any]:
    """Return the file's plain values; the time that it takes grows with the text, and no faster.

    Args:
        text: of the file.
        source: what errors call it.
        largest: characters that it may have.

    Raises:
        ManifestError: it is no TOML (the message tells line and column), or beyond one of the bounds.
    """
    if len(text) > largest:
        raise ManifestError(f"{source}: larger than {largest // 1024} KiB")
    plain = plain_values(text)
    if plain is not None:
        return plain
    if long_key := _LONG_KEY.search(text):
        line = text.count("\n", 0, long_key.end()) + 1
        raise ManifestError(f"{source}: a key of more than {DEEPEST_TABLE} parts in line {line}")
    try:
        mapping = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a decimal number of 5,000 digits is a plain ValueError
        raise ManifestError(f"{source}: not TOML: {error}") from error
    if problem := _beyond_bounds(mapping):
        raise ManifestError(f"{source}: {problem}")
    return mapping


def _beyond_bounds(mapping: dict[str, Any]) -> str | None:
    level: list[Any] = [mapping]
    for _ in range(DEEPEST_TABLE):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
                return "a whole number of more than 64 bits"
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        if not inner:
            return None
        level = inner
    return f"tables or lists more than {DEEPEST_TABLE} deep"
