"""Files that somebody named on the command line, read with a bound on their size and on the time that it takes."""

from __future__ import annotations

import os
import select
import stat
import time
from pathlib import Path

from jackfield.errors import UsageError

READ_SECONDS = 10.0
"""What a pipe may take to say all that it has: `--key-file <(pass show greeter)` is one; a terminal is another."""


def small_text(file: Path, what: str, most_bytes: int) -> str:
    """Return the text of a file.

    Args:
        file: it, or a pipe.
        what: it holds, for the sentence: `a key`.
        most_bytes: that it may have; not a byte more than one beyond them is read.

    Raises:
        OSError: it cannot be read.
        UsageError: it is too long or not UTF-8, or a pipe or a terminal that does not come to its end.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            content = _read(descriptor, most_bytes + 1)
        finally:
            os.close(descriptor)
    except TimeoutError as error:
        raise UsageError(f"{file} did not come to its end within {READ_SECONDS:g} s: {what} was to be in it") from error
    if len(content) > most_bytes:
        raise UsageError(f"{file} has more than {most_bytes} bytes, and {what} has no more")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8") from error


def _read(descriptor: int, most_bytes: int) -> bytes:
    """Read up to so many bytes.

    Raises:
        OSError: it cannot be read.
        TimeoutError: it is a pipe or a terminal, and its end did not come.
    """
    until = time.monotonic() + READ_SECONDS
    waits = hasattr(select, "poll") and not stat.S_ISREG(os.fstat(descriptor).st_mode)
    content = b""
    while len(content) < most_bytes:
        if waits:  # also for somebody who writes: until one was there, a read would say that it is at its end
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
                raise TimeoutError
        try:
            portion = os.read(descriptor, most_bytes - len(content))
        except BlockingIOError:  # another reader was faster
            continue
        if not portion:
            break
        content += portion
    return content
