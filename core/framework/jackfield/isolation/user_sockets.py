"""Sockets in the file system that only their user's own processes reach."""

import contextlib
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

_LONGEST_PATH = 100  # sun_path holds 104 bytes on some systems, 108 on others


@contextlib.contextmanager
def reachable(path: Path) -> Iterator[str]:
    """Yield an address that the system takes for a socket's path, however long the path is.

    Raises:
        OSError: its folder is not there, or the path is too long and this system knows no way around.
    """
    if len(os.fsencode(path)) <= _LONGEST_PATH or not sys.platform.startswith("linux"):
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listen_for_user(path: Path, backlog: int) -> socket.socket | None:
    """Return a stream socket that listens there, in place of whatever a dead process left.

    Args:
        path: where it lies; its folder exists and is the user's alone (0700).
        backlog: connections that the system may hold before they are taken.

    Returns:
        None where the system has no such sockets.

    Raises:
        OSError: it cannot be made.
    """
    if not hasattr(socket, "AF_UNIX"):
        return None
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        with reachable(path) as address:
            listener.bind(address)
        path.chmod(0o600)  # before listen: until then nobody can connect
        listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    return listener


def is_of_this_user(connection: socket.socket) -> bool:
    """Say whether the other end is a process of this user or of root, as the system says; true where it cannot tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the folder is the user's alone (0700), and so is the socket (0600)
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return user in (os.geteuid(), 0)
