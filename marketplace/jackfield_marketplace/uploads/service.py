"""The story of one upload: place it, inspect it, store it, publish it."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from jackfield.errors import WheelError
from jackfield.inspection import Finding, SdistReport, WheelReport, inspect_sdist, inspect_wheel, is_plugin_group
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from jackfield_marketplace.accounts import Identity
from jackfield_marketplace.blobs import DiskBlobs
from jackfield_marketplace.catalog import Hosts, Refusal, Upload, publish
from jackfield_marketplace.db import Database
from jackfield_marketplace.settings import Settings

# Paths of the plugin API that a plugin of that id would hide behind.
RESERVED_IDS = frozenset({"search", "featured", "submit"})
_CHUNK = 1024 * 1024


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
            reasons = "; ".join(finding.message for finding in self.findings if finding.severity == "quarantine")
            return f"{self.name} {self.version} is held for review and not listed until then: {reasons}"
        return f"{self.name} {self.version} is published"


class Uploads:
    """Takes files in. Inspections run one at a time: each is bounded, and so is their sum.

    Args:
        settings: bounds and folders.
        database: the catalogue.
        blobs: where files end up.
        hosts: which entry-point groups hold plugins.
    """

    def __init__(self, settings: Settings, database: Database, blobs: DiskBlobs, hosts: Hosts) -> None:
        self._settings = settings
        self._database = database
        self._blobs = blobs
        self._hosts = hosts
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
        with tempfile.TemporaryDirectory(dir=self._settings.incoming) as folder:
            path = Path(folder) / filename
            _place(file, path, fields, self._settings.upload_bytes)
            with self._turn:
                return self._accept(path, fields, uploader)

    def _accept(self, path: Path, fields: dict[str, str], uploader: Identity) -> Accepted:
        parts: tuple[bytes | None, ...]
        try:
            if path.name.endswith(".whl"):
                report = inspect_wheel(path, groups=self._hosts.groups, limits=self._settings.limits, strict=True)
                _require_acceptable(report)
                upload, parts = self._wheel(report, path.name), (report.metadata, report.manifest_bytes)
            else:
                source = inspect_sdist(path, limits=self._settings.limits)
                _require_acceptable(source)
                upload, parts = _sdist(source, path.name), ()
        except WheelError as exc:
            raise Refusal(400, str(exc)) from exc
        _check_fields(fields, upload)
        with self._database.write() as session:
            outcome, findings = publish(session, upload, uploader)
            # Before the commit, so that no row ever points to a missing blob; after the decision, so that what is
            # refused leaves nothing behind.
            self._blobs.add_file(path, upload.sha256)
            for part in parts:
                if part is not None:
                    self._blobs.add_bytes(part)
        found = tuple(Finding(**finding) for finding in findings)
        return Accepted(outcome, upload.distribution, upload.version, upload.plugin_id, found)

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
            plugin_id=report.plugin_id,
            app=app,
            manifest_toml=None if manifest_bytes is None else manifest_bytes.decode("utf-8"),
            changelog=report.changelog,
            metadata_sha256=hashlib.sha256(report.metadata).hexdigest(),
            manifest_sha256=None if manifest_bytes is None else hashlib.sha256(manifest_bytes).hexdigest(),
            findings=tuple(asdict(finding) for finding in report.findings),
            quarantine=bool(report.quarantines),
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


def _place(file: IO[bytes], path: Path, fields: dict[str, str], bound: int) -> None:
    """Copy the file under its own name, and hold it against the digests of the form."""
    sha256, blake2 = hashlib.sha256(), hashlib.blake2b(digest_size=32)
    size = 0
    with path.open("xb") as target:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > bound:
                raise Refusal(413, f"{path.name} has more than {bound} bytes")
            sha256.update(chunk)
            blake2.update(chunk)
            target.write(chunk)
    for field, digest in (("sha256_digest", sha256), ("blake2_256_digest", blake2)):
        if fields.get(field, "").lower() not in ("", digest.hexdigest()):
            raise Refusal(400, f"{path.name} does not have the {field} of the form: it was damaged on the way")


def _check_fields(fields: dict[str, str], upload: Upload) -> None:
    """What the form says of the file must be what the file says of itself."""
    name = fields.get("name", upload.distribution)
    if canonicalize_name(name) != canonicalize_name(upload.distribution):
        raise Refusal(400, f"the form says {name[:100]}; {upload.filename} says {upload.distribution}")
    try:
        version = str(Version(fields.get("version", upload.version)))
    except InvalidVersion as exc:
        raise Refusal(400, f"the form says version {fields['version'][:100]}, which is none") from exc
    if version != upload.version:
        raise Refusal(400, f"the form says version {version}; {upload.filename} says {upload.version}")
