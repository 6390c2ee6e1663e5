"""The last log lines of one plugin, bounded in number, size and rate (K15, M4)."""

import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

LEVEL_KEY = "log_level/"
"""In the state, before a plugin's canonical id: the level from which the user wants its lines, `debug`."""

LEVELS = ("debug", "info", "warning", "error", "critical")

MOST_LINES = 1000
MOST_BYTES = 256 << 10
LONGEST_MESSAGE = 8 << 10
"""Characters; what is longer is cut."""

LONGEST_FIELD = 500
MOST_FIELDS = 32
LINES_A_SECOND = 100
BURST = 500
"""Lines that may come at once before the rate counts."""

_STANDARD = frozenset((*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"))


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line.

    Attributes:
        number: counts up from 1 in each run.
        time: seconds since the epoch.
        level: `DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`.
        message: as it was meant; cut at 8192 characters.
        fields: what `extra=` said: numbers, texts and truth values, anything else as its repr.
        traceback: of an exception; empty without.
    """

    number: int
    time: float
    level: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict, hash=False)
    traceback: str = ""

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return 100 + len(self.message) + len(self.traceback) + sum(len(str(one)) + 20 for one in self.fields.items())

    @property
    def level_number(self) -> int:
        """The level as a number that can be compared."""
        return logging.getLevelNamesMapping().get(self.level, logging.INFO)

    def to_mapping(self) -> dict[str, Any]:
        """Return it as plain data, the time as ISO 8601 in UTC."""
        mapping = {
            "number": self.number,
            "time": datetime.fromtimestamp(self.time, UTC).isoformat(),
            "level": self.level,
            "message": self.message,
        }
        if self.fields:
            mapping["fields"] = dict(self.fields)
        if self.traceback:
            mapping["traceback"] = self.traceback
        return mapping

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> "LogLine":
        """Read it back.

        Raises:
            ValueError, TypeError, KeyError: it is something else.
        """
        return cls(
            number=int(mapping["number"]),
            time=datetime.fromisoformat(mapping["time"]).timestamp(),
            level=str(mapping["level"]),
            message=str(mapping["message"]),
            fields=dict(mapping.get("fields", {})),
            traceback=str(mapping.get("traceback", "")),
        )


class LogRing:
    """Keeps the last lines. What comes faster than 100 lines a second, after 500 at once, is left out and counted.

    Nothing that a plugin made is kept alive by it: lines hold text. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lines: deque[LogLine] = deque()
        self._bytes = 0
        self._number = 0
        self._allowance = float(BURST)
        self._left_out = 0
        self._filled = time.monotonic()
        self._changed = threading.Condition()

    def take(self, record: logging.LogRecord) -> bool:
        """Keep a record, whose message may be a function that makes it; say whether it was not left out."""
        now = time.monotonic()
        with self._changed:
            self._allowance = min(BURST, self._allowance + (now - self._filled) * LINES_A_SECOND)
            self._filled = now
            if self._allowance < 1:
                self._left_out += 1
                return False
            self._allowance -= 1
            left_out, self._left_out = self._left_out, 0
        if left_out:
            told = f"{left_out} lines were left out: more than {LINES_A_SECOND} a second"
            self._add(record.created, "WARNING", told, {}, "")
        text = [record.exc_text] if record.exc_text else []  # of a plugin in another process
        if record.exc_info and record.exc_info[0]:
            text = traceback.format_exception(*record.exc_info)
        self._add(record.created, record.levelname, message_of(record), _fields(record), "".join(text))
        return True

    def since(self, number: int, *, wait_seconds: float = 0.0) -> list[LogLine]:
        """Return the lines after the one of this number, oldest first.

        Args:
            number: 0 for all that are kept.
            wait_seconds: how long to wait for one where there is none.
        """
        with self._changed:
            if wait_seconds > 0:
                self._changed.wait_for(lambda: self._number > number, wait_seconds)
            return [line for line in self._lines if line.number > number]

    def _add(self, created: float, level: str, message: str, fields: Mapping[str, Any], text: str) -> None:
        with self._changed:
            self._number += 1
            line = LogLine(self._number, created, level, _cut(message), fields, _cut(text, from_end=True))
            self._lines.append(line)
            self._bytes += line.size
            while len(self._lines) > MOST_LINES or (self._bytes > MOST_BYTES and len(self._lines) > 1):
                self._bytes -= self._lines.popleft().size
            self._changed.notify_all()


def message_of(record: logging.LogRecord) -> str:
    """Return a record's message; a function that makes it is called, and if that fails the line says so (K15)."""
    try:
        return str(record.msg()) if callable(record.msg) else record.getMessage()
    except Exception as error:  # noqa: BLE001 (a line that cannot be made must not fail whoever logs)
        return f"a message that could not be made ({type(error).__name__}: {error})"


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    extra = [(name, value) for name, value in vars(record).items() if name not in _STANDARD]
    return {name: _told(value) for name, value in extra[:MOST_FIELDS]}


def _told(value: object) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    try:
        return _cut(value if isinstance(value, str) else repr(value), LONGEST_FIELD)
    except Exception as error:  # noqa: BLE001 (see message_of)
        return f"a {type(value).__name__} that cannot be shown ({type(error).__name__})"


def _cut(text: str, longest: int = LONGEST_MESSAGE, *, from_end: bool = False) -> str:
    if len(text) <= longest:
        return text
    return "…" + text[-longest:] if from_end else text[:longest] + "…"
