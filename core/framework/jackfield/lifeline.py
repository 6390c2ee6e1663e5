"""Child processes that end with this one, also where somebody stopped them: the kernel kills them (F_SETSIG, fcntl(2)).

A child that waits for the end of its standard input sees nothing while it is stopped, and one that asks for a
parent-death signal has to be up first. This holds from the moment on at which the child's program begins.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess  # whoever loads this may start nothing
    from collections.abc import Callable


def tied(
    start: Callable[[tuple[int, ...]], subprocess.Popen[bytes]],
) -> tuple[subprocess.Popen[bytes], Callable[[], None]]:
    """Start a child that is killed when this process ends, and with it whoever is still in a group that it leads.

    Of those that the child forks without another program, each is meant that has not closed what it kept. Where the
    system knows no way the child is an ordinary one.

    Args:
        start: starts it, with these as `pass_fds`; it keeps them, and never looks at them.

    Returns:
        The child, and what closes this end of its line: that kills it. It is called once, at last.

    Raises:
        OSError: this process has too many descriptors open; or what `start` raises. Then there is no child.
    """
    if sys.platform != "linux":
        return start(()), _nothing
    import fcntl  # other systems have none, or another one

    theirs, ours = os.pipe2(os.O_CLOEXEC)
    try:
        # When the last end to write at is closed, the kernel tells the owner of the other end: by this signal.
        with suppress(OSError):  # a system that only looks like Linux may know no such thing
            fcntl.fcntl(theirs, fcntl.F_SETSIG, signal.SIGKILL)
            fcntl.fcntl(theirs, fcntl.F_SETFL, fcntl.fcntl(theirs, fcntl.F_GETFL) | os.O_ASYNC)
        child = start((theirs,))
        with suppress(OSError):
            leads = os.getpgid(child.pid) == child.pid
            fcntl.fcntl(theirs, fcntl.F_SETOWN, -child.pid if leads else child.pid)
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    return child, lambda: os.close(ours)


def _nothing() -> None:
    """Close nothing: there is no line."""
