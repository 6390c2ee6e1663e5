"""What was counted in earlier runs, added up in one file of the profile."""

import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from jackfield.analytics.stats import PluginStats, UseStats, stats_of
from jackfield.errors import StoreError
from jackfield.locks import locked

MAXIMUM_BYTES = 16 << 20
"""What is read at most; a file that grew beyond is begun anew."""

LOCK_SECONDS = 2.0
"""How long a process that ends waits for another one that writes; then its numbers are lost rather than its end."""


class UsageFile:
    """The file. It holds numbers and names of hooks, commands and events: nothing that anyone wrote (U21).

    Args:
        path: where it lies; its folder is made when needed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[PluginStats]:
        """Return the plugins, the most used first; an absent or damaged file holds none."""
        try:
            with self._path.open("rb") as stream:
                text = stream.read(MAXIMUM_BYTES + 1)
            if len(text) > MAXIMUM_BYTES:
                return []
            return stats_of(use for one in json.loads(text)["plugins"] for use in PluginStats.from_mapping(one).uses)
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return []  # numbers of the past are not worth an error: the next run begins anew

    def merge(self, uses: Iterable[UseStats]) -> None:
        """Add the uses of one run.

        Raises:
            StoreError: the file cannot be written, or another process did not let go of it in time.
        """
        added = list(uses)
        if not added:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(self._path.with_suffix(".lock"), LOCK_SECONDS):
                known = [use for stats in self.read() for use in stats.uses]
                self._write([one.to_mapping() for one in stats_of([*known, *added])])
        except OSError as error:  # or another one has held it too long
            raise StoreError(f"{self._path} cannot be written: {error}") from error

    def _write(self, plugins: list[dict[str, object]]) -> None:
        descriptor, temporary = tempfile.mkstemp(prefix=self._path.name, dir=self._path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump({"schema": 1, "plugins": plugins}, stream, separators=(",", ":"))
            Path(temporary).replace(self._path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
