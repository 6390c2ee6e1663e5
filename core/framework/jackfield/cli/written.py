"""A file that a command writes where its user said: the new one is whole, or the old one stays."""

from __future__ import annotations

import os
import secrets
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
        before = _status_of(file)
        place = Path(os.path.realpath(file))
        if before is not None and not (stat.S_ISREG(before.st_mode) and os.access(place.parent, os.W_OK)):
            file.write_text(text, encoding="utf-8")  # where nothing can lie beside it, it can only be written over
            return
        _replace(place, text, before)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}", hint="choose another --output") from error


def _status_of(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except FileNotFoundError:
        return None


def _replace(file: Path, text: str, before: os.stat_result | None) -> None:
    if before is not None and not os.access(file, os.W_OK):
        file.open("r+b").close()  # says why: to replace it would go past what its owner forbade
    draft = file.with_name(f".jackfield-{secrets.token_hex(8)}")  # a number of a process may come again after a kill
    try:
        with draft.open("x", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        if before is not None and not _made_like(draft, before):
            draft.unlink()
            file.write_text(text, encoding="utf-8")
            return
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _made_like(draft: Path, before: os.stat_result) -> bool:
    """Give a draft owner, group and mode of what it replaces; False where this user may not."""
    made = draft.stat()
    try:
        if (made.st_uid, made.st_gid) != (before.st_uid, before.st_gid):
            os.chown(draft, before.st_uid, before.st_gid)
        draft.chmod(stat.S_IMODE(before.st_mode))
    except PermissionError:
        return False
    return True
