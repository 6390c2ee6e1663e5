"""The table of files over the unpacked trees of one generation."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jackfield.errors import StoreError, WheelError
from jackfield.manifest import Pin


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


def build_table(pins: Sequence[Pin], trees: Mapping[str, Path]) -> dict[str, StoredFile]:
    """The table of files over several trees.

    Identical files for one path are shared, as are PEP 420 folders.

    Args:
        pins: the distributions.
        trees: sha256 of the wheel -> its unpacked tree.

    Raises:
        StoreError: two wheels hold different files for one path; both are named.
    """
    table: dict[str, StoredFile] = {}
    owners: dict[str, Pin] = {}
    for pin in pins:
        for path, (digest, size) in recorded_files(trees[pin.file.sha256]).items():
            there = table.get(path)
            if there is None:
                table[path] = StoredFile(pin.file.sha256, digest, size)
                owners[path] = pin
            elif there.digest != digest:
                other = owners[path]
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
    records = sorted(tree.glob("*.dist-info/RECORD"))
    if len(records) != 1:
        raise WheelError(f"{tree} holds {len(records)} RECORD files instead of one")
    with records[0].open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) == 3 and row[1]]
    return {path: (digest, int(size)) for path, digest, size in rows}
