"""Changing modes and times by path, done through a descriptor: what a confined process may do with its own files.

Seccomp refuses the calls by path, for Landlock does not see them. This is convenience and no wall.
"""

import os
import shutil
from typing import Any

_chmod = os.chmod
_utime = os.utime
_copymode = shutil.copymode
_copystat = shutil.copystat


def install(*, private_root: bool) -> None:
    """Exchange `os.chmod` and `os.utime` for ones that open the file first.

    Args:
        private_root: whether this process lives below one. Without, mode and times cannot be changed at all, and
            `shutil.copy` and `copy2` leave them as they are instead of failing.
    """
    if private_root:
        os.supports_follow_symlinks -= {os.chmod, os.utime}
        os.chmod, os.utime = _change_mode, _change_times
    else:
        for name, tolerant in (("copymode", _without_mode), ("copystat", _without_status)):
            setattr(shutil, name, tolerant)


def _opened(path: Any, dir_fd: int | None) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=dir_fd)


def _change_mode(path: Any, mode: int, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> None:
    """As `os.chmod`; a file that may not be read cannot be changed."""
    if isinstance(path, int):
        _chmod(path, mode)
        return
    descriptor = _opened(path, dir_fd)
    try:
        _chmod(descriptor, mode)
    finally:
        os.close(descriptor)


def _change_times(
    path: Any,
    times: Any = None,
    *,
    ns: tuple[int, int] | None = None,
    dir_fd: int | None = None,
    follow_symlinks: bool = True,
) -> None:
    """As `os.utime`; a file that may not be read cannot be changed."""
    keywords: dict[str, Any] = {"ns": ns} if ns is not None else {"times": times}
    if isinstance(path, int):
        _utime(path, **keywords)
        return
    descriptor = _opened(path, dir_fd)
    try:
        _utime(descriptor, **keywords)
    finally:
        os.close(descriptor)


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
