"""Room in a zygote's memory that its workers shall not write to: each page they write to is from then on one more.

Python takes small objects from pools, each for objects of one size, and fills up begun ones first. In a process that
has loaded much these lie all over its memory, so that a few thousand objects of a worker would come to lie in a hundred
pages that it shared before. Where no begun pool is left, they lie side by side in a few new ones.
"""

import gc
import os
import re
import sys
from typing import Final

_MOST_BYTES: Final = 1 << 16
_OBJECT_BYTES: Final = object.__basicsize__
_NUMBER_BYTES: Final = 32  # the size of pool from which a whole number of 28 bytes is taken
_NUMBER: Final = 1_000_000  # not one of the small ones, of which each is there once
_OVERHEAD_BYTES: Final = bytes.__basicsize__
_FREE_BLOCKS: Final = re.compile(rb"^ *\d+ +(\d+) +\d+ +\d+ +(\d+)$", re.MULTILINE)
"""A line of the table of pools: number, size, pools, blocks in use, blocks that are free."""

_kept: Final[list[object]] = []


def fill_pools() -> None:
    """Fill up every pool that was begun; only for a process that collects nothing.

    Where Python was built with another allocator, which has none, nothing is done.
    """
    gc.freeze()
    gc.collect()  # what is frozen is not looked at: this lets go what is kept for reuse, which lies all over too
    gc.unfreeze()
    for size, count in _free_blocks():
        blocks: list[object] = [None] * count
        for place in range(count):
            blocks[place] = _block(size, place)
        _kept.append(blocks)


def _block(size: int, place: int) -> object:
    if size == _OBJECT_BYTES:
        return object()
    return _NUMBER + place if size == _NUMBER_BYTES else bytes(size - _OVERHEAD_BYTES)


def _free_blocks() -> list[tuple[int, int]]:
    """Return for each size how many blocks are free in its begun pools, as the interpreter tells its stderr."""
    told, stderr = os.memfd_create("pools"), os.dup(2)
    try:
        os.dup2(told, 2)
        try:
            sys._debugmallocstats()  # nothing else tells
        finally:
            os.dup2(stderr, 2)
        return [(int(size), int(count)) for size, count in _FREE_BLOCKS.findall(os.pread(told, _MOST_BYTES, 0))]
    finally:
        os.close(told)
        os.close(stderr)
