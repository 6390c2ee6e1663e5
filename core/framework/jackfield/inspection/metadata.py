"""METADATA: parsed under bounds and held against the file name."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from packaging.metadata import InvalidMetadata, Metadata
from packaging.utils import canonicalize_name

from jackfield.inspection.headers import EMAIL_ERRORS, read_headers
from jackfield.inspection.report import Finding
from jackfield.inspection.told import check_told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.markers import Marker
    from packaging.metadata import RawMetadata
    from packaging.specifiers import SpecifierSet

    from jackfield.inspection.dist_info import WheelName

NEWEST_METADATA = "2.6"
"""The core metadata that is read in full; fields of later 2.x versions are passed over."""

MOST_REQUIRES = 5000
"""Lines of Requires-Dist; who resolves reads no more."""

_TOLD = (
    "name",
    "version",
    "summary",
    "description",
    "description_content_type",
    "keywords",
    "classifiers",
    "home_page",
    "project_urls",
    "requires_dist",
    "requires_python",
)
# Fields that `packaging.metadata` takes as they are, and those that it looks at, each by itself.
_AS_IT_IS = frozenset(
    {
        "metadata_version",
        "author",
        "author_email",
        "classifiers",
        "description",
        "home_page",
        "keywords",
        "license",
        "maintainer",
        "maintainer_email",
        "platforms",
        "project_urls",
    }
)
_REQUIRED = {"name", "version"}
_KNOWN = (
    _AS_IT_IS
    | _REQUIRED
    | {
        "summary",
        "description_content_type",
        "dynamic",
        "license_expression",
        "license_files",
        "provides_extra",
        "requires_dist",
        "requires_python",
    }
)
_KEPT_CHARACTERS = 256  # of one field that is kept
_VERSION_CHARACTERS = 256  # of a version in a specifier: Python reads no number of more than 4300 digits


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
        said = _validated(raw)
    except ExceptionGroup as group:
        return None, [refuse("metadata-invalid", f"METADATA: {_sentence(each)}") for each in group.exceptions]
    except EMAIL_ERRORS as exc:
        return None, [refuse("metadata-invalid", f"METADATA cannot be read: {exc}")]
    findings = [
        refuse("metadata-invalid", f"METADATA has {key} twice, or not as text")
        for key in sorted(unparsed)
        if key in _ONCE
    ]
    if canonicalize_name(said["name"]) != name.canonical:
        findings.append(
            refuse("name-mismatch", f"METADATA says {said['name']}; the file name says {name.distribution}")
        )
    if str(said["version"]) != name.version:
        findings.append(
            refuse("version-mismatch", f"METADATA says {said['version']}; the file name says {name.version}")
        )
    requires = said.get("requires_dist") or []
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
    requires_python = said.get("requires_python")
    if requires_python is not None and not _is_usable(requires_python):
        findings.append(refuse("metadata-invalid", "METADATA: Requires-Python names a version that nobody can read"))
    links = {label: url for label, url in (said.get("project_urls") or {}).items() if _is_web(url)}
    home_page = said.get("home_page")
    if home_page and _is_web(home_page):
        links.setdefault("Homepage", home_page)
    core = CoreMetadata(
        name=said["name"],
        requires_dist=tuple(str(requirement) for requirement in requires),
        requires_python=str(requires_python or ""),
        summary=said.get("summary") or "",
        readme=said.get("description") or "",
        readme_type=(said.get("description_content_type") or "text/plain").partition(";")[0].strip(),
        keywords=tuple(word.strip() for word in said.get("keywords") or () if word.strip()),
        links=links,
    )
    if strict:
        findings += check_told(path, core.summary, core.keywords, said.get("classifiers") or (), links)
    return core, findings


def _validated(raw: RawMetadata) -> Mapping[str, Any]:
    """Every field of which something is told, as `packaging.metadata` validates it.

    The package looks at each field by itself. So does this, at what stands in many wheels only once; where anything is
    odd, the package is asked about all of it.

    Raises:
        ExceptionGroup: a field makes no sense.
        Exception: what the package raises besides, which promises nothing narrower.
    """
    if raw.get("metadata_version") == NEWEST_METADATA and _REQUIRED <= raw.keys() <= _KNOWN:
        try:
            return {field: _field(field, value) for field, value in raw.items()}
        except (ExceptionGroup, *EMAIL_ERRORS):
            pass
    metadata = Metadata.from_raw(raw, validate=True)
    return {field: getattr(metadata, field) for field in _TOLD}


def _field(field: str, value: Any) -> Any:
    if field in _AS_IT_IS:
        return value
    if field == "name":
        canonicalize_name(value, validate=True)
        return value
    if field == "requires_dist":
        return [requirement for line in value for requirement in _kept_field(field, (line,))]
    return _kept_field(field, tuple(value) if isinstance(value, list) else value)


def _kept_field(field: str, value: str | tuple[str, ...]) -> Any:
    size = len(value) if isinstance(value, str) else sum(map(len, value))
    return (_read_field if size <= _KEPT_CHARACTERS else _read_field.__wrapped__)(field, value)


@lru_cache(maxsize=512)
def _read_field(field: str, value: str | tuple[str, ...]) -> Any:
    raw = {"metadata_version": NEWEST_METADATA, "name": "a", "version": "1"}
    said = {**raw, field: list(value) if isinstance(value, tuple) else value}
    return getattr(Metadata.from_raw(cast("RawMetadata", said), validate=True), field)


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
