"""One line for long work, replaced in place: what, how much, how fast, what is left. On a terminal only."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from jackfield.cli.words import duration, plain, shorten, size

_EVERY_SECONDS = 0.1  # a terminal that is written to more often only flickers
_CLEAR = "\r\x1b[2K"


class ProgressLine:
    """Call it with what was done so far; leaving it as a context manager takes the line away.

    Args:
        stream: where the line is shown; nothing is written where it is no terminal.
        quiet: show nothing, as where the answer is JSON.
        clock: seconds, growing.

    Attributes:
        shows: whether anybody sees it.
    """

    def __init__(
        self, stream: TextIO | None = None, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = sys.stderr if stream is None else stream
        self.shows = not quiet and self._stream.isatty()
        self._clock = clock
        self._label = ""
        self._began = clock()
        self._shown_at = float("-inf")

    def __call__(self, label: str, bytes_done: int = 0, bytes_total: int | None = None) -> None:
        """Tell how far the work is.

        Args:
            label: what is being done, e.g. a file's name; a new label starts a new measurement of speed.
            bytes_done: bytes so far.
            bytes_total: bytes in all, where known.
        """
        if not self.shows:
            return
        now = self._clock()
        if label != self._label:
            self._label, self._began, self._shown_at = label, now, float("-inf")
        if now - self._shown_at < _EVERY_SECONDS:
            return
        self._shown_at = now
        import shutil

        text = progress_text(label, bytes_done, bytes_total, now - self._began)
        self._stream.write(_CLEAR + shorten(text, shutil.get_terminal_size().columns - 1))
        self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.shows and self._label:
            self._stream.write(_CLEAR)
            self._stream.flush()


def progress_text(label: str, bytes_done: int, bytes_total: int | None, seconds: float) -> str:
    """`poll-1.3.1.whl  1.2 MiB of 4.8 MiB  2.4 MiB/s  1.5 s left`; the unknown is left out."""
    parts = [plain(label)]
    if bytes_total:
        parts.append(f"{size(bytes_done)} of {size(bytes_total)}")
    elif bytes_done:
        parts.append(size(bytes_done))
    if bytes_done and seconds > 0:
        speed = bytes_done / seconds
        parts.append(f"{size(int(speed))}/s")
        if bytes_total and bytes_total > bytes_done:
            parts.append(f"{duration((bytes_total - bytes_done) / speed)} left")
    return "  ".join(parts)
