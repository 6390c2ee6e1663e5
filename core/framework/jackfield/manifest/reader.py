"""Reading plugin.toml from text and from disk."""

from pathlib import Path
from typing import Any

from jackfield.manifest.schema import Manifest
from jackfield.manifest.toml import parse_toml, read_text


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


def manifest_values(path: Path, *, source: str) -> dict[str, Any]:
    """Return the plain values of a plugin.toml, which `Manifest.from_mapping` makes a manifest of; nothing is judged.

    Raises:
        ManifestError: it cannot be opened, is too large, is not UTF-8, is no TOML or beyond its bounds.
    """
    return parse_toml(read_text(path, source), source)


def read_manifest_file(path: Path, *, source: str | None = None, strict: bool = False) -> Manifest:
    """Read a plugin.toml from disk; `source` defaults to the path, the rest is as in `read_manifest`.

    Raises:
        ManifestError: it cannot be opened, is too large, is not UTF-8, or as in `read_manifest`.
    """
    named = source or str(path)
    return read_manifest(read_text(path, named), source=named, strict=strict)
