"""What a plugin prints: written to a pipe that its host reads into the log, and dropped while nobody reads it."""

import io
import os
import sys
from typing import Any, Final

OUT: Final = 1


class _Pipe(io.RawIOBase):
    """The pipe's end as a stream that never blocks and never fails.

    The host may be waiting for this worker's answer, and then reads no output: a worker that waited for room would hold
    both of them.
    """

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return OUT

    def write(self, data: Any) -> int:
        try:
            return os.write(OUT, data)
        except OSError:
            return len(data)


def replace_streams() -> None:
    """Let `sys.stdout` and `sys.stderr` write whole lines to the pipe at descriptors 1 and 2; it must not block."""
    pipe = io.BufferedWriter(_Pipe())
    sys.stdout = sys.stderr = io.TextIOWrapper(pipe, "utf-8", "backslashreplace", line_buffering=True)
