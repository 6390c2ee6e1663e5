"""The file name, WHEEL and entry_points.txt: parsed under bounds and held against each other."""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from jackfield.errors import WheelError
from jackfield.inspection.headers import EMAIL_ERRORS
from jackfield.inspection.report import EntryPoint, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Entry points specification: group and name of these characters, value "module:attribute [extras]".
_GROUP = re.compile(r"\w+(\.\w+)*")
_VALUE = re.compile(r"\w+(\.\w+)*(\s*:\s*\w+(\.\w+)*)?(\s*\[[^\]]*\])?", re.ASCII)
_SCRIPT_GROUPS = frozenset({"console_scripts", "gui_scripts"})
_OUTSIDE = re.compile(r"[/\\\x00-\x1f]|^\.*$")  # no name of a file in one folder

_KEPT_BYTES = 1024
_WHEEL_BYTES = 64 * 1024  # a tag a line, and few builders write more than a dozen
MOST_TAGS = 100_000
"""Of a WHEEL file, compressed ones counted singly: no file's name can say as many."""
_SHOWN_TAGS = 20

# Lines of entry_points.txt as builders write them: nothing that a parser could take for something else.
_PLAIN_GROUP = re.compile(r"\[(\w+(?:\.\w+)*)\]", re.ASCII)
_PLAIN_ENTRY = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.-]*) ?= ?(\w+(?:\.\w+)*(?::\w+(?:\.\w+)*)?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class WheelName:
    """A wheel's file name taken apart (binary distribution format, "File name convention")."""

    distribution: str
    canonical: str
    version: str
    tags: tuple[str, ...]
    stem: str = ""  # name and version as they are spelled, which the .dist-info folder mostly repeats


def parse_name(filename: str) -> WheelName:
    """Take the name of a wheel apart.

    Raises:
        WheelError: it is not the name of a wheel.
    """
    if not filename.isascii():
        raise WheelError(f"{filename!a} is not ASCII: a wheel's name must be")
    try:
        canonical, version, _, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename as exc:
        raise WheelError(f"{filename} is not the name of a wheel: {exc}") from exc
    distribution, spelled = filename.split("-", 2)[:2]
    expanded = tuple(sorted(str(tag) for tag in tags))
    return WheelName(distribution, canonical, str(version), expanded, f"{distribution}-{spelled}")


@lru_cache(maxsize=256)  # a builder writes the same few lines into every wheel
def _wheel_lines(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Wheel-Version and every Tag."""
    message = BytesHeaderParser().parsebytes(data)
    version = str(message.get("Wheel-Version", "")).strip()
    return version, tuple(str(value).strip() for value in message.get_all("Tag", []))


def check_wheel_file(data: bytes, name: WheelName, path: str) -> Iterator[Finding]:
    """Findings on WHEEL: its version must be 1.x, its tags those of the file name (binary distribution format)."""
    if len(data) > _WHEEL_BYTES:
        yield Finding("wheel-file", "refuse", f"WHEEL has {len(data)} bytes, more than {_WHEEL_BYTES}", path)
        return
    try:
        version, lines = _wheel_lines(data) if len(data) <= _KEPT_BYTES else _wheel_lines.__wrapped__(data)
    except EMAIL_ERRORS as exc:
        yield Finding("wheel-file", "refuse", f"WHEEL cannot be read: {exc}", path)
        return
    if not re.fullmatch(r"1\.[0-9]{1,3}", version):
        yield Finding("wheel-file", "refuse", f"WHEEL says version {version or 'nothing'}; 1.x can be read", path)
    # Some builders write the compressed form into one line; the set of tags is what counts.
    tags = set(islice((expanded for line in lines for expanded in _expand(line)), MOST_TAGS + 1))
    if tags != set(name.tags):
        said = ", ".join(sorted(tags)) if len(tags) <= _SHOWN_TAGS else f"{len(tags)} tags"
        said = said or "no tag"
        yield Finding("tag-mismatch", "refuse", f"WHEEL says {said}; the file name says {', '.join(name.tags)}", path)


def _expand(tag: str) -> Iterator[str]:
    parts = [part.split(".") for part in tag.lower().split("-")]
    if len(parts) != 3 or len(parts[0]) * len(parts[1]) * len(parts[2]) > 1000:
        yield tag
        return
    for interpreter in parts[0]:
        for abi in parts[1]:
            for platform in parts[2]:
                yield f"{interpreter}-{abi}-{platform}"


def read_entry_points(data: bytes, path: str) -> tuple[tuple[EntryPoint, ...], list[Finding]]:
    """Parse entry_points.txt (entry points specification); what does not fit is a finding, not an error."""
    plain = _plain_entry_points(data)
    if plain is not None:
        return plain, list(_check_scripts(plain, path))
    parser = configparser.RawConfigParser(delimiters=("=",), strict=True, interpolation=None, default_section="\0")
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case; how the module documents it
    try:
        parser.read_string(data.decode("utf-8"))
        lines = [
            EntryPoint(section, name, (value or "").strip())
            for section in parser.sections()
            for name, value in parser.items(section)
        ]
    except (UnicodeDecodeError, configparser.Error, ValueError, TypeError) as exc:
        first = str(exc).splitlines()[0]
        return (), [Finding("entry-points", "refuse", f"entry_points.txt cannot be read: {first}", path)]
    findings = [
        Finding(
            "entry-points", "refuse", f"entry_points.txt: [{each.group}] {each.name} = {each.value} is malformed", path
        )
        for each in lines
        if not (_GROUP.fullmatch(each.group) and _VALUE.fullmatch(each.value) and each.name)
    ]
    if not findings and lines != _line_by_line(data.decode("utf-8")):
        message = (
            "entry_points.txt says one thing to pip and another to Python: one entry a line, with no others between"
        )
        findings.append(Finding("entry-points", "refuse", message, path))
    return tuple(lines), [*findings, *_check_scripts(lines, path)]


def _line_by_line(text: str) -> list[EntryPoint]:
    """The entry points as `importlib.metadata` reads them, which knows no continued lines and one kind of comment."""
    found: list[EntryPoint] = []
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1]
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.append(EntryPoint(group, name.strip(), value.strip()))
    return found


def _check_scripts(entry_points: Iterable[EntryPoint], path: str) -> Iterator[Finding]:
    """Findings on what pip would make a program of: it calls something, and lies in the folder of programs."""
    for each in entry_points:
        if each.group in _SCRIPT_GROUPS and (":" not in each.value or _OUTSIDE.search(each.name)):
            message = f"entry_points.txt: [{each.group}] {each.name!a} = {each.value} is no program"
            yield Finding("entry-points", "refuse", message, path)


def _plain_entry_points(data: bytes) -> tuple[EntryPoint, ...] | None:
    """The entry points of a file without anything unusual, or None: `configparser` takes ten times as long."""
    found: dict[tuple[str, str], EntryPoint] = {}
    groups: set[str] = set()
    group = None
    for line in data.decode("ascii", "replace").split("\n"):
        if not line:
            continue
        entry = _PLAIN_ENTRY.fullmatch(line)
        if entry is not None and group is not None:
            name, value = entry.groups()
            if (group, name) in found:
                return None
            found[group, name] = EntryPoint(group, name, value)
            continue
        head = _PLAIN_GROUP.fullmatch(line)
        if head is None or head[1] in groups:
            return None
        group = head[1]
        groups.add(group)
    return tuple(found.values())
