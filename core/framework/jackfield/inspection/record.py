"""RECORD against what is in the archive (PEP 376, PEP 427)."""

from __future__ import annotations

import base64
import csv
from typing import TYPE_CHECKING

from jackfield.inspection.report import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jackfield.inspection.report import WheelFile


def check_record(record: bytes, record_path: str, files: Mapping[str, WheelFile]) -> Iterator[Finding]:
    """Findings where RECORD and the archive disagree: missing, extra, twice, another hash, another size.

    Args:
        record: the bytes of RECORD.
        record_path: its own path, which it lists without a hash; signatures beside it need not be listed.
        files: path -> what the archive really holds.
    """
    try:
        rows = list(csv.reader(record.decode("utf-8").splitlines(), strict=True))
    except (UnicodeDecodeError, csv.Error) as exc:
        yield Finding("record-broken", "refuse", f"RECORD cannot be read: {exc}", record_path)
        return
    unlisted = {record_path, f"{record_path}.jws", f"{record_path}.p7s"}
    listed: set[str] = set()
    for number, row in enumerate(rows, 1):
        if len(row) != 3:
            yield Finding(
                "record-broken", "refuse", f"line {number} of RECORD has {len(row)} columns, not 3", record_path
            )
            continue
        path, hash_text, size_text = row
        if path in listed:
            yield Finding("record-duplicate", "refuse", f"RECORD lists {path} twice", path)
            continue
        listed.add(path)
        if path not in files:
            yield Finding("record-missing-file", "refuse", f"RECORD lists {path}, which is not in the wheel", path)
        elif path in unlisted:
            if path != record_path or hash_text or size_text:
                message = f"RECORD says what {path} holds, which is made after it"
                yield Finding("record-broken", "refuse", message, path)
        else:
            yield from _check_row(files[path], hash_text, size_text)
    for path in files:
        if path not in listed and path not in unlisted:
            yield Finding("record-extra-file", "refuse", f"{path} is in the wheel and not in RECORD", path)


def _check_row(file: WheelFile, hash_text: str, size_text: str) -> Iterator[Finding]:
    algorithm, _, encoded = hash_text.partition("=")
    if algorithm != "sha256":
        # PEP 427 allows stronger ones too, but every writer uses this; a second pass over all files for the sake
        # of none would be work for an attacker to ask for.
        named = algorithm or "no hash"
        yield Finding("record-weak-hash", "refuse", f"RECORD holds {file.path} by {named}, not by sha256", file.path)
    else:
        if encoded != base64.urlsafe_b64encode(bytes.fromhex(file.sha256)).rstrip(b"=").decode():
            yield Finding(
                "record-mismatch", "refuse", f"{file.path} does not have the hash that RECORD says", file.path
            )
    if size_text != str(file.size):
        said = size_text or "nothing"
        yield Finding("record-mismatch", "refuse", f"{file.path} has {file.size} bytes; RECORD says {said}", file.path)
