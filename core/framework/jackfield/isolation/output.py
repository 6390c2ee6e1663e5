"""What a worker prints, read from a pipe into the log: so much in each second, and the rest is counted and dropped."""

import asyncio
import logging
import os
from typing import Final

BYTES_A_SECOND: Final = 64 * 1024
MOST_LINE_CHARACTERS: Final = 2000
_READ_BYTES: Final = 16 * 1024

_log = logging.getLogger("jackfield.isolation")


class PrintedLines:
    """Logs the lines that come out of a pipe, as long as its other end is open.

    Args:
        reading: the pipe's end; it is closed here at its end.
        speaker: who writes them, the first words of each line in the log.
        lines_a_second: how many are logged.
        level: at which they are.
        logger: of a plugin, into whose log they go, marked as printed; None for the host's own.
    """

    def __init__(
        self,
        reading: int,
        *,
        speaker: str,
        lines_a_second: int,
        level: int = logging.INFO,
        logger: logging.Logger | None = None,
    ) -> None:
        self._reading = reading
        self._speaker = speaker
        self._log, self._mark = (_log, speaker) if logger is None else (logger, "printed")
        self._most_lines = lines_a_second
        self._level = level
        self._loop = asyncio.get_running_loop()
        self._begun = b""
        self._began = 0.0
        self._lines = self._bytes = self._dropped = 0
        self._later: asyncio.TimerHandle | None = None
        os.set_blocking(reading, False)
        self._loop.add_reader(reading, self._read)

    def close(self) -> None:
        """Log what was printed up to now and stop; nothing happens if it has stopped."""
        if self._reading < 0:
            return
        self._loop.remove_reader(self._reading)
        while self._bytes < BYTES_A_SECOND and self._take():
            pass
        os.close(self._reading)
        self._reading = -1
        if self._begun:
            self._line(self._begun)
        self._tell_dropped()
        if self._later is not None:
            self._later.cancel()

    def _read(self) -> None:
        if self._loop.time() - self._began >= 1:
            self._begin_second()
        if self._bytes >= BYTES_A_SECOND:
            # Not read at all: who prints without end fills the pipe, and keeps nobody busy but itself.
            self._loop.remove_reader(self._reading)
            self._look_later()
        elif self._take() == 0:
            self.close()

    def _take(self) -> int | None:
        """Read once and return how many bytes came: 0 at the end, None where nothing is there."""
        try:
            data = os.read(self._reading, _READ_BYTES)
        except BlockingIOError:
            return None
        self._bytes += len(data)
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in lines:
            self._line(line)
        if len(self._begun) > MOST_LINE_CHARACTERS:
            self._line(self._begun)
            self._begun = b""
        return len(data)

    def _look_later(self) -> None:
        """Read on, and tell what was dropped, in the next second."""
        if self._later is None:
            self._later = self._loop.call_at(self._began + 1, self._read_on)

    def _read_on(self) -> None:
        self._later = None
        self._begin_second()
        self._loop.add_reader(self._reading, self._read)

    def _begin_second(self) -> None:
        self._tell_dropped()
        self._began, self._lines, self._bytes, self._dropped = self._loop.time(), 0, 0, 0

    def _tell_dropped(self) -> None:
        if self._dropped:
            self._log.warning("%s printed too much: %d lines were dropped", self._speaker, self._dropped)

    def _line(self, line: bytes) -> None:
        if self._lines >= self._most_lines:
            self._dropped += 1
            self._look_later()
            return
        self._lines += 1
        text = line[:MOST_LINE_CHARACTERS].decode("utf-8", "backslashreplace").rstrip()
        if text:
            self._log.log(self._level, "%s: %s", self._mark, text if text.isprintable() else ascii(text))
