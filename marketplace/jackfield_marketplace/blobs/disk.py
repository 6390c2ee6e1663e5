"""Blobs in a folder: written once under their hash, never changed."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import IO

_SHA256 = re.compile(r"[0-9a-f]{64}")
# No folder of blobs begins so.
_UNFINISHED = "tmp"
_IN_DOUBT = "new-"


class DiskBlobs:
    """A content-addressed folder, `<first two>/<sha256>`.

    Args:
        folder: where the blobs lie; made when missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path | None:
        """Where the blob lies, or None if it is not there or `sha256` is no hash."""
        if not _SHA256.fullmatch(sha256):
            return None
        path = self.folder / sha256[:2] / sha256
        return path if path.is_file() else None

    def add_bytes(self, data: bytes) -> str:
        """Store `data`; returns its sha256 in hex."""
        sha256 = hashlib.sha256(data).hexdigest()
        if self.path(sha256) is None:
            self._write(io.BytesIO(data), sha256)
        return sha256

    def add_file(self, source: IO[bytes], sha256: str) -> None:
        """Store a copy of `source` from where it stands; the caller has computed its sha256."""
        if self.path(sha256) is None:
            self._write(source, sha256)

    def remove(self, sha256: str) -> None:
        """Forget a blob that nothing points to."""
        path = self.path(sha256)
        if path is not None:
            path.unlink(missing_ok=True)

    def doubt(self, sha256: str) -> None:
        """Note that a blob is about to be added to which nothing points yet; the note outlasts this process."""
        (self.folder / f"{_IN_DOUBT}{sha256}").touch()

    def settle(self, sha256: str) -> None:
        """Take the note away: something points to the blob, or it is gone."""
        (self.folder / f"{_IN_DOUBT}{sha256}").unlink(missing_ok=True)

    def doubtful(self) -> list[str]:
        """The sha256 of every blob of which such a note is left."""
        return [path.name.removeprefix(_IN_DOUBT) for path in self.folder.glob(f"{_IN_DOUBT}*")]

    def clear(self) -> None:
        """Remove what a process was writing when it was killed; nobody may be writing meanwhile."""
        for path in self.folder.glob(f"{_UNFINISHED}*"):
            path.unlink(missing_ok=True)

    def _write(self, source: IO[bytes], sha256: str) -> None:
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=_UNFINISHED, delete=False) as copy:
            try:
                shutil.copyfileobj(source, copy, 1024 * 1024)
                copy.flush()
                os.fsync(copy.fileno())
                self._place(Path(copy.name), sha256)
            except BaseException:
                Path(copy.name).unlink(missing_ok=True)  # of a full disk, it would keep what there is
                raise

    def _place(self, temporary: Path, sha256: str) -> None:
        """Rename into place and make the name itself durable: the database will point to it."""
        target = self.folder / sha256[:2] / sha256
        target.parent.mkdir(exist_ok=True)
        temporary.chmod(0o644)
        temporary.replace(target)
        for named in (target.parent, self.folder):  # the second one lists the first, which may be new
            folder = os.open(named, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
