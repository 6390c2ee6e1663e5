"""What the state log and `settings.toml` owe each other: a change on either side reaches the other, and none is lost.

The log is the truth; the file is where people read and write it (ADR 14). What both said when they last agreed is kept
beside the log, so that it can be told who moved since:

    the file moved        its value goes into the log, `by` the file's name: the log keeps the one before
    the log moved         its value goes into the file
    both moved            the file wins: somebody typed that by hand, and the log keeps what it replaced
    the file is gone      nobody set anything by that; the next value that is set makes it again
    the file is broken    nothing moves, on neither side, until it is mended
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jackfield.storage.folders import write_private
from jackfield.storage.settings_file import Content


@dataclass(frozen=True, slots=True)
class Moves:
    """What is to be done so that both agree again.

    Args:
        to_log: key to value, None for one that the user took out of the file.
        to_file: key to value, None for the default.
        agreed: what both say afterwards.
    """

    to_log: Mapping[str, Any]
    to_file: Mapping[str, Any]
    agreed: Mapping[str, Any]


def compare(
    content: Content, log: Mapping[str, Any], agreed: Mapping[str, Any], *, asked: frozenset[str] = frozenset()
) -> Moves:
    """Say who moved since both agreed; pure.

    Args:
        content: what the file says; not a broken one.
        log: what the log says, by key; absent where nothing is set.
        agreed: what both said last time.
        asked: keys that the user sets right now by another way than the file: there the log wins.
    """
    to_log: dict[str, Any] = {}
    to_file: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for key in sorted({*content.values, *log, *agreed, *asked}):
        written, kept, before = content.values.get(key), log.get(key), agreed.get(key)
        if key in content.wrong and key not in asked:
            value = before  # neither moves; the line stays as it was typed, and its problem is shown
        elif key in asked or same(written, before):
            value = kept
            if key in content.wrong or not same(written, kept):
                to_file[key] = kept
        else:
            value = written
            if not same(written, kept):
                to_log[key] = written
        if value is not None:
            after[key] = value
    return Moves(to_log, to_file, after)


def same(one: Any, other: Any) -> bool:
    """Whether two values are one in TOML and JSON, where `true` is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


class Agreement:
    """What file and log said when they last agreed.

    Args:
        path: where it is kept.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Any]:
        """Return it; empty where they never agreed, or where the record is damaged: then each value counts."""
        try:
            kept = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def write(self, agreed: Mapping[str, Any]) -> None:
        """Keep it; without waiting for the disk, since file and log agree by themselves where this is lost.

        Raises:
            OSError: it cannot be written.
        """
        write_private(self.path, json.dumps(dict(agreed)).encode(), durable=False)

    def forget(self) -> None:
        """They never agreed."""
        self.path.unlink(missing_ok=True)
