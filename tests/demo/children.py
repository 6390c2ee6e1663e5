"""Which process below a server is confined, as the kernel says it."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from tests.demo.telling import expect


def confined_child(server: int) -> int:
    """The id of a process below a server with a filter of system calls that the server has not.

    Args:
        server: the server's process id.
    """
    found, waiting = None, [server]
    while waiting and found is None:
        pid = waiting.pop()
        with contextlib.suppress(OSError):  # it ended meanwhile
            found = pid if _filters(pid) > _filters(server) else None
            children = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
            waiting += [int(one) for text in children for one in text.split()]
    expect(found is not None, "no process of the chat is confined")
    return found or 0


def _filters(pid: int) -> int:
    """How many filters of system calls a process has (seccomp)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    told = re.search(r"^Seccomp_filters:\s+(\d+)$", status, re.MULTILINE)
    return int(told[1]) if told is not None else 0
