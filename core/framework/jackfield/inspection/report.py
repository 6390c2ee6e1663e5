"""What an inspection says: findings as data, and the bounds it works under."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from jackfield.errors import WheelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jackfield.manifest import Manifest

Severity = Literal["refuse", "quarantine", "note"]


@dataclass(frozen=True, slots=True)
class WheelLimits:
    """Bounds of one inspection: each is checked before the bytes it speaks of are held in memory.

    Args:
        archive_bytes: size of the wheel itself.
        files: number of entries in the archive, and of the folders that they lie in.
        file_bytes: unpacked size of one file.
        total_bytes: unpacked size of all files.
        ratio: unpacked to packed size, of one file and of all together, held only above `ratio_free_bytes`: deflate
            itself ends at 1032, and a shared library whose segments lie at pages of 2 MiB shrinks 223-fold.
        ratio_free_bytes: unpacked size below which the ratio is not looked at.
        text_bytes: size of METADATA, RECORD, plugin.toml and every other file whose text is read whole.
        entry_points_bytes: size of entry_points.txt, which every start of an application reads.
        path_characters: length of one path in the archive.
    """

    archive_bytes: int = 128 * 1024 * 1024
    files: int = 10_000
    file_bytes: int = 256 * 1024 * 1024
    total_bytes: int = 512 * 1024 * 1024
    ratio: int = 200
    ratio_free_bytes: int = 16 * 1024 * 1024
    text_bytes: int = 4 * 1024 * 1024
    entry_points_bytes: int = 256 * 1024
    path_characters: int = 255


LONGEST_MESSAGE = 500
"""Characters of what is said of one finding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an inspection found.

    Args:
        code: a stable name for machines (`path-escape`, `record-mismatch`), listed in
            docs/reference/marketplace-api.md.
        severity: `refuse` (nobody may install it), `quarantine` (a person must look first), `note` (worth knowing).
        message: one sentence that names the culprit.
        path: the file in the wheel, where one is to blame.
    """

    code: str
    severity: Severity
    message: str
    path: str = ""

    def __post_init__(self) -> None:
        """Cut off what nobody would read: a message may quote what is in the wheel."""
        if len(self.message) > LONGEST_MESSAGE:
            object.__setattr__(self, "message", f"{self.message[:LONGEST_MESSAGE]}…")


@dataclass(frozen=True, slots=True)
class WheelFile:
    """One file of a wheel: its path with forward slashes, unpacked size in bytes, and sha256 in hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """One line of entry_points.txt; `module` and `attribute` are the halves of `value`."""

    group: str
    name: str
    value: str

    @property
    def module(self) -> str:
        """The dotted module before the colon."""
        return self.value.partition("[")[0].partition(":")[0].strip()

    @property
    def attribute(self) -> str:
        """The dotted attribute after the colon, or an empty text."""
        return self.value.partition("[")[0].partition(":")[2].strip()


@dataclass(frozen=True, slots=True)
class WheelReport:
    """What can be told of a wheel without running any of it.

    A report with findings of severity `refuse` may be incomplete: what could not be read safely is left out.

    Args:
        name: the distribution's name, as the file name spells it or, where it was read, METADATA.
        version: its PEP 440 version, normalised.
        metadata: the bytes of METADATA, empty if they could not be read.
        requires_dist: the lines of Requires-Dist.
        requires_python: Requires-Python, or an empty text.
        manifest: the plugin's manifest, or None for a library and for a manifest that cannot be read.
        manifest_bytes: the bytes of plugin.toml as they lie in the wheel.
        plugin_id: the name of the plugin entry point, or None for a library.
        entry_points: every line of entry_points.txt.
        files: every regular file, with sizes and hashes as unpacked.
        findings: what was found, worst first.
        summary: METADATA's one-line summary.
        readme: METADATA's description.
        readme_type: its content type, `text/markdown` or `text/plain` or `text/x-rst`.
        changelog: the text of CHANGELOG.md beside plugin.toml.
        keywords: METADATA's keywords.
        links: label -> URL, from Project-URL and Home-page.
        tags: the compatibility tags of the file name, such as `py3-none-any`.
        package: the top-level package that holds the plugin.
        sha256: of the wheel itself.
        size: of the wheel itself, in bytes.
    """

    name: str
    version: str
    metadata: bytes = b""
    requires_dist: tuple[str, ...] = ()
    requires_python: str = ""
    manifest: Manifest | None = None
    manifest_bytes: bytes | None = None
    plugin_id: str | None = None
    entry_points: tuple[EntryPoint, ...] = ()
    files: tuple[WheelFile, ...] = ()
    findings: tuple[Finding, ...] = ()
    summary: str = ""
    readme: str = ""
    readme_type: str = "text/plain"
    changelog: str = ""
    keywords: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    package: str | None = None
    sha256: str = ""
    size: int = 0

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The findings for which nobody may install this wheel."""
        return tuple(finding for finding in self.findings if finding.severity == "refuse")

    @property
    def quarantines(self) -> tuple[Finding, ...]:
        """The findings for which a person must look first."""
        return tuple(finding for finding in self.findings if finding.severity == "quarantine")

    def require_acceptable(self) -> None:
        """Raise when the wheel has a finding of severity `refuse`.

        Raises:
            WheelError: with the first refusal's sentence, and how many more there are.
        """
        refusals = self.refusals
        if refusals:
            more = f" (and {len(refusals) - 1} more)" if len(refusals) > 1 else ""
            raise WheelError(f"{self.name} {self.version}: {refusals[0].message}{more}", plugin=self.plugin_id)
