"""The last log lines of one plugin on disk: for whoever asks when no host runs any more (K15)."""

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from jackfield.analytics.log_lines import LogLine, LogRing

MOST_BYTES = 1 << 20
"""A file that would grow beyond this is written anew, with the lines that the ring still holds."""


class LogFile:
    """A file of one JSON object a line, with lines of earlier runs before those of this one.

    Args:
        path: where it lies; its folder is made, for the user alone, when the first line is written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = 0  # the number of the last line of this run that is in the file

    def write(self, ring: LogRing) -> None:
        """Write what came since the last time; the end of the process may come at any moment after.

        Raises:
            OSError: it cannot be written.
        """
        lines = ring.since(self._written)
        if not lines:
            return
        text = _text(lines)
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            grown = self._path.stat().st_size + len(text) > MOST_BYTES
        except FileNotFoundError:
            grown = False
        if grown:
            self._replace(_text(ring.since(0)))
        else:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "ab") as stream:
                stream.write(text)
        self._written = lines[-1].number

    def read(self) -> list[LogLine]:
        """Return the lines, oldest first; an absent file has none, and what is damaged in it is left out.

        Raises:
            OSError: it cannot be read.
        """
        try:
            with self._path.open("rb") as stream:
                text = stream.read(MOST_BYTES * 2)
        except FileNotFoundError:
            return []
        lines = []
        for line in text.splitlines():
            try:
                lines.append(LogLine.from_mapping(json.loads(line)))
            except (ValueError, TypeError, KeyError, AttributeError):
                continue  # a line that a crash cut off
        return lines

    def _replace(self, text: bytes) -> None:
        descriptor, temporary = tempfile.mkstemp(prefix=self._path.name, dir=self._path.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(text)
            Path(temporary).replace(self._path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise


def _text(lines: Sequence[LogLine]) -> bytes:
    return "".join(json.dumps(line.to_mapping(), separators=(",", ":")) + "\n" for line in lines).encode()
