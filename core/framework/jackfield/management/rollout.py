r"""Whether a rollout has reached this installation: decided here, by a number that nobody else knows.

    place = first eight bytes of sha256(number "\n" distribution "\n" version), as a whole number, modulo 10000
    reached: place < 100 * percent

All in UTF-8; the number is 32 hexadecimal digits, the distribution's name normalised (PEP 503), the version as PEP 440
normalises it. So a share of 25 per cent reaches the places 0 to 2499; a greater share reaches all whom a smaller one
did; and whoever is first with one version is not with the next.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from contextlib import suppress
from functools import cached_property
from pathlib import Path

PLACES = 10_000

_NUMBER = re.compile(r"[0-9a-f]{32}")


def place_of(number: str, distribution: str, version: str) -> int:
    """Where an installation stands in the rollout of a version, 0 to 9999.

    Args:
        number: of the installation, 32 hexadecimal digits.
        distribution: its normalised name.
        version: normalised.
    """
    digest = hashlib.sha256(f"{number}\n{distribution}\n{version}".encode()).digest()
    return int.from_bytes(digest[:8]) % PLACES


def has_reached(percent: int, place: int) -> bool:
    """Whether a rollout of that share has reached that place."""
    return place * 100 < percent * PLACES


class Installation:
    """The number of one profile, drawn when it is first needed; it never leaves the machine.

    Args:
        file: where it is kept.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @cached_property
    def number(self) -> str | None:
        """The number; None where it can neither be read nor written: then no rollout reaches this installation."""
        with suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._kept() is None:
                self._draw()
        return self._kept()

    def _kept(self) -> str | None:
        with suppress(OSError, UnicodeDecodeError):
            found = self._file.read_text(encoding="ascii").strip()
            return found if _NUMBER.fullmatch(found) else None
        return None

    def _draw(self) -> None:
        """Write a number: whole or not at all, and the first of two that draw at once, or it would join twice."""
        drawn = secrets.token_hex(16)
        draft = self._file.with_name(f"{self._file.name}.{drawn}")
        try:
            with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
                file.write(drawn)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, self._file)
            except FileExistsError:
                if self._kept() is None:  # a damaged one
                    draft.replace(self._file)
        finally:
            draft.unlink(missing_ok=True)

    def reached(self, percent: int, distribution: str, version: str) -> bool:
        """Whether a rollout has reached this installation."""
        if percent >= 100:
            return True
        number = self.number if percent > 0 else None
        return number is not None and has_reached(percent, place_of(number, distribution, version))
