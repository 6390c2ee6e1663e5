"""The folder of one marketplace's verified metadata, before python-tuf opens what lies in it.

python-tuf reads its files as they come: of a named pipe it would wait for ever, a huge file it would take into memory
whole, and a folder in the place of one it could never replace. So what cannot be metadata is taken away first; it is
fetched and verified anew. The newest root alone comes from nowhere else: what everything is trusted by.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Any

from jackfield.errors import TrustError
from jackfield.places import read_kept

LARGEST_BYTES = 5_000_000
"""Of one file of metadata."""
ABANDONED_SECONDS = 3600
"""What has lain half written for so long, its writer will not end any more."""

HISTORY = "root_history"
ROOT = "root.json"
_VERSIONED = re.compile(r"([0-9]{1,9})\.root\.json")


def read_metadata(path: Path) -> bytes:
    """One file of metadata.

    Raises:
        OSError: it is not there, no regular file, or larger than metadata is.
    """
    return read_kept(path, most_bytes=LARGEST_BYTES)


def read_json(data: bytes) -> Any:
    """What a file of metadata says; its signers may have put anything into it.

    Raises:
        ValueError: it is no JSON, or nested deeper than can be read.
    """
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def clear(folder: Path, *, first: bool) -> None:
    """Take away what has the name of metadata and cannot be it: pipes, folders, links to nowhere, huge files.

    Args:
        folder: that python-tuf keeps it in.
        first: whether it is the first contact: then every root that lies here is of one that was broken off, perhaps
            since somebody else answered, and must never pass for one that was verified.

    Raises:
        OSError: something cannot be looked at, or taken away.
    """
    if first:
        _remove(folder / HISTORY)
    for place in (folder, folder / HISTORY):
        if not place.is_dir():
            _remove(place)
            continue
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.name.endswith(".json") and not _may_be_metadata(entry):
                    _remove(Path(entry.path))


def sweep(folder: Path) -> None:
    """Take away what was being written when its process was killed: nobody would ever look at it again.

    python-tuf writes each file of metadata under a name of its own first. Nobody else does meanwhile: whoever calls
    this holds the lock of the folder. What is written beside it, without the lock, goes once it is old.

    Args:
        folder: that python-tuf keeps the metadata of one marketplace in; it lies in that of the marketplace, and
            this one in that of all of them.
    """
    with contextlib.suppress(OSError):  # it costs room, no more
        for path in folder.glob(f"{tempfile.gettempprefix()}*"):
            if path.suffix != ".json":
                _remove(path)
        beside, above = folder.parent, folder.parent.parent
        before = time.time() - ABANDONED_SECONDS
        for path in (*beside.glob("*.[0-9]*"), *above.glob(".new-*"), *above.glob(".old-*")):
            if path.lstat().st_mtime < before:
                _remove(path)


def newest_root(folder: Path, url: str, pinned: str = "") -> bytes:
    """The newest root that was verified.

    A process that ends while python-tuf exchanges the link to it leaves none; then it is the last of the history.

    Args:
        folder: that python-tuf keeps it in.
        url: of the marketplace, for the sentence.
        pinned: the sha256 of the root that all others come after; empty where none was.

    Raises:
        TrustError: it is gone, or damaged, or the first root that lies here is another than the one that was pinned.
    """
    path, roots = folder / ROOT, _history(folder)
    if not path.exists() and roots:
        path = roots[max(roots)]
    try:
        data = read_metadata(path)
        read_json(data)
    except (OSError, ValueError) as error:
        why = (error.strerror or str(error)) if isinstance(error, OSError) else "it is no JSON"
        raise _damaged(url, path, why) from error
    # What a later root was verified by may be lost; a first one that is not the pinned one was verified by nothing.
    begins = not roots or data == _content(roots[min(roots)])
    if pinned and begins and hashlib.sha256(data).hexdigest() != pinned:
        raise _damaged(url, path, "it is not the one that was pinned")
    return data


def _history(folder: Path) -> dict[int, Path]:
    """The roots by their version; a file of another name is none of them."""
    found = ((_VERSIONED.fullmatch(one.name), one) for one in (folder / HISTORY).glob("*.root.json"))
    return {int(match[1]): one for match, one in found if match is not None}


def _content(path: Path) -> bytes | None:
    try:
        return read_metadata(path)
    except OSError:
        return None


def _damaged(url: str, path: Path, why: str) -> TrustError:
    return TrustError(
        f"the root by which {url} is known is damaged: {path}: {why}",
        hint=f"jackfield trust forget {url} meets it anew; compare its root then with what its operator says",
    )


def _may_be_metadata(entry: os.DirEntry[str]) -> bool:
    try:
        status = entry.stat()
    except OSError:
        return False  # a link to nothing, or to itself
    return stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST_BYTES


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
