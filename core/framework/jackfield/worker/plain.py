"""Being a worker that nothing confines, in a process that was started for it alone, on any system.

There is no parent-death signal everywhere: a thread waits for the end of stdin, which the host holds, and ends it all.
"""

import os
import socket
import sys
import threading
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from jackfield.isolation import WorkerSpec
from jackfield.worker.furnishing import furnish
from jackfield.worker.published import standard_library
from jackfield.worker.serving import serve as serve_plugin

CONNECT_SECONDS: Final = 10.0


def serve(told: Mapping[str, Any]) -> None:
    """Connect to the host and be the plugin until the host is gone.

    Args:
        told: `named` and `metadata`, what every worker is given; `spec`, msgpack as base64; `descriptor` of a socket
            that was inherited, or `port` on this machine and the `key` that is shown there once.
    """
    threading.Thread(target=_end_with_host, name="end of the host", daemon=True).start()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]  # text streams of a start
    spec = msgspec.msgpack.decode(b64decode(told["spec"]), type=WorkerSpec)
    connection = _connected(told)
    furnish(spec, told["named"], told["metadata"], standard_library())
    serve_plugin(spec, connection)


def _connected(told: Mapping[str, Any]) -> socket.socket:
    if told["descriptor"] is not None:
        return socket.socket(fileno=told["descriptor"])
    connection = socket.create_connection(("127.0.0.1", told["port"]), timeout=CONNECT_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(told["key"].encode("ascii"))
    connection.settimeout(None)
    return connection


def _end_with_host() -> None:
    """Wait until the host closes stdin, or is gone, whatever the plugin's own threads do meanwhile."""
    while os.read(0, 4096):
        pass
    os._exit(0)
