"""One entry of the state log, and the line that it is on disk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

JSON: TypeAlias = Any
"""A value that JSON can carry; None stands for "no such key"."""


@dataclass(frozen=True, slots=True)
class Change:
    """One key's change: its value before and after, None where there was or is none."""

    key: str
    before: JSON
    after: JSON


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log.

    Args:
        transaction: the id that ties it to an install, update or rollback; unique where none was given.
        at: when, ISO 8601 in UTC.
        by: who asked for it, e.g. "cli", or a user of the application.
        why: a few words for people, e.g. "install poll".
        changes: the keys it changed, in order of their names.
        reverts: the transactions that it took back.
    """

    transaction: str
    at: str
    by: str
    why: str
    changes: tuple[Change, ...]
    reverts: tuple[str, ...] = ()


def line_of(entry: Entry) -> bytes:
    """The line of an entry, with its end."""
    told = {name: getattr(entry, name) for name in ("transaction", "at", "by", "why")}
    changes = [[change.key, change.before, change.after] for change in entry.changes]
    return (
        json.dumps({**told, "changes": changes, "reverts": list(entry.reverts)}, separators=(",", ":")).encode() + b"\n"
    )


def is_torn(line: bytes) -> bool:
    """Whether the machine stopped within the write of a line: what did not come to the disk is read as zeros.

    A line that cannot be read otherwise was whole once: to go on without it could bring back what its user took away.
    """
    return b"\0" in line


def entry_of(line: bytes) -> Entry | None:
    """The entry that a line holds; None where it cannot be read."""
    try:
        read = json.loads(line)
        changes = tuple(Change(str(key), before, after) for key, before, after in read["changes"])
        reverts = tuple(str(one) for one in read["reverts"])
        return Entry(str(read["transaction"]), read["at"], read["by"], read["why"], changes, reverts)
    except (ValueError, KeyError, TypeError):
        return None
