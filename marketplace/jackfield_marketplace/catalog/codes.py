"""What code the published wheels hold: read from their bytes, once each, before the transaction that decides by it."""

from __future__ import annotations

import base64
import csv
import io
import zipfile
from pathlib import Path

from jackfield.errors import JackfieldError
from jackfield.inspection import WheelLimits, fingerprint, inspect_wheel, payload
from jackfield.manifest import tells_origin

from jackfield_marketplace.catalog.contents import Contents
from jackfield_marketplace.db import File


class Codes:
    """Reads wheels, and remembers what it read: bytes behind a hash never change, so that it holds in any transaction.

    A transaction that writes keeps every other writer waiting. What it needs to know of thousands of wheels is read
    before it, over the same question, and found here again; only of what came between is a wheel read within.

    Args:
        contents: has the bytes of the wheels.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._marks: dict[str, str] = {}
        self._parts: dict[str, frozenset[str]] = {}

    def mark(self, file: File) -> str:
        """The fingerprint of a wheel by its RECORD, which its upload was held to; empty where its bytes are gone."""
        found = self._marks.get(file.sha256)
        if found is None:
            found = self._marks[file.sha256] = _mark(file.sha256, self._contents)
        return found

    def parts(self, file: File) -> frozenset[str]:
        """The sha256 of each file of code in a wheel (`jackfield.inspection.payload`).

        Raises:
            JackfieldError: its bytes are gone, or cannot be read.
        """
        found = self._parts.get(file.sha256)
        if found is None:
            body = self._contents.read(file.sha256)
            if body is None:
                raise JackfieldError(
                    f"the bytes of {file.filename} are gone", hint="revoke it by its hash alone: --file"
                )
            report = inspect_wheel(Path(file.filename), file=io.BytesIO(body), limits=WheelLimits())
            found = self._parts[file.sha256] = payload(report)
        return found


def _mark(sha256: str, contents: Contents) -> str:
    found = contents.find(sha256)
    try:
        with zipfile.ZipFile(io.BytesIO(found) if isinstance(found, bytes) else found or io.BytesIO()) as wheel:
            record = next(name for name in wheel.namelist() if name.endswith(".dist-info/RECORD"))
            rows = list(csv.reader(wheel.read(record).decode().splitlines()))
            return fingerprint(
                base64.urlsafe_b64decode(f"{row[1].partition('=')[2]}=").hex()
                for row in rows
                if len(row) == 3 and row[1] and tells_origin(row[0], int(row[2]))
            )
    except (zipfile.BadZipFile, OSError, StopIteration, ValueError):
        return ""
