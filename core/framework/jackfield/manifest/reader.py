"""Reading plugin.toml from text and from disk, with bounds."""

import tomllib
from pathlib import Path
from typing import Any

from jackfield.errors import ManifestError
from jackfield.manifest.schema import Manifest

LARGEST_MANIFEST = 256 * 1024
"""Bytes of a plugin.toml or host.toml; a larger file is refused unread."""


def read_manifest(text: str, *, source: str, strict: bool = False) -> Manifest:
    """Read a plugin.toml.

    Args:
        text: the file's text.
        source: the file, named in every error: `plugin.toml of weather 1.4.0`.
        strict: whether unknown keys are errors (in `check` and at upload) or land in `Manifest.warnings`.

    Raises:
        SchemaTooNew: it is written for a later jackfield.
        ManifestError: it is wrong; the message has one line for each mistake, with file, key, what was expected and
            what was found.
    """
    return Manifest.from_mapping(parse_toml(text, source), source=source, strict=strict)


def read_manifest_file(path: Path, *, source: str | None = None, strict: bool = False) -> Manifest:
    """Read a plugin.toml from disk; `source` defaults to the path, the rest is as in `read_manifest`.

    Raises:
        ManifestError: it cannot be opened, is too large, is not UTF-8, or as in `read_manifest`.
    """
    return read_manifest(read_text(path, source or str(path)), source=source or str(path), strict=strict)


def read_text(path: Path, source: str) -> str:
    """Return the text of a manifest or host file, at most `LARGEST_MANIFEST` bytes of UTF-8.

    Raises:
        ManifestError: it cannot be opened, is too large or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_MANIFEST + 1)
    except OSError as error:
        raise ManifestError(f"{source}: cannot be read: {error.strerror or error}") from error
    if len(content) > LARGEST_MANIFEST:
        raise ManifestError(f"{source}: larger than {LARGEST_MANIFEST // 1024} KiB")
    try:
        return content.decode("utf-8-sig")  # editors on Windows write a byte-order mark
    except UnicodeDecodeError as error:
        raise ManifestError(f"{source}: not UTF-8 at byte {error.start}") from error


def parse_toml(text: str, source: str) -> dict[str, Any]:
    """Return the file's plain values.

    Raises:
        ManifestError: it is no TOML; the message tells line and column.
    """
    if len(text) > LARGEST_MANIFEST:
        raise ManifestError(f"{source}: larger than {LARGEST_MANIFEST // 1024} KiB")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a plain ValueError
        raise ManifestError(f"{source}: not TOML: {error}") from error
