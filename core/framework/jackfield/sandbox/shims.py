"""Copying files where neither modes nor times can be changed: what a confined process may do with its own files.

Seccomp refuses to change them, for Landlock does not see it. This is convenience and no wall.
"""

import shutil
from typing import Any

_copymode = shutil.copymode
_copystat = shutil.copystat


def install() -> None:
    """Let `shutil.copy` and its like leave modes and times as they are, instead of failing."""
    for name, tolerant in (("copymode", _without_mode), ("copystat", _without_status)):
        setattr(shutil, name, tolerant)


def _without_mode(source: Any, target: Any, *, follow_symlinks: bool = True) -> None:
    """As `shutil.copymode` on a file system that keeps no modes."""
    try:
        _copymode(source, target, follow_symlinks=follow_symlinks)
    except PermissionError:
        return


def _without_status(source: Any, target: Any, *, follow_symlinks: bool = True) -> None:
    """As `shutil.copystat` on a file system that keeps no modes and times."""
    try:
        _copystat(source, target, follow_symlinks=follow_symlinks)
    except PermissionError:
        return
