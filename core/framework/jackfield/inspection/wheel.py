"""The whole inspection of one wheel, told in one function. Nothing of the wheel is run or unpacked to disk."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from io import SEEK_END
from typing import IO, TYPE_CHECKING

from jackfield.errors import WheelError
from jackfield.inspection.archive import UNREADABLE, WheelArchive, open_archive
from jackfield.inspection.dist_info import WheelName, check_wheel_file, parse_name, read_entry_points
from jackfield.inspection.metadata import read_metadata
from jackfield.inspection.paths import are_plain, check_contents, check_modules, check_one_distribution, check_paths
from jackfield.inspection.plugin import PluginPart, read_plugin
from jackfield.inspection.record import check_record
from jackfield.inspection.report import EntryPoint, Finding, WheelLimits, WheelReport

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_ORDER = {"refuse": 0, "quarantine": 1, "note": 2}
DEFAULT_LIMITS = WheelLimits()
_CHUNK = 256 * 1024


def inspect_wheel(
    path: Path,
    *,
    file: IO[bytes] | None = None,
    groups: Collection[str] | None = None,
    limits: WheelLimits = DEFAULT_LIMITS,
    strict: bool = False,
    sha256: str | None = None,
) -> WheelReport:
    """Say what a wheel is, and everything that is wrong with it, without running any of it.

    Args:
        path: the wheel; its file name counts.
        file: its bytes, where they lie elsewhere or in memory; it can be sought in, and is left open.
        groups: the entry-point groups that hold plugins; None takes every group that ends in `.plugins`.
        limits: bounds on sizes and counts, held before anything is read into memory.
        strict: as an upload is inspected: unknown keys in plugin.toml refuse the wheel, and so does METADATA that says
            more than lists and search take.
        sha256: of the bytes, where the caller has computed it.

    Returns:
        the report; ask `report.refusals`, or call `report.require_acceptable()`.

    Raises:
        WheelError: it is not a wheel at all: another file name, not a zip archive, cut short, over the bounds.
    """
    name = parse_name(path.name)
    try:
        with path.open("rb") if file is None else nullcontext(file) as opened:
            archive = open_archive(path.name, opened, limits)
            try:
                return _inspect(name, opened, archive, groups, sha256, strict=strict)
            finally:
                archive.close()
    except UNREADABLE as exc:
        raise WheelError(f"{path.name} is damaged: {exc}") from exc
    except OSError as exc:
        raise WheelError(f"{path.name} cannot be read: {exc.strerror or exc}") from exc


def _inspect(
    name: WheelName,
    file: IO[bytes],
    archive: WheelArchive,
    groups: Collection[str] | None,
    sha256: str | None,
    *,
    strict: bool,
) -> WheelReport:
    size = file.seek(0, SEEK_END)
    if sha256 is None:
        file.seek(0)
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
        sha256 = digest.hexdigest()
    paths = [info.orig_filename for info in archive.infos]
    findings = [] if are_plain(paths, archive.limits) else list(check_paths(paths, archive.limits))
    if findings or not archive.readable:
        # The archive itself is hostile: reading on would trust its directory.
        return WheelReport(
            name.distribution,
            name.version,
            tags=name.tags,
            findings=_sorted([*archive.findings, *findings]),
            sha256=sha256,
            size=size,
        )
    files = archive.hash_files()
    by_path = {file.path: file for file in files}
    info_folder, folder_findings = _info_folder(list(by_path), name)
    findings += folder_findings
    findings += check_modules(by_path, name.canonical)
    if info_folder is None:
        return WheelReport(
            name.distribution,
            name.version,
            files=files,
            tags=name.tags,
            findings=_sorted(findings),
            sha256=sha256,
            size=size,
        )

    findings += check_one_distribution(by_path, name.stem, info_folder)
    record_path = f"{info_folder}/RECORD"
    record = archive.read_text(record_path)
    if record is None:
        findings.append(Finding("record-absent", "refuse", "the wheel has no RECORD", record_path))
    else:
        findings += check_record(record, record_path, by_path)
    wheel_file = archive.read_text(f"{info_folder}/WHEEL")
    if wheel_file is None:
        findings.append(Finding("wheel-file", "refuse", "the wheel has no WHEEL file", f"{info_folder}/WHEEL"))
    else:
        findings += check_wheel_file(wheel_file, name, f"{info_folder}/WHEEL")
    metadata = archive.read_text(f"{info_folder}/METADATA")
    core = None
    if metadata is None:
        findings.append(Finding("metadata-invalid", "refuse", "the wheel has no METADATA", f"{info_folder}/METADATA"))
    else:
        core, metadata_findings = read_metadata(metadata, name, f"{info_folder}/METADATA", strict=strict)
        findings += metadata_findings
    entry_points, part = _plugin(archive, info_folder, groups, name.version, findings, strict=strict)
    findings += check_contents(by_path, is_plugin=part.entry_point is not None)
    findings += archive.findings
    return WheelReport(
        name=core.name if core else name.distribution,
        version=name.version,
        metadata=metadata or b"",
        requires_dist=core.requires_dist if core else (),
        requires_python=core.requires_python if core else "",
        manifest=part.manifest,
        manifest_bytes=part.manifest_bytes,
        plugin_id=part.entry_point.name if part.entry_point else None,
        entry_points=entry_points,
        files=files,
        findings=_sorted(findings),
        summary=core.summary if core else "",
        readme=core.readme if core else "",
        readme_type=core.readme_type if core else "text/plain",
        changelog=part.changelog,
        keywords=core.keywords if core else (),
        links=core.links if core else {},
        tags=name.tags,
        package=part.package,
        sha256=sha256,
        size=size,
    )


def _plugin(
    archive: WheelArchive,
    info_folder: str,
    groups: Collection[str] | None,
    version: str,
    findings: list[Finding],
    *,
    strict: bool,
) -> tuple[tuple[EntryPoint, ...], PluginPart]:
    """Entry points and the plugin among them; what is wrong goes into `findings`."""
    path = f"{info_folder}/entry_points.txt"
    data = archive.read_text(path, archive.limits.entry_points_bytes)
    if data is None:
        return (), PluginPart()
    entry_points, problems = read_entry_points(data, path)
    part, plugin_findings = read_plugin(archive, entry_points, groups, version=version, strict=strict)
    findings += [*problems, *plugin_findings]
    return entry_points, part


def _info_folder(paths: list[str], name: WheelName) -> tuple[str | None, list[Finding]]:
    """The one .dist-info folder, which must carry the name and version of the file (PEP 427)."""
    folders = sorted(
        {path.split("/")[0] for path in paths if path.split("/")[0].endswith(".dist-info") and "/" in path}
    )
    if len(folders) != 1:
        listed = ", ".join(folders) or "none"
        return None, [Finding("dist-info", "refuse", f"a wheel has one .dist-info folder; this one has {listed}")]
    folder = folders[0]
    if folder == f"{name.stem}.dist-info":
        return folder, []  # as every builder writes it
    distribution, _, version = folder.removesuffix(".dist-info").rpartition("-")
    try:
        inner = parse_name(f"{distribution}-{version}-py3-none-any.whl")
    except WheelError:
        inner = None
    if inner is None or (inner.canonical, inner.version) != (name.canonical, name.version):
        message = f"the folder {folder} does not carry the file's name {name.distribution} and version {name.version}"
        return None, [Finding("name-mismatch", "refuse", message, folder)]
    return folder, []


def _sorted(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: _ORDER[finding.severity]))
