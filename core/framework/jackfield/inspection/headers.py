"""METADATA as nearly every builder writes it, read without the email package, which takes five times as long."""

from __future__ import annotations

import email.errors
import re
from typing import TYPE_CHECKING, Any, cast

from packaging.metadata import parse_email

if TYPE_CHECKING:
    from packaging.metadata import RawMetadata

# One line for each field, in printable ASCII: nothing is folded, encoded or quoted.
_LINE = re.compile(r"([A-Za-z-]+):[ \t]*([!-~][ -~]*)?")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_FIELD = re.compile(rb"([!-9;-~]*):")  # what the email package takes for one

MOST_FIELDS = 100
"""Different fields of one file, of which the specification knows about thirty: a parser looks through all for each."""

MOST_FIELDS_IN_ALL = 20_000
"""Fields of one file, of whatever names: a parser looks through all of them for each name."""

LONGEST_FIELD = 16 * 1024
"""Characters of one field that is taken apart: some parsers take time by the square of it."""

# What the email package raises for headers that make no sense: it promises nothing narrower.
EMAIL_ERRORS = (
    AssertionError,
    AttributeError,
    IndexError,
    KeyError,
    LookupError,
    TypeError,
    ValueError,
    email.errors.MessageError,
)

_OF_ANY_LENGTH = {b"description", b"keywords", b"license", b"summary"}
_ONCE = {
    name: name.replace("-", "_")
    for name in (
        "author",
        "author-email",
        "description-content-type",
        "home-page",
        "license",
        "license-expression",
        "maintainer",
        "maintainer-email",
        "metadata-version",
        "name",
        "requires-python",
        "summary",
        "version",
    )
}
_MANY = {
    "classifier": "classifiers",
    "dynamic": "dynamic",
    "license-file": "license_files",
    "platform": "platforms",
    "provides-extra": "provides_extra",
    "requires-dist": "requires_dist",
}


def read_headers(data: bytes) -> tuple[RawMetadata, dict[str, list[str]]]:
    """What `packaging.metadata.parse_email` says of METADATA, for plain ones without its detour.

    Args:
        data: all of METADATA.

    Returns:
        the fields that were understood, and those that were not.

    Raises:
        ValueError: it has more fields, or a longer one, than any builder writes.
        Exception: what `parse_email` raises, which promises nothing narrower.
    """
    plain = _plain(data)
    if plain is not None:
        return cast("RawMetadata", plain), {}
    _require_bounds(data)
    return parse_email(data)


def _require_bounds(data: bytes) -> None:
    """Look at fields as the email package will find them."""
    names: set[bytes] = set()
    name, length, fields = b"", 0, 0
    for line in _LINE_END.split(data):
        field = _FIELD.match(line)
        if field is not None:
            name, length, fields = field[1].lower(), 0, fields + 1
        elif not line.startswith((b" ", b"\t", b"From ")):
            return  # the description begins, or what is none of the headers any more
        length += len(line)
        names.add(name)
        if len(names) > MOST_FIELDS:
            raise ValueError(f"it has more than {MOST_FIELDS} different fields")
        if fields > MOST_FIELDS_IN_ALL:
            raise ValueError(f"it has more than {MOST_FIELDS_IN_ALL} fields")
        if length > LONGEST_FIELD and name not in _OF_ANY_LENGTH:
            raise ValueError(f"{name[:80].decode('ascii')} has more than {LONGEST_FIELD} characters")


def _plain(data: bytes) -> dict[str, Any] | None:
    """The fields of METADATA without anything unusual, or None."""
    if b"\r" in data:
        return None
    head, blank, body = data.partition(b"\n\n")
    fields: dict[str, Any] = {}
    urls: dict[str, str] = {}
    try:
        for line in head.decode("ascii").removesuffix("\n").split("\n"):
            match = _LINE.fullmatch(line)
            if match is None:
                return None
            name, value = match[1].lower(), match[2] or ""
            if len(value) > LONGEST_FIELD:
                return None
            if (field := _ONCE.get(name)) is not None and field not in fields:
                fields[field] = value
            elif (field := _MANY.get(name)) is not None:
                fields.setdefault(field, []).append(value)
            elif name == "keywords" and "keywords" not in fields:
                fields["keywords"] = [word.strip() for word in value.split(",")]
            elif name == "project-url":
                label, _, url = (part.strip() for part in value.partition(","))
                if label in urls:
                    return None
                fields["project_urls"] = urls
                urls[label] = url
            else:
                return None  # twice what is said once, or a field that is rare
        if blank and body:
            fields["description"] = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return fields
