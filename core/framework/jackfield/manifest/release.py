"""What an index offers and what a lock pins: the words that market, resolution and store share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jackfield.errors import ManifestError
from jackfield.manifest.schema import Manifest
from jackfield.permissions import described_value


@dataclass(frozen=True, slots=True)
class File:
    """One file of a release, as PEP 691's JSON tells it (PEP 700 for size and time, 592 for yanks, 714 for metadata).

    Args:
        filename: the wheel's or source distribution's name.
        url: where it is, absolute.
        sha256: of the whole file, 64 hexadecimal digits; empty when the index tells none.
        size: bytes, None when the index tells none.
        requires_python: a PEP 440 specifier, None for any.
        yanked: a reason, or True without one; None or False when it is not yanked.
        metadata_sha256: of `<url>.metadata`, None when it is not served.
        manifest_sha256: of `<url>.plugin.toml`, None when it is not served: a library.
        attestation_sha256: of `<url>.attestation`, the publisher's own signature; None when there is none.
        upload_time: ISO 8601 in UTC, None when unknown.
        rollout: the share of installations that it is meant for, in per cent; None for all.
        halted: why its rollout was halted; None while it was not.
        security: what security hole it mends, in its publisher's words; None for an ordinary version.
        security_confirmed: whether the marketplace's operator says so too.
        upstream: the simple API that the marketplace sent us to for a name that it does not hold; None for a file of
            its own. Nobody has inspected or signed such a file for the marketplace.
    """

    filename: str
    url: str
    sha256: str
    size: int | None = None
    requires_python: str | None = None
    yanked: str | bool | None = None
    metadata_sha256: str | None = None
    manifest_sha256: str | None = None
    attestation_sha256: str | None = None
    upload_time: str | None = None
    upstream: str | None = None
    rollout: int | None = None
    halted: str | None = None
    security: str | None = None
    security_confirmed: bool | None = None

    @property
    def is_wheel(self) -> bool:
        """Whether jackfield may use it at all: source distributions are listed, never built."""
        return self.filename.endswith(".whl")

    def to_mapping(self) -> dict[str, Any]:
        """Return plain JSON values; what is None is left out."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in values.items() if value is not None}

    def locked(self) -> "File":
        """Return what a lock keeps of it: what the bytes are, and not what an index says of them meanwhile."""
        said = (self.yanked, self.metadata_sha256, self.attestation_sha256, self.upload_time, self.rollout)
        if all(one is None for one in (*said, self.halted, self.security, self.security_confirmed)):
            return self
        return File(
            filename=self.filename,
            url=self.url,
            sha256=self.sha256,
            size=self.size,
            requires_python=self.requires_python,
            manifest_sha256=self.manifest_sha256,
            upstream=self.upstream,
        )

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> "File":
        """Read what `to_mapping` wrote; unknown keys are left out.

        Raises:
            ManifestError: a key is missing or of the wrong type.
        """
        for key in ("filename", "url", "sha256"):
            _require(mapping, key, str, "file")
        for key, kinds in _OPTIONAL.items():
            if mapping.get(key) is not None:
                _require(mapping, key, kinds, "file")
        return cls(**{name: mapping[name] for name in cls.__slots__ if name in mapping})


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a distribution in an index.

    Args:
        id: the plugin's id; None for a library.
        distribution: the project's normalised name (PEP 503).
        version: PEP 440, as the index spells it.
        files: all files of the release.
        manifest: what the plugin says of itself, None for a library or before it was fetched.
    """

    id: str | None
    distribution: str
    version: str
    files: tuple[File, ...]
    manifest: Manifest | None = None


@dataclass(frozen=True, slots=True)
class Pin:
    """One distribution of a solved set: exactly this file, and who it is.

    Args:
        distribution: the normalised name.
        version: PEP 440.
        file: the wheel.
        id: the plugin's id; None for a library.
        source: the marketplace's URL, `file` for a local wheel.
        requires: normalised names of the distributions that it needs from the set.
    """

    distribution: str
    version: str
    file: File
    id: str | None
    source: str
    requires: tuple[str, ...] = ()

    def __hash__(self) -> int:
        """Hash what tells wheels apart: sets of a hundred are looked up with each change."""
        return hash(self.file.sha256)

    def to_mapping(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "distribution": self.distribution,
            "version": self.version,
            "file": self.file.to_mapping(),
            "id": self.id,
            "source": self.source,
            "requires": list(self.requires),
        }

    def locked(self) -> "Pin":
        """Return the pin as a lock keeps it; see `File.locked`."""
        file = self.file.locked()
        return self if file is self.file else replace(self, file=file)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> "Pin":
        """Read what `to_mapping` wrote.

        Raises:
            ManifestError: a key is missing or of the wrong type.
        """
        for key, kind in (("distribution", str), ("version", str), ("source", str), ("file", Mapping)):
            _require(mapping, key, kind, "pin")
        plugin, requires = mapping.get("id"), mapping.get("requires", [])
        if plugin is not None:
            _require(mapping, "id", str, "pin")
        if not isinstance(requires, list) or not all(isinstance(one, str) for one in requires):
            raise ManifestError(f"pin.requires: expected a list of texts, found {described_value(requires)}")
        return cls(
            mapping["distribution"],
            mapping["version"],
            File.from_mapping(mapping["file"]),
            plugin,
            mapping["source"],
            tuple(requires),
        )


def distinct(pins: Iterable[Pin]) -> tuple[Pin, ...]:
    """Return each wheel once, by distribution and version, though several sets hold it."""
    found = {pin.file.sha256: pin for pin in pins}
    return tuple(sorted(found.values(), key=lambda pin: (pin.distribution, pin.version)))


def places_of(inline: Iterable[Pin], workers: Mapping[str, Sequence[Pin]]) -> dict[tuple[str, str], Pin]:
    """Return the pins of a set by place: the distribution that has it for itself, empty where all share it; its name.

    Plugins are with what all share, wherever they run.

    Args:
        inline: what the application's process holds.
        workers: canonical id -> the plugin itself, then its own libraries, of each with a process of its own.
    """
    found = {("", pin.distribution): pin for pin in inline}
    for own in workers.values():
        plugin = own[0]
        found["", plugin.distribution] = plugin
        for pin in own[1:]:
            found[plugin.distribution, pin.distribution] = pin
    return found


_OPTIONAL: dict[str, type | tuple[type, ...]] = {
    "size": int,
    "requires_python": str,
    "yanked": (str, bool),
    "metadata_sha256": str,
    "manifest_sha256": str,
    "attestation_sha256": str,
    "upload_time": str,
    "upstream": str,
    "rollout": int,
    "halted": str,
    "security": str,
    "security_confirmed": bool,
}


def _require(mapping: Mapping[str, Any], key: str, kinds: type | tuple[type, ...], where: str) -> None:
    if key not in mapping:
        raise ManifestError(f"{where}.{key}: missing")
    if not isinstance(mapping[key], kinds):
        raise ManifestError(f"{where}.{key}: found {described_value(mapping[key])}")
