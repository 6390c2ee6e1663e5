"""The table of files over the unpacked trees of one generation."""

from __future__ import annotations

import csv
import os
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from jackfield.errors import StoreError, WheelError
from jackfield.manifest import Pin, fingerprint, tells_origin
from jackfield.store.glances import Stamp, stamp_of

_KEPT_RECORDS = 4096


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One row of the table of files.

    Args:
        wheel: the sha256 of the wheel that it comes from.
        digest: its hash as RECORD writes it.
        size: in bytes.
    """

    wheel: str
    digest: str
    size: int


def build_table(pins: Sequence[Pin], tree_of: Callable[[str], Path]) -> dict[str, StoredFile]:
    """The table of files over several trees.

    Identical files for one path are shared, as are PEP 420 folders.

    Args:
        pins: the distributions.
        tree_of: sha256 of a wheel -> its unpacked tree.

    Raises:
        StoreError: two wheels hold different files for one path; both are named.
    """
    table: dict[str, StoredFile] = {}
    for pin in pins:
        for path, row in _rows(pin.file.sha256, tree_of(pin.file.sha256)).items():
            there = table.setdefault(path, row)
            if there is not row and there.digest != row.digest:
                other = next(one for one in pins if one.file.sha256 == there.wheel)
                raise StoreError(
                    f"{pin.distribution} {pin.version} and {other.distribution} {other.version} hold different files"
                    f" for {path}",
                    plugin=pin.id or other.id,
                    hint="only one of them can be installed",
                )
    return table


def recorded_files(tree: Path) -> dict[str, tuple[str, int]]:
    """Path -> (hash as RECORD writes it, size in bytes) of an unpacked tree, without the RECORD itself.

    Raises:
        WheelError: the tree has no RECORD, or not exactly one.
    """
    return {path: (row.digest, row.size) for path, row in _rows("", tree).items()}


@lru_cache(_KEPT_RECORDS)
def contents_of(tree: Path) -> str:
    """The fingerprint of the code in an unpacked tree, which never changes; by what RECORD says of it.

    Raises:
        WheelError, OSError: the tree is not there, or damaged.
    """
    return fingerprint(
        urlsafe_b64decode(f"{digest.partition('=')[2]}=").hex()
        for path, (digest, size) in recorded_files(tree).items()
        if tells_origin(path, size)
    )


def _rows(wheel: str, tree: Path) -> Mapping[str, StoredFile]:
    """The rows of a tree's RECORD, read anew only where it is another file by now."""
    root = str(tree)
    found: list[tuple[str, Stamp]] = []
    for name in os.listdir(root):  # noqa: PTH208 - names alone, for each wheel of a set at each change
        if name.endswith(".dist-info"):
            record = f"{root}/{name}/RECORD"
            try:
                found.append((record, stamp_of(record)))
            except FileNotFoundError:
                continue
    if len(found) != 1:
        raise WheelError(f"{tree} holds {len(found)} RECORD files instead of one")
    return _read(wheel, *found[0])


@lru_cache(_KEPT_RECORDS)
def _read(wheel: str, record: str, _stamp: Stamp) -> Mapping[str, StoredFile]:
    with Path(record).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) == 3 and row[1]]
    return MappingProxyType({path: StoredFile(wheel, digest, int(size)) for path, digest, size in rows})
