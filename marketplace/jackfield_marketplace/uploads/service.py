"""The story of one upload: place it, inspect it, store it, publish it."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

from jackfield.errors import WheelError
from jackfield.inspection import (
    Finding,
    SdistReport,
    WheelReport,
    inspect_sdist,
    inspect_wheel,
    is_plugin_group,
    payload,
    read_attestation,
)
from packaging.utils import canonicalize_name
from packaging.version import Version

from jackfield_marketplace.accounts import Identity, still_counts
from jackfield_marketplace.catalog import Contents, Hosts, Refusal, Upload, publish
from jackfield_marketplace.db import Database
from jackfield_marketplace.settings import Settings
from jackfield_marketplace.trust import NotSigned, Waiting

# Paths of the plugin API that a plugin of that id would hide behind.
RESERVED_IDS = frozenset({"search", "featured", "submit"})
_CHUNK = 1024 * 1024
_SHOWN_REASONS = 5


def _blake2_256() -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=32)


_Parts = tuple[tuple[str | None, bytes | None], ...]
_DIGESTS: dict[str, Callable[[], Any]] = {
    "sha256_digest": hashlib.sha256,
    "blake2_256_digest": _blake2_256,
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of an upload: `published`, `identical` (it was there) or `quarantined`, and what was noted."""

    outcome: str
    name: str
    version: str
    plugin_id: str | None
    findings: tuple[Finding, ...]

    @property
    def sentence(self) -> str:
        """What the uploader reads."""
        if self.outcome == "identical":
            return f"{self.name} {self.version} is there already, with the same bytes"
        if self.outcome == "quarantined":
            found = [finding.message for finding in self.findings if finding.severity == "quarantine"]
            more = [f"and {len(found) - _SHOWN_REASONS} more"] if len(found) > _SHOWN_REASONS else []
            reasons = "; ".join([*found[:_SHOWN_REASONS], *more])
            return f"{self.name} {self.version} is held for review and not listed until then: {reasons}"
        return f"{self.name} {self.version} is published"


class Uploads:
    """Takes files in. Inspections run one at a time: each is bounded, and so is their sum.

    Args:
        settings: bounds.
        database: the catalogue.
        contents: where files end up.
        hosts: which entry-point groups hold plugins.
        waiting: sees to it that what was published is signed before it is shown.
    """

    def __init__(
        self, settings: Settings, database: Database, contents: Contents, hosts: Hosts, waiting: Waiting
    ) -> None:
        self._settings = settings
        self._database = database
        self._contents = contents
        self._hosts = hosts
        self._waiting = waiting
        self._turn = threading.Lock()

    def accept(self, file: IO[bytes], filename: str, fields: dict[str, str], uploader: Identity) -> Accepted:
        """Take one file in, or say why not. Blocks; call it from a thread.

        Args:
            file: the bytes, from the start.
            filename: as the uploader named it; nothing of it is trusted.
            fields: the form's text fields: digests and names in it must agree with the file.
            uploader: who sends it.

        Raises:
            Refusal: it is not taken; nothing of it stays.
        """
        _check_filename(filename)
        sha256 = _check_bytes(file, filename, fields, self._settings.upload_bytes)
        with self._turn:
            upload, parts = self._inspect(file, filename, fields, sha256)
        with self._database.write_directly() as direct:
            if not still_counts(direct, uploader):
                credentials = "password" if uploader.digest is None else "token"
                raise Refusal(401, f"the {credentials} was revoked, or ran out, before the upload was taken")
            outcome, findings = publish(direct, upload, uploader, upstream=self._settings.upstream is not None)
            # Before the commit, so that no row ever points to what is missing; after the decision, so that what is
            # refused leaves nothing behind.
            self._contents.add(direct, upload.sha256, file, upload.size)
            for sha256, part in parts:
                if sha256 is not None and part is not None:
                    self._contents.add_text(direct, sha256, part)
            try:
                self._waiting.add(direct, canonicalize_name(upload.distribution))
            except NotSigned as exc:
                raise Refusal(503, str(exc)) from exc
        found = tuple(Finding(**finding) for finding in findings)
        return Accepted(
            outcome, upload.distribution, upload.version, None if upload.manifest is None else upload.manifest.id, found
        )

    def _inspect(
        self, file: IO[bytes], filename: str, fields: dict[str, str], sha256: str | None
    ) -> tuple[Upload, _Parts]:
        """The file as its inspection describes it, and what of it is served by itself, each with its sha256."""
        limits, path = self._settings.limits, Path(filename)
        parts: _Parts = ()
        try:
            if filename.endswith(".whl"):
                groups = self._hosts.groups
                report = inspect_wheel(path, file=file, groups=groups, limits=limits, strict=True, sha256=sha256)
                _require_acceptable(report)
                upload = self._wheel(report, filename)
                parts = (upload.metadata_sha256, report.metadata), (upload.manifest_sha256, report.manifest_bytes)
            else:
                source = inspect_sdist(path, file=file, limits=limits)
                _require_acceptable(source)
                upload = _sdist(source, filename)
        except WheelError as exc:
            raise Refusal(400, str(exc)) from exc
        _check_fields(fields, upload)
        signature = _attestation(fields, upload)
        if signature is not None:
            upload = replace(upload, attestation_sha256=hashlib.sha256(signature).hexdigest())
            parts = (*parts, (upload.attestation_sha256, signature))
        return upload, parts

    def _wheel(self, report: WheelReport, filename: str) -> Upload:
        groups = [entry.group for entry in report.entry_points if is_plugin_group(entry.group, self._hosts.groups)]
        app = ""
        if report.manifest is not None:
            if report.manifest.canonical_id in RESERVED_IDS:
                raise Refusal(400, f"the plugin id {report.manifest.id} is kept for the marketplace itself")
            app = self._hosts.app_of(groups[0])
        manifest_bytes = report.manifest_bytes
        return Upload(
            filename=filename,
            kind="wheel",
            sha256=report.sha256,
            size=report.size,
            distribution=report.name,
            version=report.version,
            summary=report.summary,
            readme=report.readme,
            readme_type=report.readme_type,
            requires_python=report.requires_python,
            requires_dist=report.requires_dist,
            keywords=report.keywords,
            links=dict(report.links),
            manifest=report.manifest,
            app=app,
            manifest_toml=None if manifest_bytes is None else manifest_bytes.decode("utf-8"),
            changelog=report.changelog,
            metadata_sha256=hashlib.sha256(report.metadata).hexdigest(),
            manifest_sha256=None if manifest_bytes is None else hashlib.sha256(manifest_bytes).hexdigest(),
            findings=tuple(asdict(finding) for finding in report.findings),
            quarantine=bool(report.quarantines),
            parts=payload(report),
        )


