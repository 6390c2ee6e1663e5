"""What libraries do all the time, done in the way that a confined process may: copying files, sending in parts.

Seccomp refuses to change modes and times, for Landlock does not see it, and `sendmsg`, for what it may carry. This is
convenience and no wall.
"""

import errno
import os
import shutil
from collections.abc import Iterable
from typing import Any, Final

_AT_ONCE_BYTES: Final = 256 * 1024

_copymode = shutil.copymode
_copystat = shutil.copystat


def install() -> None:
    """Let `shutil.copy` and its like leave modes and times as they are, and `sendmsg` send what is bytes alone."""
    import socket  # it is there in every worker, and slow to load for who confines something else

    for owner, name, tolerant in (
        (shutil, "copymode", _without_mode),
        (shutil, "copystat", _without_status),
        (socket.socket, "sendmsg", _send_bytes),
    ):
        setattr(owner, name, tolerant)


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


def _send_bytes(
    self: Any, buffers: Iterable[Any], ancillary: Iterable[Any] = (), flags: int = 0, address: Any = None, /
) -> int:
    """As `socket.sendmsg` of a stream, which says how much of it left; asyncio sends what waits by it from 3.12 on."""
    if list(ancillary) or address is not None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
    parts: list[memoryview] = []
    size = 0
    for one in buffers:
        parts.append(memoryview(one).cast("B"))
        size += len(parts[-1])
        if size >= _AT_ONCE_BYTES:
            break
    sent: int = self.send(parts[0] if len(parts) == 1 else b"".join(parts), flags)
    return sent
