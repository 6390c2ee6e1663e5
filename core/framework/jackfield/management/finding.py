"""One thing that is wrong with the plugins of a profile, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "unwritable",
    "read-only",
    "safe mode",
    "unfinished",
    "failed",
    "failing",
    "taken back",
    "revoked",
    "old list",
    "rolled back",
    "other Python",
    "broken",
    "blocked",
    "conflict",
    "growth",
    "not confined",
    "slow",
    "orphaned",
    "vanished",
]

_NOTES: frozenset[Kind] = frozenset({"taken back", "rolled back", "not confined", "read-only"})
"""What was taken care of, or is as its user chose: it is told as long as it holds, and nothing is wrong for it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or a note on what was put right and still holds something back.

    Args:
        kind: `unwritable`: nothing can be changed or kept in the folder of all of it; `read-only`: nor on its file
            system, which somebody mounted so; `safe mode`: no plugin is started; `unfinished`: an install or a search
            was cut off; `failed`: it does not run in the application that runs now; `failing`: it runs there, though
            something of it failed: a call, or new code, in whose place the code before runs on; `taken back`: it runs
            without a permission that it asks for, since its user chose that; `revoked`: a marketplace revoked it, also
            where it runs because its user allowed it; `old list`: what a marketplace revoked is not known any more, or
            as of long ago; `rolled back`: a new version failed and is held back; `broken`: files that are not as they
            were installed, a storage, a settings.toml or a record of what is installed that cannot be read; `blocked`:
            enabled and cannot run; `conflict`: two plugins want the same; `growth`: a version waits for consent to
            more; `not confined`: its user chose `process` for it; `slow`: it held up the last start; `orphaned`: data
            of plugins that are not installed; `other Python`: a file is made for another Python or platform;
            `vanished`: plugins of a Python environment that is gone.
        plugin: whose, as its author writes the id; None where it is nobody's.
        problem: one sentence.
        advice: what to do: a command, or a sentence.
    """

    kind: Kind
    plugin: str | None
    problem: str
    advice: str

    @property
    def is_note(self) -> bool:
        """Whether nothing is wrong: the plugins run as they should."""
        return self.kind in _NOTES

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**{name: getattr(self, name) for name in self.__slots__}, "note": self.is_note}
