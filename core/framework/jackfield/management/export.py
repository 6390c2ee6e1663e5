"""The installed plugins as lines that `install -r` reads: who, which version, and the hash of the very file (U11)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jackfield.errors import UsageError
from jackfield.manifest import Pin
from jackfield.store import Generation, lock_text


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


def as_requirements(generation: Generation) -> str:
    """The set with all its libraries as a requirements file of pip, each file by its hash.

    It is read with `--no-deps`: what the application has itself is not listed, and no index need have it.

    Raises:
        UsageError: two plugins have different versions of a library, which such a file cannot say.
    """
    _refuse_two_versions(generation)
    pins = sorted(generation.pins, key=lambda pin: pin.distribution)
    indexes = dict.fromkeys(pin.file.upstream or pin.source for pin in pins if pin.source != "file")
    head = ["# pip install --no-deps --require-hashes -r FILE"]
    head += [
        f"# --index-url {index.rstrip('/')}{'' if index.rstrip('/').endswith('/simple') else '/simple'}/"
        for index in indexes
    ]
    lines = [f"{_wanted(pin)} --hash=sha256:{pin.file.sha256}" for pin in pins]
    return "\n".join([*head, *lines]) + "\n"


def _wanted(pin: Pin) -> str:
    """By its name; what came as a file by that file (PEP 508), since no index has it."""
    if pin.source != "file":
        return f"{pin.distribution}=={pin.version}"
    return f"{pin.distribution} @ {Path(pin.file.url).absolute().as_uri()}"


def as_pylock(generation: Generation) -> str:
    """The set with all its libraries as a `pylock.toml` (PEP 751).

    Raises:
        UsageError: as for `as_requirements`.
    """
    _refuse_two_versions(generation)
    return lock_text(generation.pins)[0]


def _refuse_two_versions(generation: Generation) -> None:
    seen: dict[str, str] = {}
    for pin in generation.pins:
        if seen.setdefault(pin.distribution, pin.file.sha256) != pin.file.sha256:
            raise UsageError(
                f"plugins have different files of {pin.distribution}, which this format cannot say",
                hint="jackfield lock writes what holds them all",
            )
