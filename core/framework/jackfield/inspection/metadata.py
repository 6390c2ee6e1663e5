"""METADATA, WHEEL and entry_points.txt: parsed under bounds and held against the file name."""

from __future__ import annotations

import configparser
import email.errors
import re
from codecs import BOM_UTF8
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from packaging.metadata import InvalidMetadata, Metadata
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from jackfield.errors import WheelError
from jackfield.inspection.headers import read_headers
from jackfield.inspection.report import EntryPoint, Finding
from jackfield.inspection.told import check_told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.markers import Marker
    from packaging.specifiers import SpecifierSet

# Entry points specification: group and name of these characters, value "module:attribute [extras]".
_GROUP = re.compile(r"\w+(\.\w+)*")
_VALUE = re.compile(r"\w+(\.\w+)*(\s*:\s*\w+(\.\w+)*)?(\s*\[[^\]]*\])?", re.ASCII)
_SCRIPT_GROUPS = frozenset({"console_scripts", "gui_scripts"})
_OUTSIDE = re.compile(r"[/\\\x00-\x1f]|^\.*$")  # no name of a file in one folder

NEWEST_METADATA = "2.6"
"""The core metadata that is read in full; fields of later 2.x versions are passed over."""

MOST_REQUIRES = 5000
"""Lines of Requires-Dist; who resolves reads no more."""

_KEPT_BYTES = 1024
_WHEEL_BYTES = 64 * 1024  # a tag a line, and few builders write more than a dozen
MOST_TAGS = 100_000
"""Of a WHEEL file, compressed ones counted singly: no file's name can say as many."""
_SHOWN_TAGS = 20
_VERSION_CHARACTERS = 256  # of a version in a specifier: Python reads no number of more than 4300 digits

# Lines of entry_points.txt as builders write them: nothing that a parser could take for something else.
_PLAIN_GROUP = re.compile(r"\[(\w+(?:\.\w+)*)\]", re.ASCII)
_PLAIN_ENTRY = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.-]*) ?= ?(\w+(?:\.\w+)*(?::\w+(?:\.\w+)*)?)", re.ASCII)

# What the email package raises for headers that make no sense: it promises nothing narrower.
_EMAIL_ERRORS = (
    AssertionError,
    AttributeError,
    IndexError,
    KeyError,
    LookupError,
    TypeError,
    ValueError,
    email.errors.MessageError,
)


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


@dataclass(frozen=True, slots=True)
class CoreMetadata:
    """What a report carries of METADATA."""

    name: str
    requires_dist: tuple[str, ...] = ()
    requires_python: str = ""
    summary: str = ""
    readme: str = ""
    readme_type: str = "text/plain"
    keywords: tuple[str, ...] = ()
    links: dict[str, str] = field(default_factory=dict)


def read_metadata(
    data: bytes, name: WheelName, path: str, *, strict: bool
) -> tuple[CoreMetadata | None, list[Finding]]:
    """Parse METADATA and hold it against the file name; where it is strict, against the bounds of an upload too.

    Returns:
        what it says, or None where it makes no sense, and the findings.
    """

    def refuse(code: str, message: str) -> Finding:
        return Finding(code, "refuse", message, path)

    if data.startswith(BOM_UTF8):  # for pip and others a part of the name of the first header
        sentence = "METADATA begins with a byte-order mark: save it as UTF-8 without one"
        return None, [refuse("metadata-invalid", sentence)]
    try:
        raw, unparsed = read_headers(data)
        if _is_readable(raw.get("metadata_version", "")):
            raw["metadata_version"] = NEWEST_METADATA
        metadata = Metadata.from_raw(raw, validate=True)
    except ExceptionGroup as group:
        return None, [refuse("metadata-invalid", f"METADATA: {_sentence(each)}") for each in group.exceptions]
    except _EMAIL_ERRORS as exc:
        return None, [refuse("metadata-invalid", f"METADATA cannot be read: {exc}")]
    findings = [
        refuse("metadata-invalid", f"METADATA has {key} twice, or not as text")
        for key in sorted(unparsed)
        if key in _ONCE
    ]
    if canonicalize_name(metadata.name) != name.canonical:
        findings.append(
            refuse("name-mismatch", f"METADATA says {metadata.name}; the file name says {name.distribution}")
        )
    if str(metadata.version) != name.version:
        findings.append(
            refuse("version-mismatch", f"METADATA says {metadata.version}; the file name says {name.version}")
        )
    requires = metadata.requires_dist or []
    if len(requires) > MOST_REQUIRES:
        findings.append(refuse("metadata-invalid", f"METADATA has more than {MOST_REQUIRES} lines of Requires-Dist"))
    findings += [
        refuse("direct-reference", f"Requires-Dist {requirement} points past every index to one address")
        for requirement in requires
        if requirement.url
    ]
    findings += [
        refuse("metadata-invalid", f"METADATA: Requires-Dist {str(requirement)[:80]} means nothing to an installer")
        for requirement in requires
        if not _is_usable(requirement.specifier, requirement.marker)
    ]
    if metadata.requires_python is not None and not _is_usable(metadata.requires_python):
        findings.append(refuse("metadata-invalid", "METADATA: Requires-Python names a version that nobody can read"))
    links = {label: url for label, url in (metadata.project_urls or {}).items() if _is_web(url)}
    if metadata.home_page and _is_web(metadata.home_page):
        links.setdefault("Homepage", metadata.home_page)
    core = CoreMetadata(
        name=metadata.name,
        requires_dist=tuple(str(requirement) for requirement in requires),
        requires_python=str(metadata.requires_python or ""),
        summary=metadata.summary or "",
        readme=metadata.description or "",
        readme_type=(metadata.description_content_type or "text/plain").partition(";")[0].strip(),
        keywords=tuple(word.strip() for word in metadata.keywords or [] if word.strip()),
        links=links,
    )
    if strict:
        findings += check_told(path, core.summary, core.keywords, metadata.classifiers or (), links)
    return core, findings


def _is_usable(specifier: SpecifierSet, marker: Marker | None = None) -> bool:
    """Tell whether versions can be held against it; well-formed ones that an installer fails on are refused."""
    if any(len(part.version) > _VERSION_CHARACTERS for part in specifier):
        return False
    try:
        if marker is not None:
            marker.evaluate({"extra": ""})
    except (ValueError, KeyError):  # without sense, e.g. `os_name ~= "x"`, or `"a" in "b"`
        return False
    return True


def _is_readable(version: str) -> bool:
    """Tell whether a reader of the newest version can read it: any 1.x that there was, any 2.x.

    Core metadata specification, "Metadata-Version": a later minor version only adds fields, so a reader goes on; one
    of a later major version must be refused. Fields of a newer version than is said are read too: for years setuptools
    wrote License-File under 2.1 and wheel said 2.0, and the libraries that they built are on every index.
    """
    return re.fullmatch(r"1\.[012]|2\.(0|[1-9][0-9]{0,3})", version) is not None


_ONCE = {"metadata-version", "name", "version", "summary", "description", "requires-python", "keywords"}


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _sentence(exc: BaseException) -> str:
    return f"{exc.field}: {exc}" if isinstance(exc, InvalidMetadata) else str(exc)


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
    except _EMAIL_ERRORS as exc:
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
