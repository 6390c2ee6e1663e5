"""The zip around a wheel: read under bounds, and refused where two readers could see two different archives."""

from __future__ import annotations

import hashlib
import stat
import struct
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

from jackfield.errors import WheelError
from jackfield.inspection.directory import LARGEST_ARCHIVE, SMALL_FILE, plain_entries
from jackfield.inspection.layout import check_layout
from jackfield.inspection.report import Finding, WheelFile, WheelLimits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jackfield.inspection.directory import Entry

_END = struct.Struct("<4s4H2LH")  # end of central directory record, APPNOTE.TXT 4.3.16
_ENCRYPTED = 0x1
_CHUNK = 256 * 1024
_KNOWN_FLAGS = 0x080E  # how hard the packer tried, where sizes stand, and UTF-8
_DIRECTORY_BYTES_A_FILE = 1024  # 46 fixed, a path of at most 255 characters in UTF-8, extra fields of common writers


class WheelArchive:
    """One open wheel. Make it with `open_archive`; `findings` holds what is wrong with the zip itself.

    Nothing may be read from an archive whose findings refuse it: `readable` says so.

    Args:
        file: its bytes.
        infos: its entries.
        limits: bounds.
        archive: as zipfile reads it, where it has been opened.
    """

    def __init__(
        self,
        file: IO[bytes],
        infos: Sequence[Entry | zipfile.ZipInfo],
        limits: WheelLimits,
        archive: zipfile.ZipFile | None = None,
    ) -> None:
        self._file = file
        self.limits = limits
        self.findings: list[Finding] = []
        self._starts: dict[int, int] = {}
        self._kept: dict[str, bytes] = {}
        self._archive = archive
        self.infos = infos
        self._names = {info.filename for info in infos}

    @property
    def readable(self) -> bool:
        """True while no finding forbids to unpack."""
        return not any(finding.severity == "refuse" for finding in self.findings)

    @property
    def members(self) -> list[Entry | zipfile.ZipInfo]:
        """Every entry that is a file."""
        return [info for info in self.infos if not _is_folder(info)]

    def note_starts(self, starts: dict[int, int]) -> None:
        """Keep where each file's own bytes begin, by the place of its header."""
        self._starts = starts

    def refuse(self, code: str, message: str, path: str = "") -> None:
        """Add a finding for which nobody may install the wheel."""
        self.findings.append(Finding(code, "refuse", message, path))

    def close(self) -> None:
        """Let go of the file, which stays open."""
        if self._archive is not None:
            self._archive.close()

    def read_text(self, path: str, most_bytes: int | None = None) -> bytes | None:
        """The bytes of one small file, or None if it is absent; too large a one is refused by name.

        Args:
            path: in the archive.
            most_bytes: that it may have; None for what any text may.
        """
        if path not in self._names:
            return None
        most = self.limits.text_bytes if most_bytes is None else most_bytes
        kept = self._kept.get(path)
        size = self._opened().getinfo(path).file_size if kept is None else len(kept)
        if size > most:
            self.refuse("too-large", f"{path} has {size} bytes, more than {most}", path)
            return None
        return self._opened().read(path) if kept is None else kept

    def _opened(self) -> zipfile.ZipFile:
        if self._archive is None:
            self._archive = zipfile.ZipFile(self._file)
        return self._archive

    def hash_files(self) -> tuple[WheelFile, ...]:
        """Unpack every file into nothing, in pieces, and return what it really holds.

        Raises:
            WheelError: a file is cut short, or does not hold what its checksum says.
        """
        files, left = [], self.limits.text_bytes
        for info in self.members:
            data = self._unpack_small(info)
            if data is None:
                files.append(self._hash_in_pieces(info))
                continue
            if len(data) <= left:
                left -= len(data)
                self._kept[info.filename] = data  # the texts among them are read next
            files.append(WheelFile(info.filename, len(data), hashlib.sha256(data).hexdigest()))
        return tuple(files)

    def _hash_in_pieces(self, info: Entry | zipfile.ZipInfo) -> WheelFile:
        digest, size = hashlib.sha256(), 0
        with self._opened().open(info.filename) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
        if size != info.file_size:
            raise WheelError(f"{info.filename} ends after {size} of {info.file_size} bytes")
        return WheelFile(info.filename, size, digest.hexdigest())

    def _unpack_small(self, info: Entry | zipfile.ZipInfo) -> bytes | None:
        """The bytes of a small file, or None for one that zipfile should read; its layout has been checked.

        zipfile makes four objects and reads the header again for each file, which takes longer than to unpack one.
        """
        start = self._starts.get(info.header_offset)
        if start is None or max(info.file_size, info.compress_size) > SMALL_FILE or info.flag_bits & ~_KNOWN_FLAGS:
            return None
        self._file.seek(start)
        data = self._file.read(info.compress_size)
        if info.compress_type == zipfile.ZIP_DEFLATED:
            stream = zlib.decompressobj(-zlib.MAX_WBITS)
            data = stream.decompress(data, info.file_size + 1)
        if len(data) != info.file_size:
            raise zipfile.BadZipFile(f"{info.filename} does not hold the {info.file_size} bytes that its header says")
        if zlib.crc32(data) != info.CRC:
            raise zipfile.BadZipFile(f"{info.filename} does not hold what its checksum says")
        return data


