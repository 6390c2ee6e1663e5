"""What scripts are told of each other: metadata, versions, requirements."""

from enum import Enum
from typing import Any

from jackfield.errors import GrammarError
from jackfield.manifest import HOST_ID, Manifest
from jackfield.manifest import Requirement as _Requirement
from jackfield.manifest import Version as _Version

from chat_console.rtext import RText, RTextBase


class VersionParsingError(ValueError):
    """A text that is no version or requirement."""


class Version:
    """A version, compared as the framework compares.

    Args:
        version_str: its text.
        allow_wildcard: whether `1.2.*` will do.
    """

    def __init__(self, version_str: str, *, allow_wildcard: bool = True) -> None:
        self.text = version_str
        plain = version_str.replace("*", "0").replace("x", "0").replace("X", "0") if allow_wildcard else version_str
        try:
            self._version = _Version.parse(plain)
        except GrammarError as error:
            raise VersionParsingError(str(error)) from error
        self.component = list(self._version.release)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Version({self.text!r})"

    def __getitem__(self, index: int) -> int:
        return self.component[index] if index < len(self.component) else 0

    def compare_to(self, other: "Version") -> int:
        """Return -1, 0 or 1."""
        return (self > other) - (self < other)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._version == other._version

    def __hash__(self) -> int:
        return hash(self._version)

    def __lt__(self, other: "Version") -> bool:
        return self._version < other._version

    def __le__(self, other: "Version") -> bool:
        return self._version <= other._version

    def __gt__(self, other: "Version") -> bool:
        return self._version > other._version

    def __ge__(self, other: "Version") -> bool:
        return self._version >= other._version


class VersionRequirement:
    """What versions will do.

    Args:
        requirements: criteria with spaces between, all of which must hold.
    """

    def __init__(self, requirements: str) -> None:
        try:
            self._requirement = _Requirement.parse(requirements)
        except GrammarError as error:
            raise VersionParsingError(str(error)) from error

    def has_criterion(self) -> bool:
        """Say whether anything is required."""
        return bool(self._requirement.parts)

    def accept(self, version: Version | str) -> bool:
        """Say whether a version will do."""
        return self._requirement.accepts(_Version.parse(str(version)))

    def __str__(self) -> str:
        return str(self._requirement)

    def __repr__(self) -> str:
        return f"VersionRequirement({str(self)!r})"


class PluginType(Enum):
    """The forms of a script."""

    builtin = "builtin"
    solo = "solo"
    packed = "packed"
    directory = "directory"
    linked_directory = "linked_directory"


class Metadata:
    """What a script says of itself.

    Args:
        manifest: the same, as the framework read it.

    Attributes:
        id, version, name, description, link: as written; None where there is none.
        author: a list of names, or None.
        dependencies: id -> requirement.
    """

    def __init__(self, manifest: Manifest) -> None:
        self.id = manifest.id
        self.version = Version(str(manifest.version or "0.0.0"))
        self.name = manifest.name
        self.description: str | None = manifest.description or None
        self.author: list[str] | None = list(manifest.authors) or None
        self.link: str | None = manifest.link or None
        self.dependencies = {one.id: VersionRequirement(str(one.requirement)) for one in manifest.requires}
        if HOST_ID in manifest.host:
            self.dependencies[HOST_ID] = VersionRequirement(str(manifest.host[HOST_ID]))

    def get_description(self, lang: str | None = None) -> str | None:
        """Return the description."""
        return self.description

    def get_description_rtext(self) -> RTextBase:
        """Return the description as rich text."""
        return RText(self.description or "")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "id": self.id,
            "version": str(self.version),
            "name": self.name,
            "description": self.description,
            "author": self.author,
            "link": self.link,
            "dependencies": {name: str(one) for name, one in self.dependencies.items()},
        }

    def __repr__(self) -> str:
        return f"Metadata({self.to_dict()!r})"