def _sdist(report: SdistReport, filename: str) -> Upload:
    core = report.core
    if core is None:  # a report without refusals has it
        raise Refusal(400, f"{filename} has no metadata")
    return Upload(
        filename=filename,
        kind="sdist",
        sha256=report.sha256,
        size=report.size,
        distribution=report.name,
        version=report.version,
        summary=core.summary,
        readme=core.readme,
        readme_type=core.readme_type,
        requires_python=core.requires_python,
        requires_dist=core.requires_dist,
        keywords=core.keywords,
        links=core.links,
        findings=tuple(asdict(finding) for finding in report.findings),
    )


def _require_acceptable(report: WheelReport | SdistReport) -> None:
    refusals = report.refusals
    if refusals:
        more = f" (and {len(refusals) - 1} more)" if len(refusals) > 1 else ""
        raise Refusal(400, f"{refusals[0].message}{more}")


def _check_filename(filename: str) -> None:
    """The name becomes a path here and an address for others: a plain ASCII word, of the two kinds there are."""
    plain = filename.isascii() and filename.isprintable() and not set(filename) & set('/\\:<>"|?*% ')
    if not plain or len(filename) > 200 or filename.startswith("."):
        raise Refusal(400, f"{filename[:200]!a} cannot be a file's name here")
    if not filename.endswith((".whl", ".tar.gz")):
        raise Refusal(400, f"{filename} is neither a wheel (.whl) nor a source distribution (.tar.gz)")


def _check_bytes(file: IO[bytes], filename: str, fields: dict[str, str], bound: int) -> str | None:
    """Hold the file against its bound, and against the digests of the form; returns its sha256 where that is there."""
    size = file.seek(0, io.SEEK_END)
    if size > bound:
        raise Refusal(413, f"{filename} has more than {bound} bytes")
    for field, algorithm in _DIGESTS.items():
        wanted = fields.get(field, "").lower()
        if not wanted:
            continue
        file.seek(0)
        digest = algorithm()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
        if digest.hexdigest() != wanted:
            raise Refusal(400, f"{filename} does not have the {field} of the form: it was damaged on the way")
    return fields.get("sha256_digest", "").lower() or None


def _check_fields(fields: dict[str, str], upload: Upload) -> None:
    """What the form says of the file must be what the file says of itself."""
    name = fields.get("name", upload.distribution)
    if canonicalize_name(name) != canonicalize_name(upload.distribution):
        raise Refusal(400, f"the form says {name[:100]}; {upload.filename} says {upload.distribution}")
    try:
        version = str(Version(fields.get("version", upload.version)))
    except ValueError as exc:  # more digits than Python reads are no InvalidVersion
        raise Refusal(400, f"the form says version {fields['version'][:100]}, which is none") from exc
    if version != upload.version:
        raise Refusal(400, f"the form says version {version}; {upload.filename} says {upload.version}")


def _attestation(fields: dict[str, str], upload: Upload) -> bytes | None:
    """The publisher's own signature in the form (PEP 740's field), verified; None without one.

    Attestations of other kinds, by services that this marketplace does not know, are passed over.
    """
    text = fields.get("attestations", "")
    if not text:
        return None
    try:
        listed = json.loads(text)
        ours = [one for one in listed if isinstance(one, dict) and "payloadType" in one]
    except (ValueError, TypeError, RecursionError) as exc:
        raise Refusal(400, f"the attestations of {upload.filename} are no list in JSON") from exc
    if not ours:
        return None
    data = json.dumps(ours[0], separators=(",", ":"), sort_keys=True).encode()
    try:
        read_attestation(data, upload.filename, upload.sha256)
    except WheelError as exc:
        raise Refusal(400, str(exc)) from exc
    return data
