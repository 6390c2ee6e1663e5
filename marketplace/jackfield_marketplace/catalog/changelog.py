"""CHANGELOG.md: one `## version` heading for each release, text below it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.version import Version

# As people write it: a version alone, in brackets, with a "v", followed by its day after a dash or in parentheses.
_HEADING = re.compile(r"##\s+\[?v?([0-9][^\s\]()]*)\]?[^0-9]*([0-9]{4}-[0-9]{2}-[0-9]{2})?.*")


@dataclass(frozen=True, slots=True)
class ChangelogEntry:
    """What one version changed; `date` is the changelog's own, ISO 8601, or empty."""

    version: str
    text: str
    date: str = ""


def parse_changelog(text: str) -> tuple[ChangelogEntry, ...]:
    """Split a changelog at its version headings; headings without a version end an entry and begin none."""
    entries: list[ChangelogEntry] = []
    heading: tuple[str, str] | None = None
    lines: list[str] = []
    for line in [*text.splitlines(), "## "]:
        if not line.startswith("## "):
            lines.append(line)
            continue
        if heading is not None:
            entries.append(ChangelogEntry(heading[0], "\n".join(lines).strip(), heading[1]))
        match = _HEADING.fullmatch(line.strip())
        heading = None if match is None or _version(match[1]) is None else (match[1], match[2] or "")
        lines = []
    return tuple(entries)


def changes_since(entries: tuple[ChangelogEntry, ...], since: str | None, until: str) -> tuple[ChangelogEntry, ...]:
    """The entries of versions later than `since` and not later than `until`, newest first."""
    after = _version(since) if since else None
    last = _version(until)
    chosen = []
    for entry in entries:
        version = _version(entry.version)
        if version is not None and (after is None or version > after) and (last is None or version <= last):
            chosen.append((version, entry))
    return tuple(entry for _, entry in sorted(chosen, key=lambda pair: pair[0], reverse=True))


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except ValueError:  # no version, or one of more digits than Python reads
        return None
