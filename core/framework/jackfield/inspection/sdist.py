"""What can be told of a source distribution: its metadata, and that unpacking it stays in its folder.

Jackfield itself never builds one; the marketplace lists them for those who do.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import tarfile
import zlib
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from io import SEEK_END
from typing import IO, TYPE_CHECKING

from packaging.utils import InvalidSdistFilename, parse_sdist_filename

from jackfield.errors import WheelError
from jackfield.inspection.dist_info import WheelName
from jackfield.inspection.metadata import CoreMetadata, read_metadata
from jackfield.inspection.report import Finding, WheelLimits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEADER_BYTES = 4 * 1024
"""What is said of one file beside its content: a name, mostly. Up to a block of it, as is usual, is not counted."""
_HEADERS_BYTES = 512 * 1024
_LONG_NUMBER = re.compile(rb"[0-9]{200}")
_CHUNK = 256 * 1024
_UNREADABLE = (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, ValueError, UnicodeError)


@dataclass(frozen=True, slots=True)
class SdistReport:
    """What a source distribution says of itself; the fields are those of `WheelReport`."""

    name: str
    version: str
    metadata: bytes
    core: CoreMetadata | None
    findings: tuple[Finding, ...]
    sha256: str
    size: int

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The findings for which nobody may install it."""
        return tuple(finding for finding in self.findings if finding.severity == "refuse")


def inspect_sdist(path: Path, *, limits: WheelLimits, file: IO[bytes] | None = None) -> SdistReport:
    """Read a source distribution's PKG-INFO and the names of its files, as for an upload; nothing is unpacked or built.

    Args:
        path: a `.tar.gz`; its file name counts.
        limits: bounds, the same as a wheel's.
        file: its bytes, where they lie elsewhere or in memory; it can be sought in, and is left open.

    Raises:
        WheelError: it is not a source distribution, is cut short, or is over the bounds.
    """
    try:
        canonical, version = parse_sdist_filename(path.name)
    except InvalidSdistFilename as exc:
        raise WheelError(f"{path.name} is not the name of a source distribution: {exc}") from exc
    if not path.name.endswith(".tar.gz") or not path.name.isascii():
        raise WheelError(f"{path.name}: a source distribution is a .tar.gz (PEP 625)")
    name = WheelName(path.name.removesuffix(".tar.gz").rpartition("-")[0], canonical, str(version), ())
    try:
        with path.open("rb") if file is None else nullcontext(file) as opened:
            size = opened.seek(0, SEEK_END)
            if size > limits.archive_bytes:
                raise WheelError(f"{path.name} has {size} bytes, more than {limits.archive_bytes}")
            opened.seek(0)
            digest = hashlib.sha256()
            while chunk := opened.read(_CHUNK):
                digest.update(chunk)
            opened.seek(0)
            with gzip.GzipFile(fileobj=opened, mode="rb") as unpacked:
                metadata, findings = _scan(_Bounded(unpacked, limits), limits)
    except _UNREADABLE as exc:
        raise WheelError(f"{path.name} cannot be read: {exc}") from exc
    except OSError as exc:
        raise WheelError(f"{path.name} cannot be read: {exc.strerror or exc}") from exc
    core = None
    if metadata is None:
        findings.append(Finding("metadata-invalid", "refuse", "the source distribution has no PKG-INFO at its top"))
    else:
        core, metadata_findings = read_metadata(metadata, name, "PKG-INFO", strict=True)
        findings += metadata_findings
    return SdistReport(
        core.name if core else name.distribution,
        name.version,
        metadata or b"",
        core,
        tuple(findings),
        digest.hexdigest(),
        size,
    )


def _scan(file: _Bounded, limits: WheelLimits) -> tuple[bytes | None, list[Finding]]:
    """Walk the archive once; returns the bytes of PKG-INFO and what is wrong with the names."""
    metadata = None
    findings: list[Finding] = []
    with tarfile.open(fileobj=file, mode="r:") as archive:  # type: ignore[call-overload]  # read, seek and tell are all it uses
        for number, member in enumerate(archive, 1):
            if number > limits.files:
                raise WheelError(f"more than {limits.files} files")
            parts = member.name.split("/")
            if member.name.startswith("/") or ".." in parts:
                message = f"{member.name!a} leads out of the folder it is unpacked into"
                findings.append(Finding("path-escape", "refuse", message, member.name))
            elif member.isdev():
                findings.append(Finding("special-file", "refuse", f"{member.name} is a device", member.name))
            elif len(parts) == 2 and parts[1] == "PKG-INFO" and member.isfile() and metadata is None:
                stream = archive.extractfile(member)
                with file.reading():
                    metadata = None if stream is None else stream.read()
            archive.members = []  # the list that tarfile keeps grows with the archive
    return metadata, findings


class _Bounded:
    """A reader that gives at most so much in all and at once: tarfile reads a long name of any size in one piece.

    It takes names and the like apart by expressions that take time by the square of a number's length, or of a piece's.
    """

    def __init__(self, file: gzip.GzipFile, limits: WheelLimits) -> None:
        self._file = file
        self._limits = limits
        self._reads_file = False
        self._left = _HEADERS_BYTES

    @contextmanager
    def reading(self) -> Iterator[None]:
        """What is read within the block is a file's content, which nobody takes apart here."""
        self._reads_file = True
        try:
            yield
        finally:
            self._reads_file = False

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= self._limits.text_bytes:
            raise WheelError(f"one piece of it has {size} bytes, more than {self._limits.text_bytes}")
        data = self._file.read(size)
        if size > tarfile.BLOCKSIZE and not self._reads_file:
            self._left -= size
            if size > _HEADER_BYTES or self._left < 0:
                raise WheelError("it says more of its files, beside their content, than a name and a time")
            if _LONG_NUMBER.search(data):
                raise WheelError("it holds a number that nobody can mean, beside a file's content")
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence != 0 or offset > self._limits.total_bytes:
            raise WheelError(f"it unpacks to more than {self._limits.total_bytes} bytes")
        return self._file.seek(offset)

    def tell(self) -> int:
        return self._file.tell()
