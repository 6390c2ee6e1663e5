"""Whether an unpacked wheel is still what was unpacked: by its stamp in a moment, by hashes in full.

The import finder reads the store's trees directly, so nothing stands between an edited file and the next generation
but this. `stamp.json` beside a tree holds for each file its hash (RECORD's, and one for the bytecode made here) with
size and times. A file whose size and times are as stamped is taken as unchanged, as git does it with its index; any
other is hashed. A full look hashes everything, also the wheel, whose hash is the entry's name.

It tells accidents, bit rot and edits by hand. Whoever may write to the user's data folder on purpose may do anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from jackfield.store.generations import TREE
from jackfield.store.glances import Glance
from jackfield.store.table import recorded_files

STAMP = "stamp.json"
"""Beside a tree: path -> hash, size in bytes, mtime and ctime in nanoseconds."""

Row = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class Damage:
    """One file of the store that is not what was installed.

    Args:
        sha256: the wheel's, which is the entry's name.
        path: below the entry's folder: `tree/…`, the wheel's file name, or `stamp.json`.
        what: `changed`, `missing`, `added` (nothing of the wheel) or `unreadable`.
    """

    sha256: str
    path: str
    what: str

    def __str__(self) -> str:
        """As a sentence has it: `chat_poll/__init__.py was changed`."""
        name = self.path.removeprefix(f"{TREE}/")
        words = {"changed": "was changed", "missing": "is missing", "added": "was added"}
        return f"{name} {words.get(self.what, 'cannot be read')}"


def write_stamp(entry: Path) -> None:
    """Write the stamp of an entry whose tree has just been verified.

    Raises:
        OSError: it cannot be written.
        WheelError: the tree has no RECORD.
    """
    tree = entry / TREE
    recorded = recorded_files(tree)
    rows: dict[str, Row] = {}
    for path, status in _walk(tree)[0].items():
        digest = recorded[path][0] if path in recorded else file_digest(tree / path)
        rows[path] = (digest, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    draft = entry / f"{STAMP}.new"
    draft.write_text(json.dumps(rows, separators=(",", ":")), encoding="utf-8")
    draft.replace(entry / STAMP)


def examine(entry: Path, *, thorough: bool = False) -> tuple[tuple[Damage, ...], Glance | None]:
    """Look at one entry of the store.

    Args:
        entry: its folder, named by the wheel's sha256.
        thorough: hash every file and the wheel, instead of those only whose size or times changed.

    Returns:
        everything in it that is not as it was unpacked; and, where there is nothing, what it looks like.
    """
    tree, sha256 = entry / TREE, entry.name
    try:
        seen = {str(entry / STAMP): (entry / STAMP).lstat()}
        rows: dict[str, Row] = {path: (*row,) for path, row in json.loads((entry / STAMP).read_bytes()).items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return (Damage(sha256, STAMP, "unreadable"),), None
    found: list[Damage] = []
    files: dict[str, os.stat_result] = {}
    try:
        files, folders = _walk(tree)
        seen |= {f"{tree}/{path}": status for path, status in (*folders.items(), *files.items())}
        for path, status in files.items():
            if path not in rows:
                if not _is_bytecode(path):
                    found.append(Damage(sha256, f"{TREE}/{path}", "added"))
            elif thorough or (status.st_size, status.st_mtime_ns, status.st_ctime_ns) != rows[path][1:]:
                what = _difference(tree / path, status, rows[path][0])
                if what:
                    found.append(Damage(sha256, f"{TREE}/{path}", what))
    except OSError:
        found.append(Damage(sha256, TREE, "unreadable"))
    found += [Damage(sha256, f"{TREE}/{path}", "missing") for path in sorted(rows.keys() - files.keys())]
    if thorough:
        found += wheel_damage(entry)
    return tuple(found), None if found else Glance.of(seen)


def wheel_in(entry: Path) -> Path | None:
    """The stored wheel of an entry, as it was downloaded; None if it is not here."""
    try:
        return next(entry.glob("*.whl"), None)
    except FileNotFoundError:  # somebody took the entry away in the moment between `glob`'s two looks at it
        return None


def wheel_damage(entry: Path) -> tuple[Damage, ...]:
    """What is wrong with the stored wheel itself; hashes it."""
    wheel = wheel_in(entry)
    if wheel is None:
        return (Damage(entry.name, "*.whl", "missing"),)
    try:
        same = bytes.fromhex(entry.name) == _hash(wheel)
    except (OSError, ValueError):
        return (Damage(entry.name, wheel.name, "unreadable"),)
    return () if same else (Damage(entry.name, wheel.name, "changed"),)


def file_digest(path: Path) -> str:
    """The hash of a file as RECORD writes it: sha256, urlsafe base64 without padding."""
    return "sha256=" + base64.urlsafe_b64encode(_hash(path)).rstrip(b"=").decode()


def _hash(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _difference(path: Path, status: os.stat_result, digest: str) -> str:
    if not S_ISREG(status.st_mode):
        return "changed"
    try:
        return "" if file_digest(path) == digest else "changed"
    except OSError:
        return "unreadable"


def _is_bytecode(path: str) -> bool:
    """Another Python may have compiled for itself; such a file is no part of what was installed, and no damage."""
    return "__pycache__/" in path and path.endswith(".pyc")


def _walk(root: Path) -> tuple[dict[str, os.stat_result], dict[str, os.stat_result]]:
    """Every file below a folder, links included and not followed, and every folder; each with its status.

    A folder's status is taken before its names: what comes later makes it another one.
    """
    files: dict[str, os.stat_result] = {}
    folders: dict[str, os.stat_result] = {}
    pending = [""]
    while pending:
        prefix = pending.pop()
        place = f"{root}/{prefix}"
        folders[prefix] = os.lstat(place)
        with os.scandir(place) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                path = f"{prefix}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    pending.append(f"{path}/")
                else:
                    files[path] = entry.stat(follow_symlinks=False)
    return files, folders
