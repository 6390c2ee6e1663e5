"""RECORD against what is in the archive (PEP 376, PEP 427)."""

from __future__ import annotations

import base64
import csv
import re
from typing import TYPE_CHECKING

from jackfield.inspection.report import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jackfield.inspection.report import WheelFile

# What the csv module, or `splitlines` before it, may take for more than a letter between two commas.
_QUOTED = re.compile(r'["\x00-\x09\x0b-\x1f]')


def check_record(record: bytes, record_path: str, files: Mapping[str, WheelFile]) -> Iterator[Finding]:
    """Findings where RECORD and the archive disagree: missing, extra, twice, another hash, another size.

    Args:
        record: the bytes of RECORD.
        record_path: its own path, which it lists without a hash; signatures beside it need not be listed.
        files: path -> what the archive really holds.
    """
    if record.isascii() and _is_plain(record.decode("ascii"), record_path, files):
        return
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


def _is_plain(record: str, record_path: str, files: Mapping[str, WheelFile]) -> bool:
    """Tell whether RECORD has just the lines that a builder writes who has nothing to quote, in whatever order."""
    lines = record.removesuffix("\n").split("\n")
    if len(lines) != len(files) or record.count(",") != 2 * len(lines) or _QUOTED.search(record):
        return False
    if f"{record_path}.jws" in files or f"{record_path}.p7s" in files:
        return False  # made after RECORD, which must not say what they hold
    expected = {
        f"{path},sha256={_urlsafe(file.sha256)},{file.size}" if path != record_path else f"{path},,"
        for path, file in files.items()
    }
    return expected == set(lines)


def _urlsafe(sha256: str) -> str:
    """The digest as RECORD writes it (PEP 376)."""
    return base64.urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode()


def _check_row(file: WheelFile, hash_text: str, size_text: str) -> Iterator[Finding]:
    algorithm, _, encoded = hash_text.partition("=")
    if algorithm != "sha256":
        # PEP 427 allows stronger ones too, but every writer uses this; a second pass over all files for the sake
        # of none would be work for an attacker to ask for.
        named = algorithm or "no hash"
        yield Finding("record-weak-hash", "refuse", f"RECORD holds {file.path} by {named}, not by sha256", file.path)
    else:
        if encoded != _urlsafe(file.sha256):
            yield Finding(
                "record-mismatch", "refuse", f"{file.path} does not have the hash that RECORD says", file.path
            )
    if size_text != str(file.size):
        said = size_text or "nothing"
        yield Finding("record-mismatch", "refuse", f"{file.path} has {file.size} bytes; RECORD says {said}", file.path)
