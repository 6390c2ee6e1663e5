"""The process at the other end of a unix socket, as the kernel knows it: whose memory can be measured.

Over TCP nobody here knows which process it is, or whether it is on this machine at all.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from dataclasses import dataclass
from typing import Final

from jackfield.isolation import measuring

_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid (unix(7), SO_PEERCRED)


@dataclass(frozen=True, slots=True)
class Peer:
    """A process that has connected.

    Args:
        pid: its number.
        began: when it was started, in clock ticks: another process may get its number.
    """

    pid: int
    began: int

    def memory_bytes(self) -> int | None:
        """What it uses, as PSS, its interpreter included; None where that cannot be known any more."""
        used = measuring.pss_bytes(self.pid)
        return used if measuring.began_at(self.pid) == self.began else None


def peer_of(connection: socket.socket) -> Peer | None:
    """Return the process that connected by a unix socket; None for TCP, and where the system does not tell.

    Args:
        connection: as it was accepted.
    """
    if not sys.platform.startswith("linux") or connection.family != socket.AF_UNIX:
        return None
    try:
        told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return None
    pid = _CREDENTIALS.unpack(told)[0]
    if pid in (0, os.getpid()):  # of another namespace; or our own end, for TLS ends in this process
        return None
    began = measuring.began_at(pid)
    return Peer(pid, began) if began is not None else None
