"""The installed plugins as lines that `install -r` reads: who, which version, and the hash of the very file (U11)."""

from __future__ import annotations

from dataclasses import dataclass

from jackfield.store import Generation


@dataclass(frozen=True, slots=True)
class Exported:
    """One installed plugin.

    Args:
        id: the plugin's id.
        version: as its index spells it.
        sha256: of the wheel, 64 hexadecimal digits.
        source: the marketplace's URL, or `file`.
    """

    id: str
    version: str
    sha256: str
    source: str

    @property
    def spec(self) -> str:
        """The line: `poll==1.3.1@sha256:…`."""
        return f"{self.id}=={self.version}@sha256:{self.sha256}"

    def to_mapping(self) -> dict[str, str]:
        """Plain JSON values."""
        return {"id": self.id, "version": self.version, "sha256": self.sha256, "source": self.source, "spec": self.spec}


def exported(generation: Generation) -> tuple[Exported, ...]:
    """Return the plugins of a generation, by id; their libraries come by themselves."""
    found = [
        Exported(pin.id, pin.version, pin.file.sha256, pin.source) for pin in generation.pins if pin.id is not None
    ]
    return tuple(sorted(found, key=lambda one: one.id))
