"""What becomes of a plugin whose worker ended: told, and started again after a pause or left down (J25).

A `Replacing` outlives the workers of one plugin. It knows no host: it calls `down` when a worker has ended that should
not have, and `up` when the next one may be started.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import Final

from jackfield.errors import PluginError
from jackfield.isolation.breaches import Breach, too_slow
from jackfield.isolation.circuit import MOST_ENDS, Circuit
from jackfield.isolation.limits import WorkerLimits
from jackfield.isolation.rates import Flow, LineRate
from jackfield.isolation.supervisor import Process, Supervisor, Watch
from jackfield.isolation.watched import Watched

_log: Final = logging.getLogger("jackfield.isolation")


class Standing(StrEnum):
    """How a plugin's worker stands."""

    NONE = "none"
    """There is none, and none is to come."""
    RUNNING = "running"
    WAITING = "waiting"
    """The last one ended, and the next is started after a pause."""
    OPEN = "open"
    """Too many ended: the plugin's user, or a later trial, starts the next one."""


@dataclass(frozen=True, slots=True)
class Ending:
    """An end of a worker that nobody asked for.

    Args:
        plugin: whose worker it was.
        sentence: how it ended, naming plugin and limit: `weather used 61 MiB of 50 MiB and was stopped`.
        hint: what its user can do about it; empty where nothing is to be done.
        breach: the limit that was broken; None where it ended for another reason.
        again_seconds: after which time the next one is started.
        circuit_open: whether that is no replacement any more, but a later trial.
    """

    plugin: str
    sentence: str
    hint: str
    breach: Breach | None
    again_seconds: float
    circuit_open: bool

    def error(self) -> PluginError:
        """The ending as those are told it who wait for the plugin."""
        return PluginError(self.sentence, plugin=self.plugin, hint=self.hint or None)


class Replacing:
    """The workers of one plugin, one after the other. Belongs to the event loop.

    Args:
        plugin: its id.
        supervisor: watches them.
        limits: what is in force.
        down: told of each end that nobody asked for, before the next one is started.
        up: starts the plugin anew, `watch` included; what it raises counts as an end.
        folders: absolute paths of what the worker can write; they count as its data.
        clock: in seconds, never going back.
    """

    def __init__(
        self,
        plugin: str,
        supervisor: Supervisor,
        limits: WorkerLimits,
        *,
        down: Callable[[Ending], object],
        up: Callable[[], Awaitable[object]],
        folders: Sequence[str] = (),
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.plugin = plugin
        self.lines = LineRate(plugin, lambda: self._limits.log_lines_per_second, self._say, clock=clock)
        self._supervisor = supervisor
        self._limits = limits
        self._down = down
        self._up = up
        self._folders = tuple(folders)
        self._clock = clock
        self._circuit = Circuit()
        self._watch: Watch | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._starting: asyncio.Task[None] | None = None

    @property
    def standing(self) -> Standing:
        """How its worker stands."""
        if self._watch is not None:
            return Standing.RUNNING
        if self._timer is None and self._starting is None:
            return Standing.NONE
        return Standing.OPEN if self._circuit.is_open else Standing.WAITING

    @property
    def limits(self) -> WorkerLimits:
        """What is in force."""
        return self._limits

    def change_limits(self, limits: WorkerLimits) -> None:
        """Let other limits hold, at once for what is sampled; what the kernel holds is set in the next worker."""
        self._limits = limits
        if self._watch is not None:
            self._watch.change_limits(limits)

    def watch(self, process: Process, flow: Flow | None = None) -> Watch:
        """Watch a new worker, before the plugin's code runs in it; one that was watched before is left to its end.

        Args:
            process: the worker.
            flow: counts what it asks of the host and sends there; None: nobody counts.
        """
        watched = Watched(self.plugin, process.pid, self._limits, self._folders, flow)
        self._circuit = self._circuit.started(self._clock())
        self._watch = self._supervisor.watch(process, watched, ended=self._ended)
        return self._watch

    def overdue(self, what: str, seconds: float | None = None) -> PluginError:
        """Stop the worker because it did not answer in time, and return what to tell who waited.

        Args:
            what: what was called, e.g. `message_received`.
            seconds: the time that it had; None: what the limits say.
        """
        breach = too_slow(self.plugin, what, self._limits, seconds)
        return (self._watch.stop(breach) if self._watch is not None else breach).error()

    def why(self) -> PluginError | None:
        """Why the worker that runs was stopped, for who finds its link ended; None: it was not."""
        breach = self._watch.breach if self._watch is not None else None
        return breach.error() if breach is not None else None

    def release(self) -> None:
        """Expect no more of the worker: its end is wanted, and no other follows it by itself."""
        self._cancel()
        self._watch = None
        self.lines.close()

    def begin_anew(self) -> None:
        """Forget all ends, because the user enabled or reloaded the plugin; a start that was to come is left out."""
        self._cancel()
        self._circuit = Circuit()

    def _ended(self, watch: Watch, how: str) -> None:
        if watch is not self._watch:
            return  # it was released, or another one had taken its place
        self._watch = None
        breach = watch.breach
        self._fall(f"{self.plugin} {how}" if breach is None else breach.sentence, breach)

    def _fall(self, sentence: str, breach: Breach | None) -> None:
        now = self._clock()
        self._circuit = self._circuit.ended(now)
        pause = max((self._circuit.next_at or now) - now, 0.0)
        hint = breach.hint if breach is not None else ""
        if self._circuit.is_open:
            sentence += f"; it ended {MOST_ENDS} times within a minute and is not started again for {_minutes(pause)}"
            hint = f"{hint}; to try at once: jackfield enable {self.plugin}".removeprefix("; ")
        ending = Ending(self.plugin, sentence, hint, breach, pause, self._circuit.is_open)
        self._timer = asyncio.get_running_loop().call_later(pause, self._start)
        self._say(str(ending.error()))
        self._down(ending)

    def _start(self) -> None:
        self._timer = None
        self._starting = asyncio.get_running_loop().create_task(self._bring_up())

    async def _bring_up(self) -> None:
        try:
            await self._up()
        except Exception as error:  # noqa: BLE001 (whatever keeps it from coming up counts as an end)
            if self._watch is None:
                self._circuit = self._circuit.started(self._clock())
                self._fall(f"{self.plugin} could not be started again: {error}", None)
        finally:
            self._starting = None

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._starting is not None and self._starting is not asyncio.current_task():
            with suppress(RuntimeError):  # the loop is closed already
                self._starting.cancel()
            self._starting = None

    def _say(self, sentence: str) -> None:
        _log.warning("%s", sentence)


def _minutes(seconds: float) -> str:
    minutes = round(seconds / 60)
    return "a minute" if minutes <= 1 else f"{minutes} minutes"
