"""One process that nothing confines, as its host holds it: waited for and read by threads, which every system has."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Final

from jackfield.isolation.child import HowItEnded
from jackfield.isolation.rates import LineRate
from jackfield.manifest import logger_name
from jackfield.sandbox import Grade

if TYPE_CHECKING:
    import socket

    from jackfield.isolation.spec import WorkerSpec

MOST_LINE_BYTES: Final = 2000
LAST_LINES_SECONDS: Final = 2.0
"""For what it has printed, once it has ended: what it started may hold the pipe for as long as it lives."""


class PlainChild:
    """A process that was started for one plugin; `jackfield.isolation.Child` is its like on Linux.

    Args:
        spec: what it was started with.
        connection: its link; None for one that never connected. The caller uses and closes it.
        process: that it is.
        name: the plugin's id as its author writes it.

    Attributes:
        grade: that nothing confines it.
        files: None: no open files are handed to it.
    """

    grade: Final = Grade.PROCESS
    files: Final = None

    def __init__(
        self, spec: WorkerSpec, connection: socket.socket | None, process: subprocess.Popen[bytes], *, name: str = ""
    ) -> None:
        self.plugin = spec.plugin
        self._connection = connection
        self._process = process
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[HowItEnded] = self._loop.create_future()
        log = logging.getLogger(logger_name(spec.project, name or spec.plugin))
        rate = LineRate(spec.plugin, lambda: spec.limits.log_lines_per_second, lambda said: log.warning("%s", said))
        assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
        reading = threading.Thread(
            target=_print, args=(process.stdout, log, rate), name=f"{spec.plugin}: output", daemon=True
        )
        reading.start()
        threading.Thread(target=self._follow, args=(reading,), name=f"{spec.plugin}: end", daemon=True).start()

    @property
    def socket(self) -> socket.socket:
        """Its link.

        Raises:
            RuntimeError: it never connected.
        """
        if self._connection is None:
            raise RuntimeError(f"the process of {self.plugin} never connected")
        return self._connection

    @property
    def pid(self) -> int:
        """Its number; after its end it may be another one's."""
        return self._process.pid

    @property
    def ended(self) -> HowItEnded | None:
        """How it ended; None while it lives, and until its end was noticed."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> HowItEnded:
        """Return how it ended, once it has."""
        return await asyncio.shield(self._ended)

    def kill(self) -> None:
        """Kill it, from any thread; nothing happens if it has ended."""
        with suppress(OSError):
            self._process.kill()  # which never takes another process for one that it has waited for

    def close(self) -> None:
        """Kill it and close its link."""
        self.kill()
        if self._connection is not None:
            self._connection.close()

    def _follow(self, reading: threading.Thread) -> None:
        """Wait for its end, in a thread, and tell the event loop."""
        _end_group_of(self._process.pid)
        how = HowItEnded(self._process.wait())
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        reading.join(LAST_LINES_SECONDS)
        with suppress(RuntimeError):  # the loop is closed, and nobody waits
            self._loop.call_soon_threadsafe(self._settle, how)

    def _settle(self, how: HowItEnded) -> None:
        if not self._ended.done():
            self._ended.set_result(how)


def _end_group_of(pid: int) -> None:
    """Wait until a process has ended, and kill what it has started and left in its group, where the system can say so.

    It is not waited for in earnest yet: until then nobody else has its number, nor that of its group.
    """
    if hasattr(os, "waitid"):
        with suppress(OSError):
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            os.killpg(pid, signal.SIGKILL)


def _print(printed: IO[bytes], log: logging.Logger, rate: LineRate) -> None:
    """Log what it prints, line by line, until it has ended; what is too much is counted and dropped."""
    with printed:
        begun = b""
        while portion := printed.read(16 * 1024):
            *lines, begun = (begun + portion).split(b"\n")
            if len(begun) > MOST_LINE_BYTES:
                lines, begun = [*lines, begun], b""
            for line in lines:
                _tell(line, log, rate)
        _tell(begun, log, rate)
    rate.close()


def _tell(line: bytes, log: logging.Logger, rate: LineRate) -> None:
    text = line[:MOST_LINE_BYTES].decode("utf-8", "backslashreplace").rstrip()
    if text and rate.admit():
        log.info("printed: %s", text if text.isprintable() else ascii(text))
