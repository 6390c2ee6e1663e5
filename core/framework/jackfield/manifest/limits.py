"""What a worker may use: each limit with its name, default and bounds, and how people write it (C26, C27)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from jackfield.errors import GrammarError
from jackfield.manifest.reading import Reading
from jackfield.permissions import described_value

KIBIBYTE: Final = 1 << 10
MEBIBYTE: Final = 1 << 20
GIBIBYTE: Final = 1 << 30
TEBIBYTE: Final = 1 << 40

_SIZES: Final = {
    "": 1, "b": 1, "bytes": 1, "kib": KIBIBYTE, "mib": MEBIBYTE, "gib": GIBIBYTE, "tib": TEBIBYTE,
    "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
}  # fmt: skip
_TIMES: Final = {"": 1.0, "s": 1.0, "ms": 0.001, "min": 60.0}
_SHARES: Final = {"": 1.0, "%": 0.01}
_COUNTS: Final = {"": 1}
_WRITTEN: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,6})?) ?([A-Za-z%]{0,8})")
_SHOWN_SIZES: Final = (("TiB", TEBIBYTE), ("GiB", GIBIBYTE), ("MiB", MEBIBYTE), ("KiB", KIBIBYTE))


class Measure(StrEnum):
    """What a limit counts in."""

    SIZE = "size"
    """Bytes; written `80MiB`, `1.5 GiB` or `80MB`."""
    TIME = "time"
    """Seconds; written `2s`, `500ms` or `1min`."""
    SHARE = "share"
    """Of one processor core; written `0.5` or `50%`. Two cores are `2` or `200%`."""
    COUNT = "count"
    """A whole number."""


_UNITS: Final[Mapping[Measure, Mapping[str, float]]] = {
    Measure.SIZE: _SIZES,
    Measure.TIME: _TIMES,
    Measure.SHARE: _SHARES,
    Measure.COUNT: _COUNTS,
}
_EXAMPLES: Final = {
    Measure.SIZE: "a size such as '80MiB'",
    Measure.TIME: "a time such as '2s' or '500ms'",
    Measure.SHARE: "a share of one core such as '0.5' or '50%'",
    Measure.COUNT: "a whole number",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing of which a worker has only so much.

    Args:
        name: what people write, in `plugin.toml` and on the command line.
        field: its name as a field of the values in force, with the unit: `memory_bytes`.
        measure: what it counts in.
        default: what holds where nobody says anything.
        lowest: the least that lets a plugin run at all.
        highest: the most that a user may give; beyond it a slip of the keyboard.
        description: one phrase for people.
    """

    name: str
    field: str
    measure: Measure
    default: float
    lowest: float
    highest: float
    description: str

    def read(self, written: object) -> float:
        """Return the value of what somebody wrote: bytes, seconds, a share or a number.

        Args:
            written: a number, or a text with a unit.

        Raises:
            GrammarError: it is none, or out of bounds; the sentence says what would fit.
        """
        value = self._number(written)
        if value < self.lowest:
            raise GrammarError(f"{self.shown(value)} is below {self.shown(self.lowest)}", text=str(written))
        if value > self.highest:
            raise GrammarError(f"{self.shown(value)} is above {self.shown(self.highest)}", text=str(written))
        return value

    def shown(self, value: float) -> str:
        """Return a value as `read` reads it: `50 MiB`, `5 s`, `0.5`, `64`."""
        if self.measure is Measure.SIZE:
            unit, size = next((one for one in _SHOWN_SIZES if abs(value) >= one[1]), ("bytes", 1))
            return f"{_plain(value / size)} {unit}"
        if self.measure is Measure.TIME:
            return f"{_plain(value)} s" if value >= 1 or not value else f"{_plain(value * 1000)} ms"
        return _plain(value) if self.measure is Measure.SHARE else str(int(value))

    def _number(self, written: object) -> float:
        if isinstance(written, bool) or not isinstance(written, str | int | float):
            raise GrammarError(
                f"expected {_EXAMPLES[self.measure]}, found {described_value(written)}", text=str(written)
            )
        text = f"{written:.6f}" if isinstance(written, float) else str(written).strip()
        match = _WRITTEN.fullmatch(text)
        unit = _UNITS[self.measure].get(match[2].lower()) if match else None
        if match is None or unit is None:
            raise GrammarError(f"expected {_EXAMPLES[self.measure]}, found {described_value(written)}", text=text)
        value = round(float(match[1]) * unit, 6)
        if self.measure is Measure.SIZE:
            return int(value)
        if self.measure is Measure.COUNT and value != int(value):
            raise GrammarError(f"expected a whole number, found {described_value(written)}", text=text)
        return int(value) if self.measure is Measure.COUNT else value


