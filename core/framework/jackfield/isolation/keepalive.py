"""TCP connections whose other end may be gone without a word: unplugged, suspended, behind a router that forgot.

Both ends look: the one that does not would wait for hours, and an external plugin would not come back.
"""

import socket
from typing import Final

SILENCE_SECONDS: Final = 15
"""When nothing comes over one for so long, it is asked whether anybody is there, and given up after as much."""


def watch_silence(connection: socket.socket) -> None:
    """Have the system notice when nobody is at the other end any more.

    Args:
        connection: of TCP; what is sent over it leaves at once, too.
    """
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", SILENCE_SECONDS),
        ("TCP_KEEPINTVL", SILENCE_SECONDS // 3),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", 2 * SILENCE_SECONDS * 1000),
    ):
        option = getattr(socket, name, None)
        if option is not None:  # each system has its own of them
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
