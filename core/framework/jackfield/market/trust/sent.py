"""Where a marketplace sends for libraries that it does not hold: to the upstream that it named first.

Nobody signs which one that is, so it is kept. Two programs that meet a marketplace at once may be told of two; only one
of them can be the first.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from jackfield.market.trust.lock import Alone
from jackfield.places import read_kept

UPSTREAM = "upstream"
"""The file that holds its address."""


async def keep_upstream(folder: Path, url: str) -> str:
    """The upstream that a marketplace named first; the one that it names now, where none is kept yet.

    Args:
        folder: of the marketplace.
        url: of the one that it names now.

    Raises:
        OSError: it can be neither read nor kept.
        TrustError: another program is reading what is known of the marketplace, and does not end.
    """
    path = folder / UPSTREAM
    with contextlib.suppress(FileNotFoundError):
        return _read(path)
    async with Alone(folder):
        with contextlib.suppress(FileNotFoundError):  # another program has met it meanwhile
            return _read(path)
        temporary = path.with_suffix(".new")
        with temporary.open("w", encoding="utf-8") as file:
            file.write(url)
            file.flush()
            os.fsync(file.fileno())  # an empty one, after a power cut, would be another upstream than any
        temporary.replace(path)
    return url


def _read(path: Path) -> str:
    return read_kept(path).decode(errors="replace")  # what is damaged is no upstream that anybody can name