def open_archive(name: str, file: IO[bytes], limits: WheelLimits) -> WheelArchive:
    """Open a wheel and look at its structure; no file in it is unpacked.

    Args:
        name: of the wheel, for what is said of it.
        file: its bytes; whoever opened them closes them.
        limits: bounds.

    Raises:
        WheelError: it is not a zip archive, is cut short, or its directory cannot be read under the bounds.
    """
    try:
        size, directory, count = _check_end(file, limits)
        if size <= LARGEST_ARCHIVE:
            file.seek(0)
            plain = plain_entries(file.read(), directory, count, limits)
            if plain is not None:
                opened = WheelArchive(file, plain, limits)
                opened.note_starts({entry.header_offset: entry.start for entry in plain})
                return opened
        archive = zipfile.ZipFile(file)
    except UNREADABLE as exc:
        raise WheelError(f"{name} is not a zip archive: {exc}") from exc
    infos = archive.infolist()
    opened = WheelArchive(file, infos, limits, archive)
    try:
        _check_entries(opened)
        if opened.readable:
            starts, findings = check_layout(infos, archive.start_dir, file)
            opened.note_starts(starts)
            opened.findings += findings
    except BaseException:
        archive.close()
        raise
    return opened


# What zipfile and zlib raise for bytes that make no sense; translated once, by whoever calls them.
UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def _check_end(file: IO[bytes], limits: WheelLimits) -> tuple[int, int, int]:
    """Read the last record before zipfile does: it would hold a directory of any size in memory.

    Returns:
        the size of the archive, the place of its directory, and the number of entries there.
    """
    size = file.seek(0, 2)
    if size > limits.archive_bytes:
        raise WheelError(f"the wheel has {size} bytes, more than {limits.archive_bytes}")
    if size < _END.size:
        raise WheelError("the wheel is cut short: it ends before a zip archive could")
    tail_size = min(size, _END.size + 20)
    file.seek(size - tail_size)
    tail = file.read(tail_size)
    signature, disk, start_disk, here, count, directory_size, offset, comment = _END.unpack(tail[-_END.size :])
    if signature != b"PK\5\6" or comment:
        # A comment, or bytes after the end, let two readers find two different ends (zip confusion).
        raise WheelError("the wheel is cut short, is no zip archive, or has bytes after its end")
    if tail[: -_END.size][:4] == b"PK\6\7":
        raise WheelError("the wheel is a zip64 archive: none under the bounds needs to be")
    if disk or start_disk or here != count:
        raise WheelError("the wheel is one part of an archive in several parts")
    if count > limits.files or directory_size > limits.files * _DIRECTORY_BYTES_A_FILE:
        raise WheelError(f"the wheel has too many files: {count}, with a directory of {directory_size} bytes")
    if offset + directory_size + _END.size != size:
        raise WheelError("the wheel has bytes before its first file or after its directory")
    return size, offset, count


def _is_folder(info: Entry | zipfile.ZipInfo) -> bool:
    return info.filename.endswith("/")  # `is_dir` fails for an entry without a name


def _check_entries(archive: WheelArchive) -> None:
    """Bounds, types and encryption, all from the directory."""
    limits, total, packed = archive.limits, 0, 0
    if len(archive.infos) > limits.files:
        archive.refuse("too-many-files", f"the wheel has {len(archive.infos)} files, more than {limits.files}")
    for info in archive.infos:
        name = info.filename
        total += info.file_size
        packed += info.compress_size
        if info.flag_bits & _ENCRYPTED:
            archive.refuse("encrypted", f"{name} is encrypted", name)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            archive.refuse("compression", f"{name} is packed by method {info.compress_type}; deflate is used", name)
        _check_kind(archive, info)
        if info.file_size > limits.file_bytes:
            archive.refuse("zip-bomb", f"{name} unpacks to {info.file_size} bytes, more than {limits.file_bytes}", name)
        elif info.file_size > limits.ratio_free_bytes:
            _check_ratio(archive, name, info.file_size, info.compress_size, path=name)
    if total > limits.total_bytes:
        archive.refuse("zip-bomb", f"the wheel unpacks to {total} bytes, more than {limits.total_bytes}")
    elif total > limits.ratio_free_bytes:
        _check_ratio(archive, "the wheel", total, packed)


def _check_ratio(archive: WheelArchive, what: str, size: int, packed: int, *, path: str = "") -> None:
    if size > archive.limits.ratio * max(packed, 1):
        times = size // max(packed, 1)
        archive.refuse("zip-bomb", f"{what} unpacks to {times} times its size, more than {archive.limits.ratio}", path)


def _check_kind(archive: WheelArchive, info: Entry | zipfile.ZipInfo) -> None:
    """Take files and folders, each with a name."""
    name, mode = info.filename, info.external_attr >> 16
    if stat.S_ISLNK(mode):
        archive.refuse("symlink", f"{name} is a symbolic link", name)
    elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        archive.refuse("special-file", f"{name} is neither a file nor a folder", name)
    elif stat.S_IMODE(mode) & (stat.S_ISUID | stat.S_ISGID):
        archive.refuse("special-file", f"{name} would run with another user's rights (setuid)", name)
    if not name:
        archive.refuse("unsafe-name", "a file of the wheel has no name", name)
    if _is_folder(info) and info.file_size:
        archive.refuse("special-file", f"{name} is a folder that holds {info.file_size} bytes", name)
