"""The traceback of each plugin's last failure, as text: few are made of many failures at once."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import dataclass

from jackfield.errors import CommandTaken
from jackfield.host.plugins import Plugins, PluginStatus, Record
from jackfield.manifest import canonical_id

MOST_AT_ONCE = 3
"""Tracebacks of one plugin that are made within a moment, before the last of those that follow has to wait for its end:
each takes half a millisecond, which is a hundred times as long as the failure itself."""

MOMENT_SECONDS = 1.0


@dataclass(slots=True)
class _Moment:
    """What has failed of one plugin since its first failure."""

    end: asyncio.TimerHandle
    failures: int = 0
    waiting: tuple[Record, int, BaseException] | None = None


class Traces:
    """Keeps the text of the last one in each plugin's record.

    Args:
        plugins: whose they are. What has to wait holds what the plugin's code was at, so it does not outlast the state
            in which the plugin was.
    """

    def __init__(self, plugins: Plugins) -> None:
        self._moments: dict[str, _Moment] = {}
        self._loop: asyncio.AbstractEventLoop | None = None  # the one that the host runs on
        plugins.on_change(self._changed)

    def keep(self, record: Record, error: BaseException) -> None:
        """Note the traceback of a failure that is counted already.

        On the host's event loop, which must not stand still, the text may follow a moment later: only the last one's.

        Args:
            record: of the plugin, where the text is shown.
            error: with its traceback.
        """
        loop = _running_loop()
        if loop is None or loop is not self._loop:  # a thread of its own holds up nobody, and its loop may end before
            record.last_error = _text(error)
            return
        cid = record.candidate.canonical_id
        moment = self._moments.get(cid)
        if moment is None:
            moment = self._moments[cid] = _Moment(loop.call_later(MOMENT_SECONDS, self._over, cid))
        moment.failures += 1
        if moment.failures <= MOST_AT_ONCE:
            record.last_error = _text(error)
        else:
            moment.waiting = record, record.errors, error

    def _changed(self, status: PluginStatus) -> None:
        self._loop = _running_loop() or self._loop
        self._over(canonical_id(status.id))

    def _over(self, cid: str) -> None:
        moment = self._moments.pop(cid, None)
        if moment is None:
            return
        moment.end.cancel()
        if moment.waiting is not None:
            record, errors, error = moment.waiting
            if record.errors == errors:  # else another one came from elsewhere, or its next code counts anew
                record.last_error = _text(error)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _text(error: BaseException) -> str:
    if isinstance(error, CommandTaken):
        return ""  # its sentence says all
    return "".join(traceback.format_exception(error))
