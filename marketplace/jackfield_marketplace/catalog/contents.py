"""The bytes behind a hash: small files in the database, larger ones in the folder of blobs."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import IO

from sqlalchemy import bindparam, insert, or_, select

from jackfield_marketplace.blobs import DiskBlobs
from jackfield_marketplace.db import Content, Database, Direct, File, Prepared

SMALL_BYTES = 64 * 1024
"""A file of up to this size lies in the database: SQLite is the faster file system, without an fsync for each."""

_DATA = Prepared(select(Content.data).where(Content.sha256 == bindparam("sha256")))
_NEW = select(bindparam("sha256", type_=Content.sha256.type), bindparam("data", type_=Content.data.type)).where(
    ~select(Content.sha256).where(Content.sha256 == bindparam("sha256")).exists()
)
_INSERT_NEW = Prepared(insert(Content).from_select(["sha256", "data"], _NEW))

_SHA256 = bindparam("sha256", type_=File.sha256.type)
_POINTS_TO = Prepared(
    select(File.id)
    .where(
        or_(
            File.sha256 == _SHA256,
            File.metadata_sha256 == _SHA256,
            File.manifest_sha256 == _SHA256,
            File.attestation_sha256 == _SHA256,
        )
    )
    .limit(1)
)


class Contents:
    """Files by content, for rows of the catalogue to point to.

    A small file is written by the transaction that points to it: after a power cut both are there or neither is. A
    larger one is on disk, data and name, before that transaction ends.

    Args:
        database: holds the small ones.
        blobs: holds the others.
    """

    def __init__(self, database: Database, blobs: DiskBlobs) -> None:
        self._database = database
        self._blobs = blobs

    def add(self, direct: Direct, sha256: str, file: IO[bytes], size: int) -> None:
        """Store a file whose sha256 and size in bytes the caller has computed; without work where it is there.

        What is added to the folder goes again where the transaction is undone.
        """
        file.seek(0)
        if size <= SMALL_BYTES:
            self.add_text(direct, sha256, file.read())
        elif self._blobs.path(sha256) is None:
            self._blobs.doubt(sha256)
            direct.if_undone += [partial(self._blobs.remove, sha256), partial(self._blobs.settle, sha256)]
            direct.if_kept.append(partial(self._blobs.settle, sha256))
            self._blobs.add_file(file, sha256)

    def add_text(self, direct: Direct, sha256: str, data: bytes) -> None:
        """Store what is in memory already, as `add` does."""
        if len(data) > SMALL_BYTES:
            self.add(direct, sha256, io.BytesIO(data), len(data))
        else:
            direct.run(_INSERT_NEW, sha256=sha256, data=data)

    def sweep(self) -> None:
        """Remove what an upload had brought to the folder when its process was killed before the transaction's end.

        Only blobs of which the folder notes that they were being added are looked at: to remove whatever no row names
        would empty the folder of who starts with a database that was put back, or with none.
        """
        if not self._blobs.doubtful():
            return
        with self._database.write_directly() as direct:  # whoever else adds one does so in a transaction of their own
            for sha256 in self._blobs.doubtful():
                if direct.row(_POINTS_TO, sha256=sha256) is None:
                    self._blobs.remove(sha256)
                self._blobs.settle(sha256)

    def find(self, sha256: str) -> bytes | Path | None:
        """The bytes, or the path of the file that holds them, or None if nothing has this hash."""
        found = self._database.look_up(_DATA, sha256=sha256)
        return found[0] if found is not None else self._blobs.path(sha256)

    def read(self, sha256: str) -> bytes | None:
        """The bytes, or None if nothing has this hash."""
        found = self.find(sha256)
        return found.read_bytes() if isinstance(found, Path) else found
