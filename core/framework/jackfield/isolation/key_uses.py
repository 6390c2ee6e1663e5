"""When each key was last used, in a file of its own: the profile's state tells what people decided."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

_MOST_BYTES = 4 << 20


class KeyUses:
    """The file that says when each key was last used, and from where.

    Written by the one host that runs with a profile, read by anybody; what cannot be read or written counts as
    nothing, for it decides nothing.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, tuple[str, str]]:
        """Number of a key -> when it was last used (ISO 8601 in UTC), and the address that used it."""
        try:
            with self._path.open("rb") as file:
                told = json.loads(file.read(_MOST_BYTES))
            return {str(number): (str(at), str(address)) for number, (at, address) in told.items()}
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            return {}

    def note(self, number: str, address: str, *, known: Collection[str]) -> None:
        """Note that a key was used now.

        Args:
            number: its number.
            address: where it was used from.
            known: the numbers of the keys that there are; others are forgotten.
        """
        uses = {one: use for one, use in self.read().items() if one in known}
        uses[number] = (datetime.now(UTC).isoformat(timespec="seconds"), address)
        with contextlib.suppress(OSError):
            write_whole(self._path, json.dumps(uses, indent=1) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old text or the new one, and only its owner can read it.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(mode=0o700, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