LIMITS: Final = (
    Limit(
        "memory", "memory_bytes", Measure.SIZE, 50 * MEBIBYTE, MEBIBYTE, 64 * GIBIBYTE,
        "memory beyond what the interpreter needs by itself, shared pages counted in parts",
    ),
    Limit("call", "call_seconds", Measure.TIME, 5.0, 0.05, 600.0, "the time to answer one call of the application"),
    Limit("cpu", "cpu_share", Measure.SHARE, 0.5, 0.01, 64.0, "share of one processor core, over half a minute"),
    Limit("threads", "threads", Measure.COUNT, 32, 2, 4096, "threads at one time"),
    Limit("descriptors", "descriptors", Measure.COUNT, 64, 16, 65536, "open files and connections at one time"),
    Limit(
        "data", "data_bytes", Measure.SIZE, 100 * MEBIBYTE, 0, 1024 * TEBIBYTE,
        "what it keeps: its database and its files",
    ),
    Limit("files", "data_files", Measure.COUNT, 10_000, 1, 10_000_000, "how many files it keeps"),
    Limit("log", "log_lines_per_second", Measure.COUNT, 50, 1, 10_000, "lines of log in a second; more are dropped"),
    Limit(
        "requests", "requests_per_second", Measure.COUNT, 1000, 10, 1_000_000,
        "how often it is answered in a second when it asks the application for something; more has to wait",
    ),
    Limit(
        "traffic", "traffic_bytes_per_second", Measure.SIZE, 8 * MEBIBYTE, 64 * KIBIBYTE, 64 * GIBIBYTE,
        "what it sends to the application in a second: answers, requests",
    ),
)  # fmt: skip
"""Every limit, in the order in which they are shown."""

LIMIT: Final[Mapping[str, Limit]] = {one.name: one for one in LIMITS}
"""Every limit by its name."""


class LowerLimits:
    """The kind of the field `[limits]`: a plugin may ask for less than any other, never for more."""

    def read(self, value: object, where: str, reading: Reading) -> dict[str, float]:
        """Return the limits that are lower than the default, by name."""
        if not isinstance(value, Mapping):
            reading.wrong_type(where, "a table", value)
            return {}
        read: dict[str, float] = {}
        for key, written in value.items():
            limit = LIMIT.get(str(key))
            if limit is None:
                reading.unknown(where, str(key), list(LIMIT))
                continue
            try:
                number = limit.read(written)
            except GrammarError as error:
                reading.wrong(f"{where}.{limit.name}", error.message)
                continue
            if number > limit.default:
                reading.doubtful(
                    f"{where}.{limit.name}",
                    f"{limit.shown(number)} is more than the {limit.shown(limit.default)} that every plugin has; "
                    "only the user raises a limit",
                )
            else:
                read[limit.name] = number
        return read

    def schema(self) -> dict[str, Any]:
        """Return an object schema with a property for each limit."""
        return {
            "type": "object",
            "properties": {
                one.name: {
                    "anyOf": [
                        {"type": "string", "pattern": "^[0-9]"},
                        {
                            "type": "integer" if one.measure in {Measure.SIZE, Measure.COUNT} else "number",
                            "minimum": one.lowest,
                            "maximum": one.default,
                        },
                    ],
                    "description": one.description,
                }
                for one in LIMITS
            },
            "additionalProperties": False,
        }


def _plain(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
