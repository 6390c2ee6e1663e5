"""A failure in the log: with its traceback once, and short when it comes again."""

from types import TracebackType
from typing import TYPE_CHECKING

from jackfield.errors import CommandTaken, ProcessLost

if TYPE_CHECKING:
    import logging

MOST_KEPT = 1000
"""Different failures that are remembered; after so many, each is told in full once more."""


class FailureLog:
    """Keeps a log readable when a plugin fails at every message: the hundredth traceback says what the first one said.

    Of a process that is lost there is no traceback but the host's own, and who has a command that a second plugin adds
    stands in the sentence: these are one line, too.

    Two failures are the same when sentence, class of the error and line of code are. Of the same ones the first is
    logged with its traceback, and the 10th, 100th, 1000th and so on in one line.
    """

    def __init__(self) -> None:
        self._times: dict[tuple[object, ...], int] = {}

    def tell(self, logger: "logging.Logger", sentence: str, error: BaseException) -> None:
        """Log a failure, unless it is one of many.

        Args:
            logger: where.
            sentence: what failed.
            error: what was raised.
        """
        kind = type(error)  # by name: a class of the plugin's own would keep its code alive
        key = (sentence, f"{kind.__module__}.{kind.__qualname__}", _place(error.__traceback__))
        if len(self._times) >= MOST_KEPT and key not in self._times:
            self._times.clear()
        times = self._times[key] = self._times.get(key, 0) + 1
        if times == 1 and isinstance(error, CommandTaken | ProcessLost):
            logger.error("%s: %s", sentence, error)
        elif times == 1:
            logger.error("%s", sentence, exc_info=error)
        elif str(times).strip("0") == "1":
            logger.error("%s (%d times now): %s: %s", sentence, times, type(error).__name__, error)


def _place(traceback: TracebackType | None) -> tuple[str, int] | None:
    """Return file and line of where it was raised."""
    if traceback is None:
        return None
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
