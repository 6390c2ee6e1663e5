"""`context.logger` in a worker: lines go to the host, which keeps and shows them; its level is the host's."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import msgspec

from jackfield.errors import CannotCross, LinkError
from jackfield.isolation.rates import LineRate
from jackfield.worker.facets.asking import Asking

LONGEST_LINE = 16_000
"""Characters of one line; the host keeps less."""

_OWN = frozenset(vars(logging.makeLogRecord({})))


def make_logger(asking: Asking, name: str, *, lines_per_second: int) -> logging.Logger:
    """Return a logger of this name whose lines go to the host, with the level that the host says.

    Args:
        asking: the way to the host.
        name: of the logger.
        lines_per_second: that are sent; more are dropped here and counted, so that they cost the host nothing.
    """
    logger = logging.getLogger(name)
    logger.propagate = False
    logger.handlers[:] = [_Sending(asking, name, lines_per_second)]
    logger.setLevel(asking.now("logger.level", {}, int))
    asking.handlers.serve("logger.set_level", _setting(logger))
    return logger


def _setting(logger: logging.Logger) -> Any:
    def set_level(level: int) -> None:
        logger.setLevel(level)

    return set_level


class _Sending(logging.Handler):
    """Sends each line to the host, without waiting."""

    def __init__(self, asking: Asking, name: str, lines_per_second: int) -> None:
        super().__init__()
        self._asking = asking
        self._rate = LineRate(asking.plugin, lambda: lines_per_second, self._say)
        self._prefix = f"{name}."

    def emit(self, record: logging.LogRecord) -> None:
        """Send one; with the host gone there is nobody to read it."""
        if not self._rate.admit():
            return
        try:
            message = str(record.msg()) if callable(record.msg) else record.getMessage()
        except Exception:  # noqa: BLE001  # a line that cannot be made must not stop who writes it
            self.handleError(record)
            return
        told = {
            "level": record.levelno,
            "message": _carried(message[:LONGEST_LINE]),
            "created": record.created,
            "name": record.name.removeprefix(self._prefix) if record.name.startswith(self._prefix) else "",
            "exception": _carried("".join(_told(record))),
            "extra": _plain({key: value for key, value in vars(record).items() if key not in _OWN}),
        }
        self._send(told)

    def _say(self, sentence: str) -> None:
        self._send({"level": logging.WARNING, "message": sentence})

    def _send(self, told: dict[str, Any]) -> None:
        try:
            self._asking.notify("log", told)
        except (LinkError, CannotCross):
            return


def _told(record: logging.LogRecord) -> list[str]:
    return traceback.format_exception(*record.exc_info, limit=-20) if record.exc_info else []


def _carried(text: str) -> str:
    """A text as UTF-8 can carry it: half a character, as file names may hold, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _plain(extra: dict[str, Any]) -> dict[str, Any]:
    """What stands beside the line, as data; of what is none, its text."""
    kept: dict[str, Any] = {}
    for key, value in extra.items():
        if key in ("message", "asctime", "taskName"):
            continue
        try:
            kept[key] = msgspec.msgpack.decode(msgspec.msgpack.encode(value))
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
            kept[key] = repr(value)
    return kept
