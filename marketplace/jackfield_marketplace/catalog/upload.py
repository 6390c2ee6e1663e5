"""An upload as the catalogue is given it, and how it says no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from jackfield.errors import JackfieldError
from jackfield.manifest import Manifest

LONGEST_REFUSAL = 1000
"""Of what was sent a sentence may quote much; nobody reads more characters than these."""


class Refusal(JackfieldError):
    """An upload that is not taken.

    Args:
        status: the HTTP status that says which kind: 400 wrong, 403 not yours, 409 taken, 413 too large, 429 too often,
            503 not now.
        message: one sentence for the uploader.
        retry_after_seconds: when to come again, for 429 and 503.
        code: names the reason for machines, where it is one of the list of findings.
    """

    def __init__(
        self, status: int, message: str, *, retry_after_seconds: int | None = None, code: str | None = None
    ) -> None:
        said = " · ".join(line.strip() for line in message.splitlines() if line.strip())
        super().__init__(said if len(said) <= LONGEST_REFUSAL else f"{said[:LONGEST_REFUSAL]}…")
        self.status = status
        self.retry_after_seconds = retry_after_seconds
        self.code = code


@dataclass(frozen=True, slots=True)
class Upload:
    """One file as its inspection describes it; the caller stores what its hashes stand for before it commits.

    Args:
        filename: as it will be served.
        kind: what it is.
        sha256: of the file.
        size: in bytes.
        distribution: the name, as its author spells it.
        version: PEP 440, normalised.
        manifest: for a wheel that holds a plugin.
        app: the app that the plugin is for.
        findings: what the inspection noted, as plain values.
        manifest_toml: the text of that manifest.
        quarantine: whether a rule asks for a person to look first.
        parts: sha256 of the files of code in it (`jackfield.inspection.payload`).
    """

    filename: str
    kind: Literal["wheel", "sdist"]
    sha256: str
    size: int
    distribution: str
    version: str
    summary: str = ""
    readme: str = ""
    readme_type: str = "text/plain"
    requires_python: str = ""
    requires_dist: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    links: dict[str, str] | None = None
    manifest: Manifest | None = None
    app: str = ""
    manifest_toml: str | None = None
    changelog: str = ""
    metadata_sha256: str | None = None
    manifest_sha256: str | None = None
    attestation_sha256: str | None = None
    findings: tuple[dict[str, Any], ...] = ()
    quarantine: bool = False
    parts: frozenset[str] = frozenset()
