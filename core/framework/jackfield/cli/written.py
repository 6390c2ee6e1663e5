"""A file that a command writes where its user said: the new one is whole, or the old one stays."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from jackfield.errors import StoreError


def write_file(file: Path, text: str) -> None:
    """Write a text in place of what is there, at once; pipes and devices are written to as they are.

    Args:
        file: a link is followed.
        text: all of it, UTF-8.

    Raises:
        StoreError: it cannot be written; a file that was there is as it was.
    """
    try:
        mode = _mode_of(file)
        place = Path(os.path.realpath(file))
        if mode is not None and not (stat.S_ISREG(mode) and os.access(place.parent, os.W_OK)):
            file.write_text(text, encoding="utf-8")  # where nothing can lie beside it, it can only be written over
            return
        _replace(place, text, mode)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}", hint="choose another --output") from error


def _mode_of(file: Path) -> int | None:
    try:
        return file.stat().st_mode
    except FileNotFoundError:
        return None


def _replace(file: Path, text: str, mode: int | None) -> None:
    if mode is not None and not os.access(file, os.W_OK):
        file.open("r+b").close()  # says why: to replace it would go past what its owner forbade
    draft = file.with_name(f".jackfield-{os.getpid()}")
    try:
        with draft.open("x", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        if mode is not None:
            draft.chmod(stat.S_IMODE(mode))
        draft.replace(file)
    except FileExistsError:
        raise  # somebody else's
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
